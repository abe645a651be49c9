/*
 * json_packed.h - the values of json_writer.h as MessagePack, in the shortest form of each; for json_writer.c.
 */
#ifndef KUDOS_COMMON_JSON_JSON_PACKED_H
#define KUDOS_COMMON_JSON_JSON_PACKED_H

#include "kudos/base.h"

void kd_packed_u64(kd_buf *out, uint64_t value); /* a number */
void kd_packed_i64(kd_buf *out, int64_t value);  /* a number */
void kd_packed_bool(kd_buf *out, bool value);    /* true or false */
void kd_packed_null(kd_buf *out);                /* nil */
void kd_packed_str(kd_buf *out,
                   kd_bytes value); /* str; a byte that is not part of valid UTF-8 becomes U+FFFD */
/* Leaves room for the head of a map or array whose size is not known yet. */
void kd_packed_open(kd_buf *out);
/* Puts the head where kd_packed_open was called, at `at`: a map of so many members, or an array of so many values, which have followed. */
void kd_packed_close(kd_buf *out, size_t at, bool map, uint32_t count);

#endif
