/* trend_time.h - the stretches of time in which velocities are kept (trend.h): how long a step is, and how far back each goes. */
#ifndef KUDOS_CENTRAL_CORE_TREND_TIME_H
#define KUDOS_CENTRAL_CORE_TREND_TIME_H

#include "kudos/base.h"

enum {
    KD_TREND_LEVELS = 4,
    KD_TREND_BUCKETS_MAX =
        18 + 30 + 18 + 75, /* a level holds its own length, and at most one step of the next */
};

/* Level of a time, given the newest; KD_TREND_LEVELS: it lies behind the last stretch. */
uint8_t kd_trend_level(uint64_t newest_us, uint64_t time_us);
/* Start of the step of that level that holds the time, and its length. */
uint64_t kd_trend_start(uint8_t level, uint64_t time_us);
uint64_t kd_trend_width(uint8_t level);

#endif
