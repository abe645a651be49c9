/*
 * swarm_decided.c - an operator decides (rules 24, 25, 28), in most runs while central dies and comes back, and while what it wrote reaches the log late:
 * so a decision stands behind the claim of the central that followed. In the others edges are cut off now and then.
 */
#include "sim/hunt/swarm_draw.h"

#include <stdio.h>

/* Somebody takes central's place: itself after a kill, or a second one beside it. */
static void draw_late_writes(sim_swarm *d, uint64_t at)
{
    sim_scenario_event late = sim_swarm_event(SCENARIO_DELAY, SCENARIO_CENTRAL, at, 3 * SECOND);
    late.peer = SCENARIO_KAFKA;
    late.way = SCENARIO_UP;
    late.amount = (int64_t)sim_swarm_between(d, 20, 100) * 10 * MS;
    late.spread_us = (uint64_t)late.amount;
    sim_swarm_add(d, late);
    uint64_t then = at + sim_swarm_between(d, 50, 200) * 10 * MS;
    bool second = sim_swarm_chance(d, 50);
    uint64_t lasts = second ? sim_swarm_between(d, 20, 40) * 100 * MS : sim_swarm_between(d, 5, 20) * 10 * MS;
    sim_swarm_add(d,
                  sim_swarm_event(second ? SCENARIO_SECOND : SCENARIO_KILL, SCENARIO_CENTRAL, then, lasts));
}

/* What an edge took comes when the operator has decided: late likes of erased users, and of withdrawn ones. */
static void draw_cut_edges(sim_swarm *d)
{
    for (uint64_t at = 4 * SECOND; at < d->s->length_us; at += sim_swarm_between(d, 80, 160) * 100 * MS) {
        int who = (int)sim_swarm_between(d, 0, d->s->edge_count - 1);
        uint64_t lasts = sim_swarm_between(d, 20, 60) * 100 * MS;
        sim_scenario_event cut = sim_swarm_event(SCENARIO_CUT, who, at, lasts);
        cut.peer = SCENARIO_KAFKA;
        sim_swarm_add(d, cut);
    }
}

static void draw_deciding_users(sim_swarm *d)
{
    sim_scenario *s = d->s;
    s->length_us = sim_swarm_between(d, 30, 60) * SECOND;
    s->drift_us = PICK(d, 50, 200) * MS;
    s->users.users = (uint32_t)sim_swarm_between(d, 3, 10);
    s->users.items = (uint32_t)sim_swarm_between(d, 1, 8);
    s->users.per_second = (double)sim_swarm_between(d, 5, 25);
    s->users.like_percent = 60;
    s->users.unlike_percent = 40;
    s->users.view_percent = s->users.save_percent = 0;
    s->users.viral_percent = 0;
    s->users.viral_from_us = 0;
}

/* The operator is told by name whom to void, to put back and to erase, and what to import, instead of deciding by himself. */
static void draw_orders(sim_swarm *d)
{
    sim_scenario *s = d->s;
    for (uint64_t at = 2 * SECOND; at < s->length_us; at += sim_swarm_between(d, 10, 60) * 100 * MS) {
        static const sim_scenario_kind kinds[] = {SCENARIO_VOID, SCENARIO_VOID, SCENARIO_PUT_BACK,
                                                  SCENARIO_ERASE, SCENARIO_IMPORT};
        sim_scenario_event e =
            sim_swarm_event(kinds[sim_swarm_below(d, KD_COUNT(kinds))], SCENARIO_CENTRAL, at, 0);
        uint32_t user = (uint32_t)sim_swarm_below(d, KD_MIN(KD_MAX(s->users.users, 1u), 8u));
        if (e.kind == SCENARIO_IMPORT) {
            e.amount = (int64_t)sim_swarm_between(d, 1, 20);
            snprintf(e.item, sizeof(e.item), "posts/%u",
                     (uint32_t)sim_swarm_below(d, KD_MAX(s->users.items, 1u)));
        } else {
            snprintf(e.user, sizeof(e.user), "u%u", user);
        }
        bool room = sim_swarm_events(s, SCENARIO_VOID, true) < SCENARIO_ORDERS_MAX &&
                    sim_swarm_events(s, SCENARIO_ERASE, true) < SCENARIO_ORDERS_MAX;
        if (room) sim_swarm_add(d, e);
    }
    s->decides = false;
}

/* An operator imports sums, mostly the same ones again, among whatever goes wrong in this run. */
static void draw_imported_views(sim_swarm *d)
{
    sim_scenario *s = d->s;
    uint64_t imports = sim_swarm_between(d, 3, 8);
    for (uint64_t i = 0; i < imports; i++) {
        sim_scenario_event e =
            sim_swarm_event(SCENARIO_IMPORT, SCENARIO_CENTRAL, sim_swarm_below(d, s->length_us), 0);
        e.counter = SCENARIO_VIEW;
        e.amount = (int64_t)sim_swarm_between(d, 5, 6);
        snprintf(e.item, sizeof(e.item), "posts/%u",
                 (uint32_t)sim_swarm_below(d, KD_MIN(KD_MAX(s->users.items, 1u), 2u)));
        sim_swarm_add(d, e);
    }
}

static void draw_who_decides(sim_swarm *d)
{
    d->s->decides = true;
    if (sim_swarm_chance(d, 30)) draw_orders(d);
}

/* A user is erased by name behind a backup, which has him, and may be put back. */
static void draw_erased_behind_a_backup(sim_swarm *d)
{
    sim_scenario *s = d->s;
    uint64_t at = 2 * SECOND + sim_swarm_below(d, s->length_us / 2);
    sim_scenario_event e = sim_swarm_event(SCENARIO_ERASE, SCENARIO_CENTRAL, at + 2 * SECOND, 0);
    snprintf(e.user, sizeof(e.user), "u%u",
             (uint32_t)sim_swarm_below(d, KD_MIN(KD_MAX(s->users.users, 1u), 8u)));
    sim_swarm_add(d, sim_swarm_event(SCENARIO_BACKUP, SCENARIO_CENTRAL, at, 0));
    if (s->length_us > at + 2 * SECOND) sim_swarm_add(d, e);
}

static void draw_deciding_world(sim_swarm *d)
{
    sim_scenario *s = d->s;
    sim_swarm_alone(d, PICK(d, 1, 2));
    draw_deciding_users(d);
    s->forget_rows_us = 0;
    s->forget_tombstones_us = sim_swarm_chance(d, 50) ? sim_swarm_between(d, 1, 3) * SECOND : 0;
    bool cut = sim_swarm_chance(d, 30);
    if (cut) draw_cut_edges(d);
    if (cut) return;
    for (uint64_t at = 3 * SECOND; at < 45 * SECOND; at += sim_swarm_between(d, 40, 80) * 100 * MS)
        draw_late_writes(d, at);
}

void sim_swarm_decided(uint64_t seed, sim_scenario *s)
{
    sim_swarm d = {.random = seed ^ UINT64_C(0x646563696465), .s = s};
    bool decides = sim_swarm_chance(&d, 8);
    if (!s->logged && !decides && sim_swarm_chance(&d, 10)) draw_imported_views(&d);
    if (!s->logged && !decides && sim_swarm_chance(&d, 6)) draw_erased_behind_a_backup(&d);
    if (s->logged || !decides) return;
    if (!sim_swarm_chance(&d, 30)) draw_deciding_world(&d); /* else among all that goes wrong in this run */
    draw_who_decides(&d);
}
