/*
 * group_commit.c - see the header. The list of waits is ascending by group, so a release takes from its front alone. An operation usually belongs to
 * the group that gathers; a wait for an earlier group than the last in the list joins that later group, and is answered a little later than it could
 * be.
 */
#include "edge/io/shard/group_commit.h"

#include "common/io/daemon/log.h"
#include "common/io/daemon/options_file.h"
#include "common/io/loop/point.h"

static void on_done_post(kd_post *post);

/* On the committer's thread. */
static void edge_commit_on_done(void *arg, uint64_t id, int err)
{
    kd_group_commit *c = arg;
    KD_ASSERT(id == c->group);
    c->status = err;
    kd_loop_post(c->base->loop, &c->done);
}

int kd_group_commit_init(kd_group_commit *c, kd_shard_base *base, kd_leveldb *db, kd_failure *failure)
{
    c->base = base;
    c->db = db;
    c->failure = failure;
    c->done.fn = on_done_post;
    return kd_committer_create(&c->committer, db, edge_commit_on_done, c);
}

static void edge_commit_release(kd_group_commit *c, uint64_t up_to, int status)
{
    uint32_t released = 0;
    while (c->first && c->first->group <= up_to) {
        kd_group_commit_wait *wait = c->first;
        c->first = wait->next;
        if (!c->first) c->last = NULL;
        c->waiting--;
        released++;
        wait->fn(wait, status);
    }
    if (status == KD_OK) kd_metric_observe_size(&c->base->metrics.group_size, released);
}

/* `cause` is told unless LevelDB knows better why it stopped writing. */
static void edge_commit_fail(kd_group_commit *c, const char *cause)
{
    c->failed = true;
    if (kd_leveldb_poisoned(c->db)) cause = kd_leveldb_error(c->db);
    KD_LOG(KD_ERROR, "storage-failed", KD_U64("shard", c->base->index), KD_STR("cause", cause));
    kd_failure_tell(c->failure, KD_EXIT_FAILED, "storage-failed", cause);
}

static void on_done_post(kd_post *post)
{
    kd_group_commit *c = KD_CONTAINER(post, kd_group_commit, done);
    uint64_t group = c->group;
    int status = c->status;
    c->group = 0;
    kd_metric_observe_seconds(&c->base->metrics.sync_time, kd_clock_mono_us() - c->begun_us);
    int err = kd_edge_commit_end(c->base->edge, group, status);
    if (status == KD_OK) status = err;
    if (status != KD_OK && !c->failed) edge_commit_fail(c, "a read of the store failed");
    /* After a failure no later group can become durable: whoever waits, for whatever group, is told now. */
    edge_commit_release(c, c->failed ? UINT64_MAX : group, c->failed ? KD_EIO : KD_OK);
    KD_POINT(AFTER_ANSWER);
    kd_turn_wake(&c->base->turn);
}

void kd_group_commit_finish(kd_group_commit *c)
{
    kd_committer_destroy(c->committer);
    c->committer = NULL;
}

void kd_group_commit_await(kd_group_commit *c, kd_group_commit_wait *wait, uint64_t group)
{
    wait->next = NULL;
    wait->group = c->last ? KD_MAX(group, c->last->group) : group;
    if (c->last)
        c->last->next = wait;
    else
        c->first = wait;
    c->last = wait;
    c->waiting++;
    kd_turn_wake(&c->base->turn);
}

void kd_group_commit_pump(kd_group_commit *c)
{
    kd_edge *edge = c->base->edge;
    const kd_writes *writes;
    uint64_t group;
    if (c->group || c->failed || !kd_edge_commit_wanted(edge)) return;
    int err = kd_edge_commit_begin(edge, kd_clock_now_us(c->base->clock), &writes, &group);
    if (err == KD_EIO) { /* the core could not read what it needs: no group will ever be durable again */
        edge_commit_fail(c, "a read of the store failed");
        edge_commit_release(c, UINT64_MAX, KD_EIO);
    }
    if (err != KD_OK) return;
    c->group = group;
    c->slow_told = false;
    c->begun_us = kd_clock_mono_us();
    kd_committer_submit(c->committer, writes, group);
}

/* Whether a sync is under way and has taken so long already. */
static bool sync_lasts(const kd_group_commit *c, uint64_t us)
{
    return c->group && kd_clock_mono_us() - c->begun_us >= us;
}

bool kd_group_commit_sheds(const kd_group_commit *c)
{
    return sync_lasts(c, KD_COMMIT_SHED_US);
}

void kd_group_commit_expire(kd_group_commit *c)
{
    if (c->failed || !sync_lasts(c, KD_COMMIT_SHED_US)) return;
    if (!c->slow_told)
        KD_LOG(KD_WARN, "commit-slow", KD_U64("shard", c->base->index), KD_U64("waiting", c->waiting));
    c->slow_told = true;
    /* Operations are refused meanwhile, but snapshots of central still add rows to the group that gathers. */
    if (kd_edge_gathered_bytes(c->base->edge) > KD_COMMIT_GATHERED_MAX) {
        edge_commit_fail(c, "the disk hangs, and too much waits for it");
        edge_commit_release(c, UINT64_MAX, KD_EIO);
        return;
    }
    if (!c->first || !sync_lasts(c, KD_COMMIT_PATIENCE_US)) return;
    kd_metric_add(&c->base->metrics.expired, c->waiting);
    edge_commit_release(c, UINT64_MAX, KD_ETIMEOUT);
}
