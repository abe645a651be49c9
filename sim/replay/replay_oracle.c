/* replay_oracle.c - one pass over the log: each event is its pair's last word until the next one. */
#include "sim/replay/replay_oracle.h"

#include <stdlib.h>

#include "sim/oracle/oracle.h"

enum { LIKE_COUNTER = 0 }; /* a log has likes alone */

typedef struct {
    sim_replay_oracle *out;
    sim_oracle *said;
    bool *ever; /* by the pair's number: was liked at some time */
    uint32_t ever_cap;
} replay_oracle_reader;

static void replay_oracle_like(replay_oracle_reader *r, uint32_t pair, uint32_t item)
{
    sim_replay_oracle *o = r->out;
    o->likes++;
    o->like_events[item]++;
    if (sim_oracle_at(r->said, pair).verdict == ORACLE_MUST) {
        o->repeated_likes++;
        return;
    }
    KD_ASSERT(r->ever); /* it has grown with the first pair */
    if (r->ever[pair]) {
        o->likes_again++;
    } else {
        o->first_likes++;
        o->likers[item]++;
    }
    r->ever[pair] = true;
    sim_oracle_say(r->said, pair, ORACLE_MUST);
}

static void replay_oracle_unlike(replay_oracle_reader *r, uint32_t pair)
{
    if (sim_oracle_at(r->said, pair).verdict == ORACLE_MUST_NOT)
        r->out->idle_unlikes++;
    else
        r->out->unlikes++;
    sim_oracle_say(r->said, pair, ORACLE_MUST_NOT);
}

static void replay_oracle_read(replay_oracle_reader *r, const sim_replay_event *e)
{
    uint32_t before = sim_oracle_count(r->said);
    uint32_t pair = sim_oracle_obtain(r->said, LIKE_COUNTER, e->item, e->user);
    if (pair == before) { /* new */
        r->ever = kd_grow(r->ever, pair, &r->ever_cap, sizeof *r->ever);
        r->ever[pair] = false;
    }
    if (e->liked)
        replay_oracle_like(r, pair, e->item);
    else
        replay_oracle_unlike(r, pair);
}

static void replay_oracle_sum_up(sim_replay_oracle *o, const sim_oracle *said)
{
    for (uint32_t i = 0; i < o->items; i++) {
        o->counts[i] = sim_oracle_bounds_of(said, LIKE_COUNTER, i).least;
        o->pairs += o->counts[i];
        o->liked_items += o->like_events[i] > 0;
        o->naive_wrong += o->like_events[i] != o->counts[i];
    }
}

void sim_replay_oracle_init(sim_replay_oracle *o, const sim_replay_log *log)
{
    *o = (sim_replay_oracle){.items = log->items.count};
    o->counts = kd_alloc((o->items + 1) * sizeof *o->counts);
    o->likers = kd_alloc((o->items + 1) * sizeof *o->likers);
    o->like_events = kd_alloc((o->items + 1) * sizeof *o->like_events);
    replay_oracle_reader r = {.out = o, .said = sim_oracle_create()};
    for (uint32_t i = 0; i < log->count; i++) replay_oracle_read(&r, &log->events[i]);
    replay_oracle_sum_up(o, r.said);
    sim_oracle_destroy(r.said);
    free(r.ever);
}

static bool oracle_before(const sim_replay_oracle *o, const sim_replay_log *log, uint32_t a, uint32_t b)
{
    if (o->counts[a] != o->counts[b]) return o->counts[a] > o->counts[b];
    return strcmp(sim_names_at(&log->items, a), sim_names_at(&log->items, b)) < 0;
}

uint32_t sim_replay_oracle_top(const sim_replay_oracle *o, const sim_replay_log *log, uint32_t *top,
                               uint32_t n)
{
    uint32_t count = 0;
    for (uint32_t item = 0; item < o->items && n > 0; item++) {
        if (count == n && !oracle_before(o, log, item, top[n - 1])) continue;
        uint32_t at = count < n ? count++ : n - 1;
        for (; at > 0 && oracle_before(o, log, item, top[at - 1]); at--) top[at] = top[at - 1];
        top[at] = item;
    }
    return count;
}

void sim_replay_oracle_finish(sim_replay_oracle *o)
{
    free(o->counts);
    free(o->likers);
    free(o->like_events);
}
