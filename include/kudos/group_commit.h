/*
 * group_commit.h - the commits of one shard of an edge, and the answers that wait for them (rule 4).
 *
 *     operations -> core -> group that gathers -> group that is being synced -> durable -> answers
 *
 * Invariants
 * - At most one group is being synced. Meanwhile the next one gathers in the core.
 * - An answer leaves with KD_OK only after its group is durable and the core knows it.
 * - After a failed write or read of the store no group can become durable: every wait, for whatever group, is told KD_EIO, and the process ends.
 * - Waits are ascending by group, so a release takes from the front alone.
 *
 * Pure: the same object runs in kudos-edge and in the simulation. Belongs to the shard's thread.
 */
#ifndef KUDOS_GROUP_COMMIT_H
#define KUDOS_GROUP_COMMIT_H

#include <sys/queue.h>

#include "kudos/edge.h"

enum {
    KD_COMMIT_PATIENCE_US = 10 * 1000 * 1000, /* when a sync takes longer, its waits are told KD_ETIMEOUT */
    KD_COMMIT_SHED_US = 1000 * 1000,          /* while a sync takes longer, operations are refused */
    /* Most bytes of writes that may gather behind a sync that takes longer than KD_COMMIT_SHED_US; with more the store counts as failed. */
    KD_COMMIT_GATHERED_MAX = 256 * 1024 * 1024,
};

/* Embedded by whoever waits for a group. `fn` is called once, later. `status`: KD_OK (durable), KD_EIO (the store has failed) or KD_ETIMEOUT (the sync
 * takes too long: whether the group becomes durable is unknown). */
typedef struct kd_group_wait kd_group_wait;
struct kd_group_wait {
    TAILQ_ENTRY(kd_group_wait) next;
    uint64_t group;
    void (*fn)(kd_group_wait *wait, int status);
};

typedef struct {
    kd_edge *edge;
    TAILQ_HEAD(kd_group_waits, kd_group_wait) waits;
    uint32_t waiting;  /* entries of `waits` */
    uint64_t group;    /* being synced; 0: none */
    uint64_t durable;  /* the last group that is; 0: none */
    uint64_t begun_us; /* monotonic: when `group` was begun */
    bool failed;       /* a write or a read of the store has failed: for good */
    bool slow_told;    /* KD_SYNC_SLOW was returned for `group` */
} kd_group_commit;

/* Borrows `edge`. */
void kd_group_commit_init(kd_group_commit *c, kd_edge *edge);
/* Calls wait->fn when `group` is durable, when its sync takes too long, or when the store has failed. The caller owns `wait`, and must keep it in
 * place until then. */
void kd_group_commit_await(kd_group_commit *c, kd_group_wait *wait, uint64_t group);

/* Whether a group is to be begun: none is being synced, the store has not failed, and something gathers. */
bool kd_group_commit_wanted(const kd_group_commit *c);
/*
 * Closes the group that gathers, if that is wanted. KD_OK: the shell writes `writes` (the core's until the end),
 * synced, then calls kd_group_commit_end(). KD_ENOTFOUND: nothing to do. KD_EIO: the core could not read the store; all waits have been told.
 * `now_us`: carried time.
 */
int kd_group_commit_begin(kd_group_commit *c, uint64_t now_us, uint64_t mono_us, const kd_writes **writes);
/* The write ended with `status`, KD_OK or KD_EIO. KD_OK: the core knows that the group is durable; the shell first begins the next group, so that the
 * disk need not wait for the answers to be made, and then calls kd_group_commit_answer(). KD_EIO: the store has failed, and all waits have been told. */
int kd_group_commit_end(kd_group_commit *c, int status);
/* Calls the waits of the group that has ended, with KD_OK; returns how many. None after a failure. */
uint32_t kd_group_commit_answer(kd_group_commit *c);

/* Whether an operation may be given to the core. KD_OK; KD_EOVERLOADED: the present sync takes longer than KD_COMMIT_SHED_US; KD_EIO: the store has
 * failed, so no answer would ever leave. */
int kd_group_commit_admits(const kd_group_commit *c, uint64_t mono_us);

typedef enum {
    KD_SYNC_IN_TIME,
    KD_SYNC_SLOW,     /* the sync has taken longer than KD_COMMIT_SHED_US; returned once per group */
    KD_SYNC_EXPIRED,  /* all waits were told KD_ETIMEOUT */
    KD_SYNC_HOPELESS, /* more than KD_COMMIT_GATHERED_MAX gathers: all waits were told KD_EIO; returned once */
} kd_sync_state;

/* How the present sync is doing. Call at kd_group_commit_next_us() at the latest. */
kd_sync_state kd_group_commit_look(kd_group_commit *c, uint64_t mono_us);
/* When to call kd_group_commit_look next; monotonic. UINT64_MAX: nothing is being synced that could become late. */
uint64_t kd_group_commit_next_us(const kd_group_commit *c);
/* Calls all waits with `status`: their connections are gone with the process. */
void kd_group_commit_release(kd_group_commit *c, int status);

#endif
