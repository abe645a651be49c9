/*
 * trend_time.c - see the header. A level begins at a step of the next coarser one, so no step of that is ever held in part.
 *
 * The last level holds a day and some, and KD_AHEAD_MAX_US besides: a stamp of a wild clock, as far ahead as central believes it, then makes the steps of
 * the present coarse until the time has come, but drops none of them.
 */
#include "central/core/trend_time.h"

static const uint64_t second_us = 1000000;

/* Seconds of a step, and of what the level holds at least. */
static const struct {
    uint32_t width_s, keep_s;
} trend_levels[KD_TREND_LEVELS] = {{10, 120}, {60, 1200}, {600, 7200}, {3600, 266400}};

uint64_t kd_trend_width(uint8_t level)
{
    return trend_levels[level].width_s * second_us;
}

uint64_t kd_trend_start(uint8_t level, uint64_t time_us)
{
    return time_us - time_us % kd_trend_width(level);
}

static uint64_t trend_time_begin(uint8_t level, uint64_t newest_us)
{
    uint64_t end = kd_trend_start((uint8_t)KD_MIN(level + 1, KD_TREND_LEVELS - 1), newest_us);
    uint64_t keep = trend_levels[level].keep_s * second_us;
    return end > keep ? end - keep : 0;
}

uint8_t kd_trend_level(uint64_t newest_us, uint64_t time_us)
{
    uint8_t level = 0;
    while (level < KD_TREND_LEVELS && time_us < trend_time_begin(level, newest_us)) level++;
    return level;
}
