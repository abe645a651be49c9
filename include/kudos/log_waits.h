/*
 * log_waits.h - the answers of one shard of an edge that wait for the log (rule 26). They come here when their group is durable (kudos/group_commit.h):
 * disk first, then Kafka.
 *
 *     durable -> begin -> [ in a queue of its partition ... ] -> in the log: KD_OK
 *                                                            -> its patience is over, or it has moved: KD_ENOTLOGGED
 *
 * Invariants
 * - A wait is in the queue of one partition, that of its mark, and in the list of all, which ascends by deadline.
 * - Marks ascend along a queue, so answers are taken from its front alone.
 * - A wait is told KD_OK only when the core says of each of its marks, at one time or another, that it is in the log.
 *
 * Pure: the same object runs in kudos-edge and in the simulation. Belongs to the shard's thread. Times are monotonic.
 */
#ifndef KUDOS_LOG_WAITS_H
#define KUDOS_LOG_WAITS_H

#include <sys/queue.h>

#include "kudos/edge.h"

/* Embedded by whoever waits. `fn` is called once, during or after kd_log_waits_begin. `status`: KD_OK, KD_ENOTLOGGED, or that of
 * kd_log_waits_release. */
typedef struct kd_log_wait kd_log_wait;
struct kd_log_wait {
    TAILQ_ENTRY(kd_log_wait) of_partition, of_all;
    kd_log_mark mark; /* the first to wait for */
    uint64_t deadline_us;
    bool (*next)(
        kd_log_wait *wait); /* puts the next mark; false: that was the last. NULL: there is only one */
    void (*fn)(kd_log_wait *wait, int status);
};

typedef TAILQ_HEAD(kd_log_wait_queue, kd_log_wait) kd_log_wait_queue;

typedef struct {
    const kd_edge *edge;
    uint32_t shards, queue_count;
    kd_log_wait_queue *queues; /* by partition / shards */
    kd_log_wait_queue all;
    uint32_t waiting;
    uint64_t patience_us;
    uint64_t until_us; /* no wait lasts longer, because the process ends; UINT64_MAX: it does not */
} kd_log_waits;

/* Borrows `edge`. */
void kd_log_waits_init(kd_log_waits *w, const kd_edge *edge, uint32_t shards, uint32_t partitions,
                       uint64_t patience_us);
/* Frees the memory; nothing waits any more. Fine for zeros. */
void kd_log_waits_finish(kd_log_waits *w);
/* Begins to wait for the marks of `wait`; its fn is called at once where all of them are in the log. The caller owns `wait`, and must keep it in place
 * until then. */
void kd_log_waits_begin(kd_log_waits *w, kd_log_wait *wait, uint64_t mono_us);
/* Calls the waits that are over, because of what the core has heard since. */
void kd_log_waits_answer(kd_log_waits *w);
/* Calls the waits whose patience is over; returns how many. Call at kd_log_waits_next_us() at the latest. */
uint32_t kd_log_waits_expire(kd_log_waits *w, uint64_t mono_us);
/* When to call kd_log_waits_expire next; UINT64_MAX: nothing waits. */
uint64_t kd_log_waits_next_us(const kd_log_waits *w);
/* The process ends: no wait lasts beyond this moment. */
void kd_log_waits_hurry(kd_log_waits *w, uint64_t until_us);
/* Calls all waits with `status`. */
void kd_log_waits_release(kd_log_waits *w, int status);

#endif
