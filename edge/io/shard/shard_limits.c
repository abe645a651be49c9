/* shard_limits.c - see the header. */
#include "edge/io/shard/shard_limits.h"

#include <stdlib.h>

#include "edge/io/shard/shard.h"

typedef struct {
    kd_post post;
    kd_shard *shard;
    kd_shard_limits *fresh;
} limits_change;

kd_shard_limits *kd_shard_limits_create(const kd_settings *settings)
{
    kd_shard_limits *limits = kd_alloc(sizeof *limits);
    *limits = (kd_shard_limits){.rules = kd_settings_rates(settings),
                                .visitor_counters = kd_strings_copy(&settings->visitor_counters),
                                .visitor_token_ttl_s = settings->visitor_token_ttl_us / 1000000,
                                .holds = 1};
    return limits;
}

void kd_shard_limits_release(kd_shard_limits *limits)
{
    if (!limits || --limits->holds > 0) return;
    kd_rate_rules_finish(&limits->rules);
    kd_strings_finish(&limits->visitor_counters);
    free(limits);
}

/* On the shard's thread, or when that has ended. */
static void limits_swap(kd_post *post)
{
    limits_change *change = KD_CONTAINER(post, limits_change, post);
    kd_shard_limits_release(change->shard->limits);
    change->shard->limits = change->fresh;
    free(change);
}

void kd_shard_limits_replace(kd_shard *s, const kd_settings *settings)
{
    limits_change *change = kd_alloc(sizeof *change);
    change->post.fn = limits_swap;
    change->shard = s;
    change->fresh = kd_shard_limits_create(settings);
    kd_loop_post(s->base.loop, &change->post);
}
