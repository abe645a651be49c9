/*
 * percent.h - percent-decoding and query strings (RFC 3986), as pure functions.
 */
#ifndef KUDOS_PERCENT_H
#define KUDOS_PERCENT_H

#include "kudos/base.h"

/*
 * Decodes %XX; everything else is copied ('+' stays '+'). `out` has room for `cap` bytes and may be the memory of `in`. *len is the decoded length.
 * KD_EMALFORMED: a '%' without two hex digits. KD_ETOOBIG: more than cap bytes. On error *len is untouched.
 */
int kd_percent_decode(kd_bytes in, uint8_t *out, size_t cap, size_t *len);

/* First value of `name` in "a=1&b=2", still encoded, as a view into `query`; false: absent, *value is untouched. "b" alone has an empty value. */
bool kd_query_find(kd_bytes query, const char *name, kd_bytes *value);

#endif
