/* trend_rows.h - the rows of series and buckets (trend.h). */
#ifndef KUDOS_CENTRAL_CORE_TREND_ROWS_H
#define KUDOS_CENTRAL_CORE_TREND_ROWS_H

#include "central/core/trend.h"

/* Adds the rows of all that is dirty to the writes. */
void kd_trend_put(kd_central *c, kd_commit *k);
void kd_trend_delete(kd_central *c, kd_commit *k, const kd_trend_series *s, uint64_t start_us);

/* Digest of the state in memory, for tests: equal before and after a restart. */
uint64_t kd_trend_digest(const kd_central *c);

/* The row `t`. Newest and from are 0 where there is none. */
typedef struct {
    uint64_t newest_us, from_us, digest;
} kd_trend_head;
/* KD_OK, KD_ENOTFOUND, KD_EIO, KD_EMALFORMED. */
int kd_trend_head_read(kd_central *c, kd_trend_head *head);
/* The row of a bucket into an empty one: KD_OK, KD_EMALFORMED. What was read is to be finished either way. */
int kd_trend_bucket_read(kd_bytes key, kd_bytes value, kd_trend_bucket *b);

#endif
