/*
 * shrink.c - a candidate is a copy with something less; where it still fails it becomes the best so far. Passes are repeated until
 * none of them finds anything.
 */
#include "sim/hunt/shrink.h"

#include <stdlib.h>

enum { SEEDS_TRIED = 12, ROUNDS_MAX = 6 };

typedef struct {
    const sim_shrink_trial *trial;
    sim_scenario best;
    uint64_t seed;
} shrinker;

static bool shrink_tired(const shrinker *k)
{
    return k->trial->tired(k->trial->arg);
}

/* Takes the candidate over, one way or the other. */
static bool try_it(shrinker *k, sim_scenario *candidate)
{
    bool fails = !shrink_tired(k) && k->trial->fails(k->trial->arg, candidate, k->seed);
    sim_scenario *loser = fails ? &k->best : candidate;
    sim_scenario winner = fails ? *candidate : k->best;
    sim_scenario_finish(loser);
    k->best = winner;
    return fails;
}

/* ---- events ---- */

/* Without the events of [from, to). */
static bool try_without(shrinker *k, uint32_t from, uint32_t to)
{
    sim_scenario c;
    sim_scenario_copy(&c, &k->best);
    memmove(c.events + from, c.events + to, (c.event_count - to) * sizeof *c.events);
    c.event_count -= to - from;
    return try_it(k, &c);
}

/* Chunks from half of the events down to one; a chunk that goes makes room for the next at its place. */
static bool fewer_events(shrinker *k)
{
    bool any = false;
    for (uint32_t size = (k->best.event_count + 1) / 2; size > 0; size = size == 1 ? 0 : (size + 1) / 2) {
        uint32_t at = 0;
        while (at < k->best.event_count && !shrink_tired(k)) {
            if (try_without(k, at, KD_MIN(at + size, k->best.event_count)))
                any = true;
            else
                at += size;
        }
    }
    return any;
}

/* ---- who takes part ---- */

static void drop_events_of(sim_scenario *s, int who)
{
    for (uint32_t i = s->event_count; i > 0; i--)
        if (s->events[i - 1].who == who || s->events[i - 1].peer == who) sim_scenario_remove(s, i - 1);
}

static void rename_edges_above(sim_scenario *s, int gone)
{
    for (uint32_t i = 0; i < s->event_count; i++) {
        if (s->events[i].who > gone) s->events[i].who--;
        if (s->events[i].peer > gone) s->events[i].peer--;
    }
    for (uint32_t i = (uint32_t)gone; i + 1 < s->edge_count; i++)
        memcpy(s->edges[i], s->edges[i + 1], sizeof s->edges[i]);
    memset(s->edges[--s->edge_count], 0, sizeof s->edges[0]);
}

static bool fewer_edges(shrinker *k)
{
    bool any = false;
    for (int gone = (int)k->best.edge_count - 1; gone >= 0 && k->best.edge_count > 1; gone--) {
        sim_scenario c;
        sim_scenario_copy(&c, &k->best);
        drop_events_of(&c, gone);
        rename_edges_above(&c, gone);
        any |= try_it(k, &c);
    }
    return any;
}

static bool fewer_parts(shrinker *k)
{
    bool any = false;
    for (uint32_t partitions = 1; partitions < k->best.partitions && !any; partitions *= 2) {
        sim_scenario c;
        sim_scenario_copy(&c, &k->best);
        c.partitions = partitions;
        c.shards = KD_MIN(c.shards, partitions);
        any = try_it(k, &c);
    }
    if (k->best.shards == 1) return any;
    sim_scenario c;
    sim_scenario_copy(&c, &k->best);
    c.shards = 1;
    return try_it(k, &c) || any;
}

static bool fewer_users(shrinker *k)
{
    bool any = false;
    for (bool again = true; again && k->best.users.users > 0;) {
        sim_scenario c;
        sim_scenario_copy(&c, &k->best);
        c.users.users /= 2;
        any |= again = try_it(k, &c);
    }
    return any;
}

/* ---- times ---- */

static uint64_t last_moment(const sim_scenario *s)
{
    uint64_t last = 0;
    for (uint32_t i = 0; i < s->event_count; i++)
        last = KD_MAX(last, s->events[i].at_us + s->events[i].for_us);
    return last;
}

static bool shorter_length(shrinker *k)
{
    uint64_t step = 1000000, wanted = (last_moment(&k->best) / step + 1) * step;
    bool any = false;
    for (int i = 0; i < 3; i++, wanted += step * 5) {
        sim_scenario c;
        if (wanted >= k->best.length_us) break;
        sim_scenario_copy(&c, &k->best);
        c.length_us = wanted;
        c.users.viral_from_us = KD_MIN(c.users.viral_from_us, wanted);
        any = try_it(k, &c);
        if (any) break;
    }
    return any;
}

static bool try_lasting(shrinker *k, uint32_t i, uint64_t for_us)
{
    sim_scenario c;
    sim_scenario_copy(&c, &k->best);
    c.events[i].for_us = for_us;
    return try_it(k, &c);
}

static bool shorter_events(shrinker *k)
{
    bool any = false;
    for (uint32_t i = 0; i < k->best.event_count && !shrink_tired(k); i++)
        while (k->best.events[i].for_us > 200000 && try_lasting(k, i, k->best.events[i].for_us / 2))
            any = true;
    return any;
}

