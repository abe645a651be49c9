/* utf8.h - which bytes are UTF-8. */
#ifndef KUDOS_COMMON_JSON_UTF8_H
#define KUDOS_COMMON_JSON_UTF8_H

#include "kudos/base.h"

/* U+FFFD, which stands for a byte that is not part of valid UTF-8. */
#define KD_UTF8_REPLACEMENT "\xEF\xBF\xBD"

/* Length of the valid UTF-8 sequence (Unicode 15, table 3-7) at the first of `left` bytes, at least 1; 0: there is none. Overlong forms and surrogates
 * are not valid. */
size_t kd_utf8_length(const uint8_t *p, size_t left);

#endif
