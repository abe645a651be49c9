/*
 * lag.h - since when work of a shard waits, for the measuring of overload (daemon/overload.h, kudos/overload.h). The shard's thread writes, any thread
 * reads. All times are monotonic.
 *
 * The shard's tick stands for all work of its loop: it is due at a known time, and runs behind the other events of a turn. A turn of T shows as T less
 * what was left until the tick was due, at most 50 ms. How late the last tick came holds until the next one, so that a loop that is always late never
 * looks punctual between two ticks. A loop that does not come to its tick at all is seen by the reader's own clock.
 */
#ifndef KUDOS_EDGE_IO_SHARD_LAG_H
#define KUDOS_EDGE_IO_SHARD_LAG_H

#include "kudos/overload.h"

typedef struct {
    uint64_t due_us;      /* when the next tick is due; 0: the loop does not run yet */
    uint64_t late_us;     /* how late the last tick came */
    uint64_t unsynced_us; /* when the oldest answer came that waits for the disk; 0: none waits */
} kd_lag;

/* On the shard's thread, in a tick: it runs at now_us. */
static inline void kd_lag_ticked(kd_lag *l, uint64_t now_us)
{
    uint64_t late_us = l->due_us && now_us > l->due_us ? now_us - l->due_us : 0;
    __atomic_store_n(&l->late_us, late_us, __ATOMIC_RELAXED);
}

/* On the shard's thread: the next tick is due then. */
static inline void kd_lag_due(kd_lag *l, uint64_t due_us)
{
    __atomic_store_n(&l->due_us, due_us, __ATOMIC_RELEASE);
}

/* On the shard's thread: the oldest answer that waits for the disk came then; 0: none waits. */
static inline void kd_lag_unsynced(kd_lag *l, uint64_t since_us)
{
    __atomic_store_n(&l->unsynced_us, since_us, __ATOMIC_RELAXED);
}

/* Any thread: makes *ages at least those of this shard at now_us. */
static inline void kd_lag_add(const kd_lag *l, uint64_t now_us, kd_overload_ages *ages)
{
    uint64_t due_us = __atomic_load_n(&l->due_us, __ATOMIC_ACQUIRE);
    uint64_t unsynced_us = __atomic_load_n(&l->unsynced_us, __ATOMIC_RELAXED);
    ages->loop_us = KD_MAX(ages->loop_us, __atomic_load_n(&l->late_us, __ATOMIC_RELAXED));
    if (due_us && now_us > due_us) ages->loop_us = KD_MAX(ages->loop_us, now_us - due_us);
    if (unsynced_us && now_us > unsynced_us) ages->disk_us = KD_MAX(ages->disk_us, now_us - unsynced_us);
}

#endif
