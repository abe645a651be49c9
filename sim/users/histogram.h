/*
 * histogram.h - latencies in log-linear buckets, after the idea of HdrHistogram (Gil Tene).
 *
 * Values below 128 are kept exactly. Above, each power of two is cut into 64 equal buckets, so a
 * quantile is at most 1/64 (1.6 %) too high. The size is fixed and histograms add up: each thread fills one of its own, and
 * they are merged at the end.
 */
#ifndef KUDOS_SIM_USERS_HISTOGRAM_H
#define KUDOS_SIM_USERS_HISTOGRAM_H

#include "kudos/base.h"

enum {
    KD_HISTOGRAM_SUB_LOG2 = 6,
    KD_HISTOGRAM_SUB = 1 << KD_HISTOGRAM_SUB_LOG2,
    KD_HISTOGRAM_TOP_LOG2 = 36, /* values from 2^36 on share the last bucket; max stays exact */
    KD_HISTOGRAM_BUCKETS = (KD_HISTOGRAM_TOP_LOG2 - KD_HISTOGRAM_SUB_LOG2 + 1) * KD_HISTOGRAM_SUB + 1,
};

/* Zero-initialise. */
typedef struct {
    uint64_t counts[KD_HISTOGRAM_BUCKETS];
    uint64_t total, max;
} sim_histogram;

/* Counts one value. */
void sim_histogram_add(sim_histogram *h, uint64_t value);
/* Adds the values of `from`, which stays as it is. */
void sim_histogram_merge(sim_histogram *to, const sim_histogram *from);
/* The smallest bucket end at or below which the share q (0..1) of all values lies, at most the maximum; 0 when empty. */
uint64_t sim_histogram_quantile(const sim_histogram *h, double q);

#endif
