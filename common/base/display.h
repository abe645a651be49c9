/*
 * display.h - numbers and times as people read them. Pure: no locale, no libc time.
 */
#ifndef KUDOS_COMMON_BASE_DISPLAY_H
#define KUDOS_COMMON_BASE_DISPLAY_H

#include "kudos/base.h"

enum {
    KD_DISPLAY_MAX = 24, /* room for a count's display form and its NUL */
    KD_TIME_MS_MAX = 25, /* 2026-01-02T03:04:05.678Z and NUL */
    KD_TIME_US_MAX = 28, /* 2026-01-02T03:04:05.678901Z and NUL */
};

/* The display form of a count, truncating, NUL-terminated: 999, 1K, 1.2K, 12.3K, 123K; likewise M, B, T. `out` has room for KD_DISPLAY_MAX bytes.
 * Returns the length. */
size_t kd_display_count(uint64_t n, char *out);
/* A time in us since 1970 as RFC 3339 UTC with three digits of a second, truncating, NUL-terminated. Years beyond 9999 are shown as the last moment
 * of 9999. `out` has room for KD_TIME_MS_MAX bytes. Returns the length. */
size_t kd_display_time_ms(uint64_t time_us, char *out);
/* As kd_display_time_ms, with six digits of a second; `out` has room for KD_TIME_US_MAX bytes. */
size_t kd_display_time_us(uint64_t time_us, char *out);

#endif
