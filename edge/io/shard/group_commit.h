/*
 * group_commit.h - the commits of one shard. At most one group is being synced; meanwhile the next one gathers in the core. Answers to clients wait
 * here until their group is durable. When a group fails, nothing is acknowledged any more and the process ends.
 */
#ifndef KUDOS_EDGE_IO_SHARD_GROUP_COMMIT_H
#define KUDOS_EDGE_IO_SHARD_GROUP_COMMIT_H

#include "common/io/leveldb/committer.h"
#include "edge/io/daemon/failure.h"
#include "edge/io/shard/base.h"

/* Embedded by whoever waits for a group. `fn` is called once, later, on the shard's loop. `status`: KD_OK (durable), KD_EIO (the store has failed) or
 * KD_ETIMEOUT (the sync takes too long: whether the group becomes durable is unknown). */
typedef struct kd_group_commit_wait kd_group_commit_wait;
struct kd_group_commit_wait {
    kd_group_commit_wait *next;
    uint64_t group;
    void (*fn)(kd_group_commit_wait *wait, int status);
};

typedef struct {
    kd_shard_base *base;
    kd_leveldb *db;
    kd_failure *failure;
    kd_committer *committer;
    kd_group_commit_wait *first, *last; /* by ascending group */
    uint64_t group;                     /* being synced; 0: none */
    uint64_t begun_us;                  /* monotonic: when `group` went to the committer */
    uint32_t waiting;                   /* entries of the list */
    int status; /* of `group`: written by the committer's thread before it posts `done` */
    kd_post done;
    bool failed;    /* a group or a read of the store has failed: for good */
    bool slow_told; /* commit-slow was logged for `group` */
} kd_group_commit;

enum {
    KD_COMMIT_PATIENCE_US = 10 * 1000 * 1000, /* waits of a sync that takes longer are answered "unknown" */
    KD_COMMIT_SHED_US = 1000 * 1000,          /* while a sync takes longer, new operations are refused */
    /* Bytes of writes that gather behind such a sync; beyond it the store counts as failed. */
    KD_COMMIT_GATHERED_MAX = 256 * 1024 * 1024,
};

/* Starts the committer's thread. Everything is borrowed until finish. KD_OK; KD_EIO: no thread. */
int kd_group_commit_init(kd_group_commit *c, kd_shard_base *base, kd_leveldb *db, kd_failure *failure);
/* After the loop was joined: waits until the committer has written what it was given. Its report is posted and runs in kd_loop_destroy, before the
 * core is closed. A struct that was never initialised is fine. */
void kd_group_commit_finish(kd_group_commit *c);
/* Calls wait->fn when `group` is durable, or when that can no longer be hoped for. `wait` stays the caller's, unmoved until then. */
void kd_group_commit_await(kd_group_commit *c, kd_group_commit_wait *wait, uint64_t group);
/* Hands the gathered group to the committer if that is idle and something waits for the group. */
void kd_group_commit_pump(kd_group_commit *c);
/* True while the present sync takes longer than KD_COMMIT_SHED_US: refuse operations before the core takes them. */
bool kd_group_commit_sheds(const kd_group_commit *c);
/* Called at every tick. Answers waits with KD_ETIMEOUT after KD_COMMIT_PATIENCE_US; declares the store failed when more than KD_COMMIT_GATHERED_MAX
 * gathers behind a slow sync. */
void kd_group_commit_expire(kd_group_commit *c);

#endif
