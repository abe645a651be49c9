/*
 * group_commit.c - see the header. The list holds waits in the order of their groups: an operation belongs to the
 * group that gathers, and one that names an earlier group waits a little longer than it must.
 */
#include "edge/io/shard/group_commit.h"

#include "common/io/daemon/log.h"
#include "common/io/loop/point.h"
#include "edge/io/shard/shard.h"

static void on_done_post(kd_post *post);

/* On the committer's thread. */
static void on_done(void *arg, uint64_t id, int err)
{
    kd_shard *s = arg;
    KD_ASSERT(id == s->commit.group);
    s->commit.status = err;
    kd_loop_post(s->loop, &s->commit.done);
}

int kd_group_commit_init(kd_shard *s)
{
    s->commit.done.fn = on_done_post;
    return kd_committer_create(&s->commit.committer, s->db, on_done, s);
}

static void edge_commit_release(kd_shard *s, uint64_t up_to, int status)
{
    kd_group_commit *c = &s->commit;
    uint32_t released = 0;
    while (c->first && c->first->group <= up_to) {
        kd_group_commit_wait *wait = c->first;
        c->first = wait->next;
        if (!c->first) c->last = NULL;
        c->waiting--;
        released++;
        wait->fn(wait, status);
    }
    if (status == KD_OK) kd_metric_observe_size(&s->metrics.group_size, released);
}

static void storage_failed(kd_shard *s, const char *otherwise)
{
    s->commit.failed = true;
    const char *cause = kd_leveldb_poisoned(s->db) ? kd_leveldb_error(s->db) : otherwise;
    KD_LOG(KD_ERROR, "storage-failed", KD_U64("shard", s->index), KD_STR("cause", cause));
    kd_drain_fail(s->app, KD_EXIT_FAILED, "storage-failed", cause);
}

static void on_done_post(kd_post *post)
{
    kd_shard *s = KD_CONTAINER(post, kd_shard, commit.done);
    kd_group_commit *c = &s->commit;
    uint64_t group = c->group;
    int status = c->status;
    c->group = 0;
    kd_metric_observe_seconds(&s->metrics.sync_time, kd_clock_mono_us() - c->begun_us);
    int err = kd_edge_commit_end(s->edge, group, status);
    if (status == KD_OK) status = err;
    if (status != KD_OK && !c->failed) storage_failed(s, "a read of the store failed");
    /* After a failure nothing is acknowledged any more, whatever it waits for. */
    edge_commit_release(s, c->failed ? UINT64_MAX : group, c->failed ? KD_EIO : KD_OK);
    KD_POINT(AFTER_ANSWER);
    kd_shard_wake(s);
}

void kd_group_commit_finish(kd_shard *s)
{
    kd_committer_destroy(s->commit.committer);
    s->commit.committer = NULL;
}

void kd_group_commit_await(kd_shard *s, kd_group_commit_wait *wait, uint64_t group)
{
    kd_group_commit *c = &s->commit;
    wait->next = NULL;
    wait->group = c->last ? KD_MAX(group, c->last->group) : group;
    if (c->last)
        c->last->next = wait;
    else
        c->first = wait;
    c->last = wait;
    c->waiting++;
    kd_shard_wake(s);
}

void kd_group_commit_pump(kd_shard *s)
{
    kd_group_commit *c = &s->commit;
    const kd_writes *writes;
    uint64_t group;
    if (c->group || c->failed || !kd_edge_commit_wanted(s->edge)) return;
    int err = kd_edge_commit_begin(s->edge, kd_shard_now_us(s), &writes, &group);
    if (err == KD_EIO) { /* the core could not read what it needs: nothing that waits will ever be durable */
        storage_failed(s, "a read of the store failed");
        edge_commit_release(s, UINT64_MAX, KD_EIO);
    }
    if (err != KD_OK) return;
    c->group = group;
    c->slow_told = false;
    c->begun_us = kd_clock_mono_us();
    kd_committer_submit(c->committer, writes, group);
}

static bool takes(const kd_group_commit *c, uint64_t us)
{
    return c->group && kd_clock_mono_us() - c->begun_us >= us;
}

bool kd_group_commit_sheds(const kd_shard *s)
{
    return takes(&s->commit, KD_COMMIT_SHED_US);
}

void kd_group_commit_expire(kd_shard *s)
{
    kd_group_commit *c = &s->commit;
    if (c->failed || !takes(c, KD_COMMIT_SHED_US)) return;
    if (!c->slow_told)
        KD_LOG(KD_WARN, "commit-slow", KD_U64("shard", s->index), KD_U64("waiting", c->waiting));
    c->slow_told = true;
    if (kd_edge_gathered_bytes(s->edge) > KD_COMMIT_GATHERED_MAX) {
        storage_failed(s, "the disk hangs, and too much waits for it");
        edge_commit_release(s, UINT64_MAX, KD_EIO);
        return;
    }
    if (!c->first || !takes(c, KD_COMMIT_PATIENCE_US)) return;
    kd_metric_add(&s->metrics.expired, c->waiting);
    edge_commit_release(s, UINT64_MAX, KD_ETIMEOUT);
}
