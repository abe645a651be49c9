/*
 * shard_limits.h - the limits (kudos/rate_rules.h) that requests at a shard meet, and what visitors may. A reload replaces them; a request ends with those that it began with.
 * What is counted stands in the limiter of the process (limiter.h).
 */
#ifndef KUDOS_EDGE_IO_SHARD_SHARD_LIMITS_H
#define KUDOS_EDGE_IO_SHARD_SHARD_LIMITS_H

#include "edge/io/daemon/settings.h"

struct kd_shard;

typedef struct {
    kd_rate_rules rules;
    kd_strings visitor_counters; /* names of those that visitors may write to; empty: there are no visitors */
    uint64_t visitor_token_ttl_s;
    struct { /* the value of RateLimit in the answer before, by what it tells: gate.c */
        const kd_limit *limit;
        uint64_t left[KD_RATE_WINDOWS], more_s[KD_RATE_WINDOWS];
        char text[KD_LIMIT_POLICY];
        size_t len;
    } said;
    uint32_t holds; /* of the shard, while they are its own, and of requests in work */
} kd_shard_limits;

/* Of checked settings, with one hold. Before the shard's thread starts. */
kd_shard_limits *kd_shard_limits_create(const kd_settings *settings);
/* On the shard's thread. */
static inline kd_shard_limits *kd_shard_limits_hold(kd_shard_limits *limits)
{
    limits->holds++;
    return limits;
}
/* The last release frees them. On the shard's thread, or when that has ended. NULL is fine. */
void kd_shard_limits_release(kd_shard_limits *limits);
/* On the main loop: the shard's further requests meet the limits of these settings, which are copied. */
void kd_shard_limits_replace(struct kd_shard *s, const kd_settings *settings);

#endif
