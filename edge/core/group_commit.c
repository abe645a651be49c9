/* group_commit.c - see the header. */
#include "kudos/group_commit.h"

void kd_group_commit_init(kd_group_commit *c, kd_edge *edge)
{
    *c = (kd_group_commit){.edge = edge};
    TAILQ_INIT(&c->waits);
}

/* An operation usually belongs to the group that gathers. A retry may name an earlier group: it joins the last group in the list, and is answered a
 * little later than it could be. */
void kd_group_commit_await(kd_group_commit *c, kd_group_wait *wait, uint64_t group)
{
    const kd_group_wait *last = TAILQ_LAST(&c->waits, kd_group_waits);
    wait->group = last ? KD_MAX(group, last->group) : group;
    TAILQ_INSERT_TAIL(&c->waits, wait, next);
    c->waiting++;
}

static void group_commit_release_up_to(kd_group_commit *c, uint64_t group, int status)
{
    kd_group_wait *wait;
    while ((wait = TAILQ_FIRST(&c->waits)) && wait->group <= group) {
        TAILQ_REMOVE(&c->waits, wait, next);
        c->waiting--;
        wait->fn(wait, status);
    }
}

void kd_group_commit_release(kd_group_commit *c, int status)
{
    group_commit_release_up_to(c, UINT64_MAX, status);
}

static int group_commit_fail(kd_group_commit *c)
{
    c->failed = true;
    kd_group_commit_release(c, KD_EIO);
    return KD_EIO;
}

bool kd_group_commit_wanted(const kd_group_commit *c)
{
    return !c->group && !c->failed && kd_edge_commit_wanted(c->edge);
}

int kd_group_commit_begin(kd_group_commit *c, uint64_t now_us, uint64_t mono_us, const kd_writes **writes)
{
    uint64_t group;
    if (!kd_group_commit_wanted(c)) return KD_ENOTFOUND;
    int err = kd_edge_commit_begin(c->edge, now_us, writes, &group);
    if (err == KD_EIO) return group_commit_fail(c);
    if (err != KD_OK) return KD_ENOTFOUND;
    c->group = group;
    c->begun_us = mono_us;
    c->slow_told = false;
    return KD_OK;
}

int kd_group_commit_end(kd_group_commit *c, int status)
{
    uint64_t group = c->group;
    c->group = 0;
    int err = kd_edge_commit_end(c->edge, group, status);
    if (status != KD_OK || err != KD_OK || c->failed) return group_commit_fail(c);
    c->durable = group;
    return KD_OK;
}

uint32_t kd_group_commit_answer(kd_group_commit *c)
{
    uint32_t before = c->waiting;
    if (!c->failed) group_commit_release_up_to(c, c->durable, KD_OK);
    return before - c->waiting;
}

static bool group_commit_lasts(const kd_group_commit *c, uint64_t mono_us, uint64_t us)
{
    return c->group && mono_us - c->begun_us >= us;
}

int kd_group_commit_admits(const kd_group_commit *c, uint64_t mono_us)
{
    if (c->failed) return KD_EIO;
    return group_commit_lasts(c, mono_us, KD_COMMIT_SHED_US) ? KD_EOVERLOADED : KD_OK;
}

/* Operations are refused meanwhile, but snapshots of central still add rows to the group that gathers: hence the bound. */
kd_sync_state kd_group_commit_look(kd_group_commit *c, uint64_t mono_us)
{
    if (c->failed || !group_commit_lasts(c, mono_us, KD_COMMIT_SHED_US)) return KD_SYNC_IN_TIME;
    if (kd_edge_gathered_bytes(c->edge) > KD_COMMIT_GATHERED_MAX) {
        group_commit_fail(c);
        return KD_SYNC_HOPELESS;
    }
    if (!c->slow_told) {
        c->slow_told = true;
        return KD_SYNC_SLOW;
    }
    if (c->waiting == 0 || !group_commit_lasts(c, mono_us, KD_COMMIT_PATIENCE_US)) return KD_SYNC_IN_TIME;
    kd_group_commit_release(c, KD_ETIMEOUT);
    return KD_SYNC_EXPIRED;
}

uint64_t kd_group_commit_next_us(const kd_group_commit *c)
{
    if (!c->group || c->failed) return UINT64_MAX;
    if (!c->slow_told) return c->begun_us + KD_COMMIT_SHED_US;
    return c->waiting > 0 ? c->begun_us + KD_COMMIT_PATIENCE_US : UINT64_MAX;
}
