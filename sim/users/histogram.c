/*
 * histogram.c - the buckets:
 *
 *     value          0 .. 127   128 .. 255   256 .. 511   ...
 *     bucket         0 .. 127   128 .. 191   192 .. 255
 *     width              1           2            4
 */
#include <math.h>

#include "sim/users/histogram.h"

static uint32_t bucket_of(uint64_t value)
{
    if (value < 2 * KD_HISTOGRAM_SUB) return (uint32_t)value;
    uint32_t log2 = 63u - (uint32_t)__builtin_clzll(value);
    uint32_t shift = log2 - KD_HISTOGRAM_SUB_LOG2;
    uint32_t bucket = shift * KD_HISTOGRAM_SUB + (uint32_t)KD_MIN(value >> shift, (uint64_t)UINT32_MAX);
    return KD_MIN(bucket, (uint32_t)KD_HISTOGRAM_BUCKETS - 1);
}

/* The largest value of a bucket. */
static uint64_t end_of(uint32_t bucket)
{
    if (bucket < 2 * KD_HISTOGRAM_SUB) return bucket;
    uint32_t shift = bucket / KD_HISTOGRAM_SUB - 1;
    uint64_t sub = bucket % KD_HISTOGRAM_SUB + KD_HISTOGRAM_SUB;
    return ((sub + 1) << shift) - 1;
}

void sim_histogram_add(sim_histogram *h, uint64_t value)
{
    h->counts[bucket_of(value)]++;
    h->total++;
    h->max = KD_MAX(h->max, value);
}

void sim_histogram_merge(sim_histogram *to, const sim_histogram *from)
{
    for (size_t i = 0; i < KD_HISTOGRAM_BUCKETS; i++) to->counts[i] += from->counts[i];
    to->total += from->total;
    to->max = KD_MAX(to->max, from->max);
}

uint64_t sim_histogram_quantile(const sim_histogram *h, double q)
{
    uint64_t wanted = (uint64_t)ceil(q * (double)h->total), seen = 0;
    wanted = KD_MAX(wanted, (uint64_t)1);
    for (uint32_t i = 0; i < KD_HISTOGRAM_BUCKETS - 1; i++) {
        seen += h->counts[i];
        if (seen >= wanted) return KD_MIN(end_of(i), h->max);
    }
    return h->max;
}
