/* shard_commit.c - see the header. */
#include "edge/io/shard/shard_commit.h"

#include "common/io/loop/log.h"
#include "common/io/daemon/options_file.h"
#include "common/io/loop/point.h"

static void shard_commit_on_done(kd_post *post);

/* On the committer's thread. */
static void shard_commit_written(void *arg, uint64_t id, int err)
{
    kd_shard_commit *c = arg;
    KD_ASSERT(id == c->group.group);
    c->status = err;
    kd_loop_post(c->base->loop, &c->done);
}

int kd_shard_commit_init(kd_shard_commit *c, kd_shard_base *base, kd_leveldb *db, kd_failure *failure)
{
    kd_group_commit_init(&c->group, base->edge);
    c->base = base;
    c->db = db;
    c->failure = failure;
    c->done.fn = shard_commit_on_done;
    return kd_committer_create(&c->committer, db, shard_commit_written, c);
}

void kd_shard_commit_finish(kd_shard_commit *c)
{
    kd_committer_destroy(c->committer);
    c->committer = NULL;
}

/* `cause` is told unless LevelDB knows better why it stopped writing. */
static void shard_commit_failed(kd_shard_commit *c, const char *cause)
{
    if (kd_leveldb_poisoned(c->db)) cause = kd_leveldb_error(c->db);
    KD_LOG(KD_ERROR, "storage-failed", KD_U64("shard", c->base->index), KD_STR("cause", cause));
    kd_failure_tell(c->failure, KD_EXIT_FAILED, "storage-failed", cause);
}

/* The group that is being synced has the oldest answers. */
static void shard_commit_tell_age(kd_shard_commit *c)
{
    kd_lag_unsynced(&c->base->lag, c->syncs_us ? c->syncs_us : c->gathers_us);
}

/* The next group is begun before the answers of this one are made: they take the shard longer than a sync takes a disk. */
static void shard_commit_on_done(kd_post *post)
{
    kd_shard_commit *c = KD_CONTAINER(post, kd_shard_commit, done);
    kd_edge_metrics *m = &c->base->metrics;
    bool failed_before = c->group.failed;
    kd_metric_observe_seconds(&m->sync_time, kd_clock_mono_us() - c->begun_us);
    int err = kd_group_commit_end(&c->group, c->status);
    c->syncs_us = 0;
    kd_shard_commit_pump(c);
    shard_commit_tell_age(c);
    if (err == KD_OK)
        kd_metric_observe_size(&m->group_size, kd_group_commit_answer(&c->group));
    else if (!failed_before)
        shard_commit_failed(c, "a read of the store failed");
    KD_POINT(AFTER_ANSWER);
    kd_turn_wake(&c->base->turn);
}

void kd_shard_commit_await(kd_shard_commit *c, kd_group_wait *wait, uint64_t group)
{
    kd_group_commit_await(&c->group, wait, group);
    if (c->gathers_us == 0) { /* once a group: few clock readings */
        c->gathers_us = kd_clock_mono_us();
        shard_commit_tell_age(c);
    }
    kd_turn_wake(&c->base->turn);
}

void kd_shard_commit_pump(kd_shard_commit *c)
{
    const kd_writes *writes;
    if (!kd_group_commit_wanted(&c->group)) return; /* most turns: no clock is read */
    uint64_t now_us = kd_clock_now_us(c->base->clock), mono_us = kd_clock_mono_us();
    int err = kd_group_commit_begin(&c->group, now_us, kd_awake_at(&c->awake, mono_us), &writes);
    if (err == KD_OK) {
        c->begun_us = mono_us;
        c->syncs_us = c->gathers_us;
        c->gathers_us = 0;
        kd_metric_add(&c->base->metrics.commit_bytes, writes->buf.len);
        kd_committer_submit(c->committer, writes, c->group.group);
    }
    if (err == KD_EIO) shard_commit_failed(c, "a read of the store failed");
}

int kd_shard_commit_admits(const kd_shard_commit *c, uint64_t mono_us)
{
    return kd_group_commit_admits(&c->group, kd_awake_at(&c->awake, mono_us));
}

void kd_shard_commit_look(kd_shard_commit *c, uint64_t mono_us)
{
    uint32_t waiting = c->group.waiting;
    kd_awake_look(&c->awake, mono_us);
    switch (kd_group_commit_look(&c->group, kd_awake_at(&c->awake, mono_us))) {
    case KD_SYNC_IN_TIME:
        return;
    case KD_SYNC_SLOW:
        KD_LOG(KD_WARN, "commit-slow", KD_U64("shard", c->base->index), KD_U64("waiting", waiting));
        return;
    case KD_SYNC_EXPIRED:
        kd_metric_add(&c->base->metrics.expired, waiting);
        return;
    case KD_SYNC_HOPELESS:
        shard_commit_failed(c, "the disk hangs, and too much waits for it");
        return;
    }
}
