/*
 * group_commit.h - group commit: while one group is being synced the next one gathers. Answers wait here
 * for their group; a failed group ends the process.
 */
#ifndef KUDOS_EDGE_IO_SHARD_GROUP_COMMIT_H
#define KUDOS_EDGE_IO_SHARD_GROUP_COMMIT_H

#include "common/io/leveldb/committer.h"
#include "common/io/loop/loop.h"

struct kd_shard;

/* Embedded by what waits; fn is called once, later, on the shard's loop: KD_OK, KD_EIO, or KD_ETIMEOUT
 * (unknown). */
typedef struct kd_group_commit_wait kd_group_commit_wait;
struct kd_group_commit_wait {
    kd_group_commit_wait *next;
    uint64_t group;
    void (*fn)(kd_group_commit_wait *wait, int status);
};

typedef struct {
    kd_committer *committer;
    kd_group_commit_wait *first, *last;
    uint64_t group;    /* being synced; 0: none */
    uint64_t begun_us; /* monotonic */
    uint32_t waiting;
    int status; /* of `group`, from the committer's thread with `done` */
    kd_post done;
    bool failed;
    bool slow_told; /* of `group` */
} kd_group_commit;

enum {
    KD_COMMIT_PATIENCE_US = 10 * 1000 * 1000, /* an answer waits so long for its sync */
    KD_COMMIT_SHED_US = 1000 * 1000,          /* behind a sync that takes longer nothing more is taken */
    KD_COMMIT_GATHERED_MAX =
        256 * 1024 * 1024, /* bytes that gather behind one, of whatever kind: then the store has failed */
};

/* KD_OK or KD_EIO. */
int kd_group_commit_init(struct kd_shard *s);
/* After the loop was joined: waits for what is being synced and reports it to the core. */
void kd_group_commit_finish(struct kd_shard *s);
void kd_group_commit_await(struct kd_shard *s, kd_group_commit_wait *wait, uint64_t group);
/* Begins a group when the committer is idle and something waits for it. */
void kd_group_commit_pump(struct kd_shard *s);
/* The disk is too slow for more: operations are refused before anything is taken. */
bool kd_group_commit_sheds(const struct kd_shard *s);
/* Gives up on answers whose sync takes too long, and on a disk behind which too much gathers. */
void kd_group_commit_expire(struct kd_shard *s);

#endif
