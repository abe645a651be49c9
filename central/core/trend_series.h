/* trend_series.h - making and ending the series and buckets of trend.h. */
#ifndef KUDOS_CENTRAL_CORE_TREND_SERIES_H
#define KUDOS_CENTRAL_CORE_TREND_SERIES_H

#include "central/core/trend.h"

/* Whether the configuration has velocities of this pair kept. */
bool kd_trend_wanted(const kd_central *c, uint8_t counter, kd_bytes collection);
/* NULL: there are too many, which is counted. */
kd_trend_series *kd_trend_series_add(kd_trend *t, uint8_t counter, kd_bytes collection);
/* A bucket without likes, at this index of the series. */
kd_trend_bucket *kd_trend_bucket_add(kd_trend_series *s, uint32_t at, uint8_t level, uint64_t start_us);
void kd_trend_bucket_free(kd_trend_bucket *b);
void kd_trend_clear(kd_trend *t); /* frees all series */

#endif