/* Rounded times read better. An event keeps its place among the others. */
static bool try_rounded(shrinker *k, uint32_t i, uint64_t step)
{
    const sim_scenario_event *e = &k->best.events[i];
    uint64_t at = (e->at_us + step / 2) / step * step, lasts = (e->for_us + step / 2) / step * step;
    if (e->for_us > 0 && lasts == 0) lasts = step;
    bool in_place = (i == 0 || e[-1].at_us <= at) && (i + 1 == k->best.event_count || at <= e[1].at_us);
    if ((at == e->at_us && lasts == e->for_us) || !in_place || at > k->best.length_us) return false;
    sim_scenario c;
    sim_scenario_copy(&c, &k->best);
    c.events[i].at_us = at;
    c.events[i].for_us = lasts;
    return try_it(k, &c);
}

static void rounder_times(shrinker *k)
{
    static const uint64_t steps[] = {1000000, 100000, 10000, 1000};
    for (uint32_t i = 0; i < k->best.event_count && !shrink_tired(k); i++)
        for (size_t s = 0; s < KD_COUNT(steps) && !try_rounded(k, i, steps[s]); s++) {
        }
}

/* ---- knobs ---- */

/* Options of the scenario that shrinking sets to their defaults, one at a time. */
#define KNOB(member)                                                                                         \
    {                                                                                                        \
        offsetof(sim_scenario, member), sizeof(((sim_scenario *)0)->member)                                  \
    }
static const struct {
    size_t offset, size;
} knobs[] = {
    KNOB(users.roam_percent),
    KNOB(users.lost_percent),
    KNOB(users.retry_percent),
    KNOB(users.double_percent),
    KNOB(users.viral_percent),
    KNOB(users.zipf),
    KNOB(users.tokens),
    KNOB(users.strange_percent),
    KNOB(outbox_bytes),
    KNOB(room_items),
    KNOB(room_keys),
    KNOB(decides),
    KNOB(closes),
    KNOB(life_us),
    KNOB(life_keep_us),
    KNOB(logged),
    KNOB(drift_us),
    KNOB(flush_ops),
    KNOB(flush_interval_us),
    KNOB(forget_rows_us),
    KNOB(forget_tombstones_us),
    KNOB(snapshot_interval_us),
};

static bool plainer_knobs(shrinker *k)
{
    sim_scenario usual;
    sim_scenario_init(&usual);
    bool any = false;
    for (size_t i = 0; i < KD_COUNT(knobs); i++) {
        const char *from = (const char *)&usual + knobs[i].offset;
        sim_scenario c;
        if (memcmp((const char *)&k->best + knobs[i].offset, from, knobs[i].size) == 0) continue;
        sim_scenario_copy(&c, &k->best);
        memcpy((char *)&c + knobs[i].offset, from, knobs[i].size);
        any |= try_it(k, &c);
    }
    sim_scenario_finish(&usual);
    return any;
}

/* Without users of their own accord, what these would do says nothing. */
static void forget_users(sim_scenario *s)
{
    sim_scenario usual;
    sim_scenario_init(&usual);
    sim_scenario_users *u = &s->users, *d = &usual.users;
    u->users = 0;
    u->items = d->items;
    u->per_second = d->per_second;
    u->zipf = d->zipf;
    u->viral_percent = d->viral_percent;
    u->viral_from_us = d->viral_from_us;
    u->like_percent = d->like_percent;
    u->unlike_percent = d->unlike_percent;
    u->save_percent = d->save_percent;
    u->view_percent = d->view_percent;
    u->roam_percent = d->roam_percent;
    sim_scenario_finish(&usual);
}

bool sim_shrink_explicit(const sim_shrink_trial *t, sim_scenario *s, uint64_t *seed,
                         const sim_scenario_event *operations, uint32_t count)
{
    if (count > SCENARIO_EVENTS_MAX - s->event_count) return false;
    sim_scenario c;
    sim_scenario_copy(&c, s);
    forget_users(&c);
    for (uint32_t i = 0; i < count; i++) sim_scenario_add(&c, &operations[i]);
    uint64_t tried = *seed;
    for (int i = 0; i < SEEDS_TRIED && !t->tired(t->arg); i++, tried++) {
        if (!t->fails(t->arg, &c, tried)) continue;
        sim_scenario_finish(s);
        *s = c;
        *seed = tried;
        return true;
    }
    sim_scenario_finish(&c);
    return false;
}

void sim_shrink(const sim_shrink_trial *t, sim_scenario *s, uint64_t *seed)
{
    shrinker k = {.trial = t, .best = *s, .seed = *seed};
    bool more = true;
    for (int round = 0; more && round < ROUNDS_MAX && !shrink_tired(&k); round++) {
        more = fewer_events(&k);
        more |= fewer_edges(&k);
        more |= fewer_parts(&k);
        more |= fewer_users(&k);
        more |= shorter_length(&k);
        more |= plainer_knobs(&k);
        more |= shorter_events(&k);
    }
    rounder_times(&k);
    *s = k.best;
    *seed = k.seed;
}
