/*
 * committer.h - the thread that applies groups of writes, synced, off the event loop.
 *
 * At most one group is being synced and one waits; further writes gather at the owner meanwhile. Groups are applied in the order of their submission.
 * After the first KD_EIO (the database is poisoned) every later group ends in KD_EIO too.
 */
#ifndef KUDOS_COMMON_IO_LEVELDB_COMMITTER_H
#define KUDOS_COMMON_IO_LEVELDB_COMMITTER_H

#include "common/io/leveldb/leveldb_store.h"

enum { KD_COMMITTER_DEPTH = 2 }; /* groups that may be submitted and not yet done */

typedef struct kd_committer kd_committer;

/*
 * A group has ended: KD_OK (synced) or KD_EIO. Runs on the committer's thread: pass it on by kd_loop_post, and touch nothing of the owner's. The
 * writes are their owner's again from here on, and the group's place is free.
 */
typedef void (*kd_committer_done)(void *arg, uint64_t id, int err);

typedef struct {
    uint64_t groups;   /* applied and synced */
    uint64_t writes;   /* puts and deletes in these groups */
    uint64_t bytes;    /* of these groups, as kd_writes hold them */
    uint64_t failures; /* groups that ended in KD_EIO */
    uint64_t sync_us;  /* spent in applying and syncing, in all */
    uint64_t sync_max_us;
} kd_committer_stats;

/* Starts the thread. Borrows db, which must outlive it. KD_OK, or KD_EIO when no thread can be started. `arg` is passed to `done`. */
int kd_committer_create(kd_committer **c, kd_leveldb *db, kd_committer_done done, void *arg);
/* Applies the groups that were submitted, calls `done` for each, then ends the thread: waits for the disk. NULL is fine. */
void kd_committer_destroy(kd_committer *c);

/* Hands a group over. `writes` is borrowed until `done` gets its `id`, and must not change meanwhile. One thread submits. More than
 * KD_COMMITTER_DEPTH groups at once is a bug of the caller: ask kd_committer_free first. */
void kd_committer_submit(kd_committer *c, const kd_writes *writes, uint64_t id);
/* Groups that may be submitted now. */
uint32_t kd_committer_free(kd_committer *c);

/* A consistent copy. Any thread. */
kd_committer_stats kd_committer_stats_get(kd_committer *c);

#endif
