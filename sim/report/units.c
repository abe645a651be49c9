/*
 * units.c - times and counts in words. Pure.
 */
#include "sim/report/units.h"

#include <inttypes.h>
#include <stdio.h>

enum { MS = 1000, SECOND = 1000 * MS };
static const uint64_t minute = 60ull * SECOND, hour = 3600ull * SECOND, day = 86400ull * SECOND;

void sim_units_span(uint64_t us, char text[UNITS_TEXT_MAX])
{
    uint64_t s = us / SECOND;
    if (us == 0)
        snprintf(text, UNITS_TEXT_MAX, "0");
    else if (us < SECOND)
        snprintf(text, UNITS_TEXT_MAX, us < MS ? "%.1f ms" : "%.0f ms", (double)us / MS);
    else if (us < 10 * SECOND)
        snprintf(text, UNITS_TEXT_MAX, "%" PRIu64 ".%" PRIu64 " s", s, us / (SECOND / 10) % 10);
    else if (us < minute)
        snprintf(text, UNITS_TEXT_MAX, "%" PRIu64 " s", s);
    else if (us < hour)
        snprintf(text, UNITS_TEXT_MAX, "%" PRIu64 "m %02" PRIu64 "s", s / 60, s % 60);
    else if (us < day)
        snprintf(text, UNITS_TEXT_MAX, "%" PRIu64 "h %02" PRIu64 "m", s / 3600, s / 60 % 60);
    else
        snprintf(text, UNITS_TEXT_MAX, "%" PRIu64 "d %" PRIu64 "h", s / 86400, s / 3600 % 24);
}

void sim_units_moment(uint64_t us, uint64_t length_us, char text[UNITS_TEXT_MAX])
{
    uint64_t s = us / SECOND;
    if (us == 0)
        snprintf(text, UNITS_TEXT_MAX, "0");
    else if (length_us < 10 * SECOND)
        snprintf(text, UNITS_TEXT_MAX, "%" PRIu64 ".%" PRIu64 " s", s, us / (SECOND / 10) % 10);
    else if (s < 3600)
        snprintf(text, UNITS_TEXT_MAX, "%" PRIu64 ":%02" PRIu64, s / 60, s % 60);
    else
        snprintf(text, UNITS_TEXT_MAX, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64, s / 3600, s / 60 % 60, s % 60);
}

void sim_units_count(uint64_t n, char text[UNITS_TEXT_MAX])
{
    char digits[UNITS_TEXT_MAX];
    int len = snprintf(digits, sizeof digits, "%" PRIu64, n), at = 0;
    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0) text[at++] = ',';
        text[at++] = digits[i];
    }
    text[at] = 0;
}

uint64_t sim_units_time_step(uint64_t end_us, uint32_t wanted)
{
    static const uint32_t seconds[] = {1,   2,   5,    10,   15,   30,    60,    120,   300,
                                       600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400};
    if (wanted == 0) wanted = 1;
    for (uint64_t step = SECOND / 10; step < SECOND; step = step == SECOND / 10 ? SECOND / 5 : step * 5 / 2) {
        if (end_us / step <= wanted) return step;
    }
    for (size_t i = 0; i < KD_COUNT(seconds); i++) {
        if (end_us / ((uint64_t)seconds[i] * SECOND) <= wanted) return (uint64_t)seconds[i] * SECOND;
    }
    return (end_us / day / wanted + 1) * day;
}

uint64_t sim_units_round_up(uint64_t v)
{
    static const uint32_t tops[] = {10, 15, 20, 30, 40, 50, 60, 80, 100};
    if (v <= 10) return v > 5 ? 10 : v > 2 ? 5 : v > 1 ? 2 : 1;
    for (uint64_t power = 1; power <= UINT64_MAX / 1000; power *= 10) {
        for (size_t i = 0; i < KD_COUNT(tops); i++)
            if (v <= tops[i] * power) return tops[i] * power;
    }
    return v;
}
