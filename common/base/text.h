/*
 * text.h - numbers with units and foreign words, as operators write them and messages show them. Strict on purpose: a
 * number is digits and nothing else, and a duration or size says its unit, so that no file means something else than it seems to.
 */
#ifndef KUDOS_COMMON_BASE_TEXT_H
#define KUDOS_COMMON_BASE_TEXT_H

#include "kudos/base.h"

#define KD_TEXT_DURATION_UNITS "us, ms, s, m, h, d"
#define KD_TEXT_SIZE_UNITS "B, KiB, MiB, GiB"

enum { KD_TEXT_SHOWN_MAX = 64, KD_TEXT_PRINTF_MAX = 768 };

/* For %.*s */
#define KD_PRINT(b) (int)(b).len, (const char *)(b).data

/* Takes the digits at the front of *b off it. False when there are none or the number does not fit. */
bool kd_text_take_number(kd_bytes *b, uint64_t *number);
/* A whole text as microseconds, or as bytes; false when it is anything else. */
bool kd_text_duration(kd_bytes text, uint64_t *us);
bool kd_text_size(kd_bytes text, uint64_t *bytes);

/* Appended in the largest unit that shows it exactly. */
void kd_text_put_duration(kd_buf *out, uint64_t us);
void kd_text_put_size(kd_buf *out, uint64_t bytes);
/* Appends formatted text of less than KD_TEXT_PRINTF_MAX bytes (what is longer is cut), without the NUL. */
__attribute__((format(printf, 2, 3))) void kd_text_printf(kd_buf *out, const char *format, ...);
/* Foreign text as it may be shown in a message: printable, at most 60 bytes. `out` holds KD_TEXT_SHOWN_MAX bytes and is returned. */
const char *kd_text_shown(kd_bytes value, char *out);
/* The same of a URL, without the user and password that may stand in it. */
const char *kd_text_url_shown(const char *url, char *out);

#endif
