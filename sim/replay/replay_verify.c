/*
 * replay_verify.c - reads every item's count at every edge and at central, round after round, until all are
 * right.
 *
 *     round: bulk reads of all items at every target
 *     right: every count is the oracle's and nothing is pending, at every target, in two rounds in a row
 *
 * One round is not enough, because it takes a while: a target that was right when it was read may have changed before the round's
 * end.
 *
 * The reading is given up early in two cases: central counts more likes of an item than the log can reach; or the store was used before, and for
 * SETTLED_US all targets have had the same wrong counts with nothing pending.
 */
#include <stdlib.h>

#include "common/io/loop/clock.h"
#include "sim/users/bulk.h"
#include "sim/replay/replay.h"

enum { PAUSE_MS = 100, SETTLED_US = 10 * 1000000 };

typedef struct verifier verifier;

typedef struct {
    verifier *owner;
    sim_replay_target *target;
    sim_bulk_read read;
} replay_verify_reader;

struct verifier {
    const sim_replay_log *log;
    const sim_replay_oracle *oracle;
    struct event_base *base;
    sim_replay_check *check;
    struct event *pause;
    uint64_t until_us;
    uint32_t busy;     /* readers that have not finished this round */
    bool agreed;       /* all was right in the round before */
    bool looking;      /* before the first event: one round of central alone */
    int64_t sum;       /* of central's counts in the round before */
    uint64_t still_us; /* since when the targets have agreed and `sum` has not changed */
    replay_verify_reader readers[KD_REPLAY_TARGETS_MAX];
};

static const char *verify_name_of(void *arg, uint32_t item, char room[KD_BULK_NAME_MAX])
{
    (void)room;
    const replay_verify_reader *r = arg;
    return sim_names_at(&r->owner->log->items, item);
}

static void verify_take(void *arg, uint32_t item, const int64_t *count, uint64_t pending)
{
    replay_verify_reader *r = arg;
    sim_replay_target_take(r->target, r->owner->oracle, item, count, pending);
}

static int64_t sum_of(const verifier *v)
{
    const int64_t *central = v->check->targets[v->check->count - 1].counts;
    int64_t sum = 0;
    for (uint32_t i = 0; i < v->log->items.count; i++) sum += central[i];
    return sum;
}

/* After a round that was not right: true when the wrong counts have stopped changing, and no further round can help. */
static bool verify_settled(verifier *v, uint64_t now_us)
{
    const sim_replay_check *c = v->check;
    int64_t sum = sum_of(v);
    bool still = c->used > 0 && c->readable && c->pending == 0 && sum == v->sum &&
                 sim_replay_targets_agree(c, v->log->items.count);
    if (!still) v->still_us = now_us;
    v->sum = sum;
    return now_us - v->still_us >= SETTLED_US;
}

static void verify_end_round(verifier *v)
{
    const struct timeval pause = {.tv_sec = 0, .tv_usec = PAUSE_MS * 1000};
    bool agreed = sim_replay_judge(v->check, v->oracle);
    uint64_t now = kd_clock_mono_us();
    if (agreed && !v->agreed) v->check->converged_us = now;
    v->check->right = agreed && v->agreed;
    v->agreed = agreed;
    v->check->settled = !agreed && verify_settled(v, now);
    if (v->check->right || v->check->beyond || v->check->settled || (!agreed && now >= v->until_us))
        event_base_loopbreak(v->base);
    else
        event_add(v->pause, &pause);
}

static void verify_done(void *arg, int error)
{
    replay_verify_reader *r = arg;
    r->target->error = error;
    verifier *v = r->owner;
    if (--v->busy > 0) return;
    if (v->looking)
        event_base_loopbreak(v->base);
    else
        verify_end_round(v);
}

static void begin_read(verifier *v, uint32_t target)
{
    replay_verify_reader *r = &v->readers[target];
    *r = (replay_verify_reader){.owner = v, .target = &v->check->targets[target]};
    r->read =
        (sim_bulk_read){.hooks = {.name = verify_name_of, .take = verify_take, .done = verify_done, .arg = r},
                        .client = r->target->client,
                        .items = v->log->items.count};
    sim_replay_target_begin(r->target);
    sim_bulk_read_start(&r->read);
}

static void verify_begin_round(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    verifier *v = arg;
    const uint32_t targets = v->check->count;
    /* A reader that fails at once must not end the round before all readers have begun: so this function counts as one more. */
    v->busy = targets + 1;
    for (uint32_t i = 0; i < targets; i++) begin_read(v, i);
    if (--v->busy == 0) verify_end_round(v);
}

void sim_replay_look(const sim_replay_log *log, const sim_replay_oracle *oracle, struct event_base *base,
                     sim_replay_check *check)
{
    verifier *v = kd_alloc(sizeof *v);
    const uint32_t central = check->count - 1;
    *v = (verifier){.log = log, .oracle = oracle, .base = base, .check = check, .looking = true, .busy = 2};
    for (uint32_t i = 0; i < check->count; i++)
        check->targets[i].counts = kd_alloc((log->items.count + 1) * sizeof(int64_t));
    begin_read(v, central);
    if (--v->busy > 0) event_base_dispatch(base);
    sim_replay_judge_before(check, oracle);
    check->targets[central].error = 0;
    free(v);
}

void sim_replay_verify(const sim_replay_log *log, const sim_replay_oracle *oracle, struct event_base *base,
                       sim_replay_check *check, uint64_t until_us)
{
    verifier *v = kd_alloc(sizeof *v);
    *v = (verifier){.log = log, .oracle = oracle, .base = base, .check = check, .until_us = until_us};
    check->begun = true;
    v->pause = evtimer_new(base, verify_begin_round, v);
    KD_ASSERT(v->pause != NULL);
    event_active(v->pause, 0, 0);
    event_base_dispatch(base);
    event_free(v->pause);
    free(v);
}

void sim_replay_check_finish(sim_replay_check *check)
{
    for (uint32_t i = 0; i < check->count; i++) free(check->targets[i].counts);
}
