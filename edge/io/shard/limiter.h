/*
 * limiter.h - how much each user has done lately, in the whole process (kudos/rate.h), whichever shards his connections are at. Users are spread over
 * stripes, each behind a lock that is held for one look-up. Who was too fast is listed (kudos/fast_list.h).
 *
 * All is in memory: a start begins anew. All functions but create and destroy: any thread.
 */
#ifndef KUDOS_EDGE_IO_SHARD_LIMITER_H
#define KUDOS_EDGE_IO_SHARD_LIMITER_H

#include "kudos/fast_list.h"
#include "kudos/rate_rules.h"

typedef struct kd_limiter kd_limiter;

/* With at least twice as many slots as users_max: then fewer than one user in a hundred finds his set full while so many act. Their memory is taken
 * from the system as users come. Never NULL. */
kd_limiter *kd_limiter_create(uint64_t users_max);
/* After the shards' threads. NULL is fine. */
void kd_limiter_destroy(kd_limiter *l);

/* By what the user is known under a limit: a hash with a secret of this process. To take it costs as much as a question. */
uint64_t kd_limiter_key(const kd_limiter *l, const kd_limit *limit, kd_bytes user);
/* Operations of a user under a limit: as kd_rate_take, kd_rate_add and kd_rate_give_back. */
kd_rate_answer kd_limiter_take(kd_limiter *l, const kd_limit *limit, uint64_t key, uint32_t want,
                               uint64_t now_us);
void kd_limiter_add(kd_limiter *l, const kd_limit *limit, uint64_t key, uint32_t n, uint64_t now_us);
void kd_limiter_give_back(kd_limiter *l, const kd_limit *limit, uint64_t key, uint32_t n, uint64_t at_us);

/* One question about velocity: n operations of a user, or on an item, at a moment by both clocks. */
typedef struct {
    const kd_limit *limit;
    kd_fast_kind kind;
    kd_bytes name; /* the user's id or the item's key */
    uint32_t count;
    bool refuse; /* those beyond the limit are refused, and do not count */
    uint64_t mono_us, wall_us;
} kd_limiter_pace;
/* Counts the operations; `fits` of them are within the limit. If that is not all, the list tells. Memory is fixed: 65536 slots in 8192 sets (kudos/rate.h)
 * each for users and items. Among more names those that count least are forgotten, so the error is that one is noticed late or never: where R operations a
 * second are of ever new names, a name keeps its slot once two of its operations come within some 8192 / R seconds. Nobody is listed who was not fast. */
kd_rate_answer kd_limiter_pace_take(kd_limiter *l, const kd_limiter_pace *pace);

/* The list of those who were too fast, sorted. */
void kd_limiter_fast(kd_limiter *l, kd_fast_list *out);
/* Of the users' limits, without velocity. */
kd_rate_stats kd_limiter_get_stats(kd_limiter *l);

#endif
