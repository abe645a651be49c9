/*
 * swarm_closed.c - an operator closes items, opens them and deletes some (rule 27), or their life does (rule 29). Edges are cut off meanwhile: what they took before the close comes after
 * it, and they go on taking what does not count. Central dies or is restored between a decision and what it was made about.
 */
#include "sim/hunt/swarm_draw.h"

#include <stdio.h>

/* What reaches the log late was stamped long before: behind a close, behind an opening, behind the end of a deletion. */
static void draw_late(sim_swarm *d, uint64_t at)
{
    int edge = (int)sim_swarm_below(d, d->s->edge_count);
    sim_scenario_event cut =
        sim_swarm_event(SCENARIO_CUT, edge, at, sim_swarm_between(d, 10, 100) * 100 * MS);
    cut.peer = PICK(d, 0, 1) ? SCENARIO_KAFKA : SCENARIO_NOBODY;
    cut.way = SCENARIO_BOTH;
    sim_swarm_add(d, cut);
}

static void draw_end(sim_swarm *d, uint64_t at)
{
    static const sim_scenario_kind kinds[] = {SCENARIO_KILL, SCENARIO_KILL, SCENARIO_RESTART,
                                              SCENARIO_RESTORE, SCENARIO_SECOND};
    sim_scenario_kind kind = kinds[sim_swarm_below(d, KD_COUNT(kinds))];
    if (kind == SCENARIO_RESTORE)
        sim_swarm_add(d, sim_swarm_event(SCENARIO_BACKUP, SCENARIO_CENTRAL,
                                         at - sim_swarm_between(d, 5, 25) * 100 * MS, 0));
    uint64_t lasts = kind == SCENARIO_RESTART ? 0 : sim_swarm_between(d, 2, 20) * 100 * MS;
    sim_swarm_add(d, sim_swarm_event(kind, SCENARIO_CENTRAL, at, lasts));
    if (kind != SCENARIO_RESTORE || !sim_swarm_chance(d, 40)) return;
    sim_scenario_event gone = sim_swarm_event(SCENARIO_LOG_EXPIRED, SCENARIO_KAFKA, at + lasts / 2, 0);
    gone.topic = sim_swarm_chance(d, 75) ? SCENARIO_LIKES : SCENARIO_COUNTS;
    gone.amount = (int64_t)sim_swarm_below(d, 20);
    sim_swarm_add(d, gone);
}

static void draw_edge_end(sim_swarm *d, uint64_t at)
{
    int edge = (int)sim_swarm_below(d, d->s->edge_count);
    bool lost = sim_swarm_chance(d, 25);
    sim_swarm_add(d, sim_swarm_event(lost ? SCENARIO_WIPE : SCENARIO_KILL, edge, at,
                                     sim_swarm_between(d, 2, 30) * 100 * MS));
}

/* Snapshots do not reach the edge: it misses a close or an opening. */
static void draw_missed(sim_swarm *d, uint64_t at)
{
    sim_scenario_event late = sim_swarm_event(SCENARIO_LOG_EXPIRED, SCENARIO_KAFKA, at, 0);
    int edge = (int)sim_swarm_below(d, d->s->edge_count);
    uint64_t lasts = sim_swarm_between(d, 20, 80) * 100 * MS;
    sim_scenario_event cut = sim_swarm_event(SCENARIO_CUT, edge, at, lasts);
    cut.peer = SCENARIO_KAFKA;
    cut.way = SCENARIO_DOWN;
    sim_swarm_add(d, cut);
    late.topic = SCENARIO_COUNTS;
    late.at_us += lasts - 100 * MS;
    sim_swarm_add(d, late);
}

/* By name: an order of the scenario, which is not given up. */
static void draw_order(sim_swarm *d, sim_scenario_kind kind, uint64_t from_us)
{
    sim_scenario_event e =
        sim_swarm_event(kind, SCENARIO_CENTRAL, from_us + sim_swarm_between(d, 0, 100) * 100 * MS, 0);
    snprintf(e.item, sizeof e.item, "posts/%u", (unsigned)sim_swarm_below(d, d->s->users.items));
    if (e.at_us < d->s->length_us) sim_swarm_add(d, e);
}

static void draw_orders(sim_swarm *d)
{
    if (sim_swarm_chance(d, 60)) draw_order(d, SCENARIO_CLOSE, 1 * SECOND);
    if (sim_swarm_chance(d, 60)) draw_order(d, SCENARIO_OPEN, 4 * SECOND);
    if (sim_swarm_chance(d, 50)) draw_order(d, SCENARIO_DELETE, 2 * SECOND);
}

static void draw_closing_users(sim_swarm *d)
{
    sim_scenario *s = d->s;
    s->length_us = sim_swarm_between(d, 30, 60) * SECOND;
    s->drift_us = PICK(d, 50, 200) * MS;
    s->users.users = (uint32_t)sim_swarm_between(d, 3, 12);
    if (s->life_us == 0) s->users.items = (uint32_t)sim_swarm_between(d, 2, 8);
    s->users.per_second = (double)sim_swarm_between(d, 5, 25);
    s->users.like_percent = 50;
    s->users.unlike_percent = 25;
    s->users.view_percent = 15;
    s->users.save_percent = 10;
    s->users.viral_percent = 0;
    s->users.viral_from_us = 0;
}

/* In some of these runs the operator leaves all to the lives of items (rule 29). */
static void draw_life(sim_swarm *d)
{
    d->s->closes = sim_swarm_chance(d, 50);
    d->s->life_us = sim_swarm_between(d, 3, 20) * SECOND;
    d->s->life_keep_us = sim_swarm_chance(d, 70) ? sim_swarm_between(d, 2, 15) * SECOND : 0;
    d->s->users.items = (uint32_t)sim_swarm_between(d, 8, 20); /* many end, and others are to begin */
}

void sim_swarm_closed(uint64_t seed, sim_scenario *s)
{
    sim_swarm d = {.random = seed ^ UINT64_C(0x636c6f736564), .s = s};
    if (!sim_swarm_chance(&d, 10)) return;
    s->closes = true;
    if (sim_swarm_chance(&d, 35)) draw_life(&d);
    if (s->decides || sim_swarm_chance(&d, 30)) { /* among all that goes wrong in this run */
        draw_orders(&d);
        return;
    }
    sim_swarm_alone(&d, PICK(&d, 1, 2));
    draw_closing_users(&d);
    draw_orders(&d);
    s->forget_rows_us = 0;
    s->forget_tombstones_us = sim_swarm_chance(&d, 30) ? sim_swarm_between(&d, 1, 3) * SECOND : 0;
    for (uint64_t at = 3 * SECOND; at < 50 * SECOND; at += sim_swarm_between(&d, 20, 80) * 100 * MS) {
        if (sim_swarm_chance(&d, 60)) draw_late(&d, at);
        if (sim_swarm_chance(&d, 30)) draw_end(&d, at);
        if (sim_swarm_chance(&d, 20)) draw_edge_end(&d, at);
        if (sim_swarm_chance(&d, 20)) draw_missed(&d, at);
    }
}
