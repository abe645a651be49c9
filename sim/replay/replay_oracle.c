/*
 * replay_oracle.c - one table of pairs, one pass over the log.
 *
 * A pair's slot holds (item + 1) << 32 | user and its state; the table is at most half full.
 */
#include <stdlib.h>

#include "sim/replay/replay_oracle.h"

typedef struct {
    uint64_t pair; /* 0: free */
    bool liked;
    bool ever;
} replay_oracle_row;

typedef struct {
    replay_oracle_row *rows;
    uint64_t mask;
} replay_oracle_rows;

static replay_oracle_row *row_of(replay_oracle_rows *all, const sim_replay_event *e)
{
    uint64_t pair = ((uint64_t)e->item + 1) << 32 | e->user;
    uint64_t spread = pair;
    for (uint64_t i = kd_random_next(&spread);; i++) {
        replay_oracle_row *r = &all->rows[i & all->mask];
        if (r->pair == 0) r->pair = pair;
        if (r->pair == pair) return r;
    }
}

static void like(sim_replay_oracle *o, replay_oracle_row *r, uint32_t item)
{
    o->likes++;
    o->like_events[item]++;
    if (r->liked) {
        o->repeated_likes++;
        return;
    }
    if (r->ever) {
        o->likes_again++;
    } else {
        o->first_likes++;
        o->likers[item]++;
    }
    r->liked = r->ever = true;
    o->counts[item]++;
}

static void unlike(sim_replay_oracle *o, replay_oracle_row *r, uint32_t item)
{
    if (!r->liked) {
        o->idle_unlikes++;
        return;
    }
    o->unlikes++;
    r->liked = false;
    o->counts[item]--;
}

static void sum_up(sim_replay_oracle *o)
{
    for (uint32_t i = 0; i < o->items; i++) {
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
    replay_oracle_rows all = {.mask = 1023};
    while (all.mask < 2 * (uint64_t)log->count) all.mask = all.mask * 2 + 1;
    all.rows = kd_alloc((all.mask + 1) * sizeof *all.rows);
    for (uint32_t i = 0; i < log->count; i++) {
        const sim_replay_event *e = &log->events[i];
        if (e->liked)
            like(o, row_of(&all, e), e->item);
        else
            unlike(o, row_of(&all, e), e->item);
    }
    free(all.rows);
    sum_up(o);
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
