/*
 * shard_commit.h - the group commit of a shard (kudos/group_commit.h) with a disk: the thread that writes and syncs, the log and the metrics.
 *
 * When a process goes on after a pause of a second, a sync that was under way has begun a second ago by the monotonic clock. A shard that called it slow then
 * would refuse whatever came during the pause. So how long a sync takes is judged by the time for which the shard has run (common/base/awake.h).
 */
#ifndef KUDOS_EDGE_IO_SHARD_SHARD_COMMIT_H
#define KUDOS_EDGE_IO_SHARD_SHARD_COMMIT_H

#include "common/base/awake.h"
#include "common/io/leveldb/committer.h"
#include "edge/io/daemon/failure.h"
#include "edge/io/shard/base.h"
#include "kudos/group_commit.h"

typedef struct {
    kd_group_commit group;
    kd_shard_base *base;
    kd_leveldb *db;
    kd_failure *failure;
    kd_committer *committer;
    int status; /* of the group: written by the committer's thread before it posts `done` */
    kd_post done;
    /* When the first answer came that waits for the group that gathers, and for the one that is being synced; monotonic, 0: none waits. */
    uint64_t gathers_us, syncs_us;
    kd_awake awake;    /* the clock of `group` */
    uint64_t begun_us; /* monotonic: when the present group was begun */
} kd_shard_commit;

/* Starts the committer's thread. Everything is borrowed until finish. KD_OK; KD_EIO: no thread. */
int kd_shard_commit_init(kd_shard_commit *c, kd_shard_base *base, kd_leveldb *db, kd_failure *failure);
/* After the loop was joined: waits until the committer has written what it was given. Its report is posted and runs in kd_loop_destroy, before the
 * core is closed. A struct that was never initialised is fine. */
void kd_shard_commit_finish(kd_shard_commit *c);
/* As kd_group_commit_await; also wakes the shard's turn, which begins the group. */
void kd_shard_commit_await(kd_shard_commit *c, kd_group_wait *wait, uint64_t group);
/* Hands the gathered group to the committer if that is idle and something waits for the group. */
void kd_shard_commit_pump(kd_shard_commit *c);
/* As kd_group_commit_admits; `mono_us` is the monotonic time. */
int kd_shard_commit_admits(const kd_shard_commit *c, uint64_t mono_us);
/* Called at every tick, at `mono_us` by the monotonic clock: a sync that takes too long is logged, expires its waits, or ends the process. */
void kd_shard_commit_look(kd_shard_commit *c, uint64_t mono_us);

#endif
