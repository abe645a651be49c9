/*
 * text.h - lines, and numbers with units, as operators write them, and foreign text as messages show it. Strict on purpose: a number is digits and nothing
 * else, and a duration or size names its unit, so that a configuration never means something other than a reader takes it for.
 */
#ifndef KUDOS_COMMON_BASE_TEXT_H
#define KUDOS_COMMON_BASE_TEXT_H

#include "kudos/base.h"

#define KD_TEXT_DURATION_UNITS "us, ms, s, m, h, d"
#define KD_TEXT_SIZE_UNITS "B, KiB, MiB, GiB"

enum { KD_TEXT_SHOWN_MAX = 64, KD_TEXT_PRINTF_MAX = 768 };

/* A kd_bytes as the two arguments of "%.*s". */
#define KD_PRINT(b) (int)(b).len, (const char *)(b).data

/* Whether a byte parts words within a line: a blank, a tab, or the CR before a line's end. */
static inline bool kd_text_is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}
/* Whether a byte of a foreign text would steer a terminal: a control character other than a tab and the end of a line. */
static inline bool kd_text_steers(uint8_t c)
{
    return (c < ' ' && c != '\n' && c != '\t') || c == 127;
}
/* The text without the blanks at its ends. */
kd_bytes kd_text_trim(kd_bytes text);
/* Of a field of HTTP: without the blanks and tabs at its ends (RFC 9110, 5.6.3), and nothing else. */
kd_bytes kd_text_trim_field(kd_bytes text);
/* Whether the text is this word in ASCII, without regard to case. */
bool kd_text_is_word(kd_bytes text, const char *word);
/* Takes the next line that says something off the front of *text: trimmed, not empty, and no comment, which begins with #. Empty when none is left.
 * *number, 0 before the first call, becomes the number of that line; NULL: nobody asks. The caller bounds the text. */
kd_bytes kd_text_take_line(kd_bytes *text, uint32_t *number);

/* Reads the digits at the front of *b, and moves *b behind them. False when there are none, or the number does not fit; *b is then unchanged. */
bool kd_text_take_number(kd_bytes *b, uint64_t *number);
/* Whether the whole text is such a number. */
bool kd_text_number(kd_bytes text, uint64_t *number);
/* A whole text as microseconds: digits and one of KD_TEXT_DURATION_UNITS, as in 10s. False when it is anything else. */
bool kd_text_duration(kd_bytes text, uint64_t *us);
/* A whole text as bytes: digits and one of KD_TEXT_SIZE_UNITS, as in 64MiB. False when it is anything else. */
bool kd_text_size(kd_bytes text, uint64_t *bytes);

/* Appends a duration in the largest unit that shows it exactly: 90000000 is 90s. */
void kd_text_put_duration(kd_buf *out, uint64_t us);
/* Appends a size in the largest unit that shows it exactly. */
void kd_text_put_size(kd_buf *out, uint64_t bytes);
/* Appends formatted text of less than KD_TEXT_PRINTF_MAX bytes (what is longer is cut), without the NUL. */
__attribute__((format(printf, 2, 3))) void kd_text_printf(kd_buf *out, const char *format, ...);
/* Cuts `list`, in place, at its commas into words without blanks at their ends; empty ones are left out. How many there are; more than `max`: max + 1. */
uint32_t kd_text_cut_list(char *list, char **words, uint32_t max);
/* Foreign text for a message: control characters become '?', at most 60 bytes and then "...". `out` has room for KD_TEXT_SHOWN_MAX bytes and is
 * returned. */
const char *kd_text_shown(kd_bytes value, char *out);
/* As kd_text_shown, for a URL: leaves out a user and password in it. */
const char *kd_text_url_shown(const char *url, char *out);

#endif
