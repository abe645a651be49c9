/*
 * swarm_forget.c - edges forget rows and central forgets tombstones, as much and as soon as the rules allow; edges are retired and taken back.
 *
 * Combinations that the rules leave open (protocol, rules 21 to 23) would report violations that are none, so they are not drawn:
 * - no tombstone is forgotten where an edge is copied, since batches that it moves may be older than the floor (draw_halted), nor where an edge loses its disk
 *   and clocks jump;
 * - no row is forgotten where central is emptied, which no backup undoes; and `backups none` is not drawn where a backup is put back;
 * - no edge is retired where central goes back, but in sim_swarm_retired_twice: what central had merged of it nobody can send again until it is
 *   taken back.
 */
#include "sim/hunt/swarm_draw.h"

static uint32_t clock_events(const sim_scenario *s)
{
    uint32_t n = 0;
    for (sim_scenario_kind k = SCENARIO_CLOCK_STEP; k <= SCENARIO_CLOCK_SWING; k++)
        n += sim_swarm_events(s, k, true) + sim_swarm_events(s, k, false);
    return n;
}

static bool central_goes_back(const sim_scenario *s)
{
    return sim_swarm_events(s, SCENARIO_RESTORE, true) + sim_swarm_events(s, SCENARIO_WIPE, true) +
               sim_swarm_events(s, SCENARIO_SECOND, true) >
           0;
}

static bool edge_goes_back(const sim_scenario *s)
{
    return sim_swarm_events(s, SCENARIO_RESTORE, false) + sim_swarm_events(s, SCENARIO_WIPE, false) > 0;
}

static void draw_memory(sim_swarm *d)
{
    sim_scenario *s = d->s;
    if (sim_swarm_chance(d, 60)) s->forget_rows_us = PICK(d, 1, MS, SECOND);
    if (sim_swarm_chance(d, 60)) s->forget_tombstones_us = PICK(d, 1, MS, SECOND);
    s->backups_none = s->forget_rows_us && sim_swarm_chance(d, 40) && !central_goes_back(s);
    if (sim_swarm_events(s, SCENARIO_WIPE, true)) s->forget_rows_us = 0;
    if (sim_swarm_events(s, SCENARIO_COPY, false) || (edge_goes_back(s) && clock_events(s)))
        s->forget_tombstones_us = 0;
}

static uint64_t moment(sim_swarm *d)
{
    return sim_swarm_below(d, d->s->length_us / MS) * MS;
}

/* The floor moves on without the retired edge, so the likes that it sends when it is taken back lie below the floor. Many users and items:
 * central has no row of most. */
static void leave_behind(sim_swarm *d)
{
    sim_scenario *s = d->s;
    s->forget_tombstones_us = PICK(d, 1, MS);
    s->drift_us = 50 * MS;
    s->flush_interval_us = sim_swarm_scaled(d, 50 * MS, 300 * MS, 10 * MS);
    s->users.users = (uint32_t)sim_swarm_between(d, 8, 30);
    s->users.items = (uint32_t)sim_swarm_between(d, 8, 30);
    s->users.per_second = (double)sim_swarm_between(d, 5, 40);
}

/* Often the retired edge was only cut off, and holds likes that central lacks. */
static void draw_retired(sim_swarm *d)
{
    int who = (int)sim_swarm_below(d, d->s->edge_count);
    if (sim_swarm_chance(d, 50) && d->s->edge_count > 1 && clock_events(d->s) == 0) leave_behind(d);
    uint64_t at = moment(d), away = sim_swarm_scaled(d, SECOND, 20ull * SECOND, 10 * MS);
    sim_scenario_event cut =
        sim_swarm_event(sim_swarm_chance(d, 60) ? SCENARIO_CUT : SCENARIO_KILL, who, at, 2 * away);
    if (cut.kind == SCENARIO_CUT) cut.peer = SCENARIO_KAFKA;
    cut.at_us -= KD_MIN(cut.at_us, away / 2);
    if (sim_swarm_chance(d, 40)) { /* nobody hears of it before it is retired */
        cut = sim_swarm_event(SCENARIO_CUT, who, 0, at + away);
        cut.peer = SCENARIO_KAFKA;
    }
    if (sim_swarm_chance(d, 80)) sim_swarm_add(d, cut);
    sim_swarm_add(d, sim_swarm_event(SCENARIO_RETIRE, who, at, 0));
    if (sim_swarm_chance(d, 60))
        sim_swarm_add(d, sim_swarm_event(SCENARIO_READMIT, who,
                                         at + sim_swarm_scaled(d, SECOND, 30ull * SECOND, 10 * MS), 0));
}

/* An edge's disk is copied with likes that were not sent yet. The edge sends them later, users withdraw them, and then the disk is put back: it
 * sends them again. */
static void draw_stale(sim_swarm *d)
{
    sim_scenario *s = d->s;
    int who = (int)sim_swarm_below(d, s->edge_count);
    s->users.users = (uint32_t)sim_swarm_between(d, 2, 8);
    s->users.items = (uint32_t)sim_swarm_between(d, 1, 4);
    s->users.per_second = (double)sim_swarm_between(d, 10, 40);
    s->users.roam_percent = 50;
    s->drift_us = 50 * MS;
    s->flush_interval_us = sim_swarm_scaled(d, 50 * MS, 300 * MS, 10 * MS);
    s->snapshot_interval_us = sim_swarm_scaled(d, 50 * MS, 300 * MS, 10 * MS);
    s->forget_tombstones_us = PICK(d, 1, MS);
    for (uint64_t n = sim_swarm_between(d, 1, 3), at = moment(d) / 2; n > 0; n--) {
        sim_scenario_event cut =
            sim_swarm_event(SCENARIO_CUT, who, at, sim_swarm_between(d, 10, 50) * 100 * MS);
        cut.way = SCENARIO_UP;
        cut.peer = SCENARIO_KAFKA;
        uint64_t copied = at + cut.for_us - sim_swarm_between(d, 5, 9) * 100 * MS;
        sim_swarm_add(d, cut);
        sim_swarm_add(d, sim_swarm_event(SCENARIO_BACKUP, who, copied, 0));
        sim_swarm_add(
            d, sim_swarm_event(SCENARIO_KILL, who, copied + sim_swarm_between(d, 1, 5) * 10 * MS, 100 * MS));
        at += cut.for_us + sim_swarm_scaled(d, 2ull * SECOND, 12ull * SECOND, 10 * MS);
        if (copied < s->length_us) sim_swarm_add(d, sim_swarm_event(SCENARIO_RESTORE, who, at, 100 * MS));
        at += sim_swarm_between(d, 1, 5) * SECOND;
    }
}

/* Where an edge is copied the floor rises, until the alarm halts it, and stays below all that was said: no tombstone goes in the time of the run. */
static void draw_halted(uint64_t seed, sim_scenario *s)
{
    sim_swarm d = {.random = seed ^ UINT64_C(0x68616c746564), .s = s};
    bool copied = sim_swarm_events(s, SCENARIO_COPY, false) > 0;
    if (copied && !central_goes_back(s) && sim_swarm_chance(&d, 60))
        s->forget_tombstones_us = 3 * s->length_us;
}

void sim_swarm_forget(uint64_t seed, sim_scenario *s)
{
    sim_swarm d = {.random = seed ^ UINT64_C(0x666f72676574), .s = s};
    if (sim_swarm_chance(&d, 50)) draw_memory(&d);
    bool calm = !central_goes_back(s) && sim_swarm_events(s, SCENARIO_COPY, false) == 0;
    if (calm && sim_swarm_chance(&d, 30)) draw_retired(&d);
    if (calm && clock_events(s) == 0 && s->edge_count > 1 && sim_swarm_chance(&d, 70)) draw_stale(&d);
    draw_halted(seed, s);
}

/* An edge is cut off and retired, and a backup of central is made meanwhile. It is taken back, all its likes are merged, and it is retired once
 * more. It hears what it may forget; then the backup is put back and the log is gone. In the end the edge is taken back again. */
static void draw_retired_twice(sim_swarm *d)
{
    sim_scenario *s = d->s;
    int who = (int)sim_swarm_below(d, 2);
    uint64_t at = sim_swarm_between(d, 4, 8) * SECOND, cut_for = sim_swarm_between(d, 6, 12) * SECOND;
    sim_scenario_event cut = sim_swarm_event(SCENARIO_CUT, who, at, cut_for);
    cut.way = SCENARIO_UP;
    cut.peer = SCENARIO_KAFKA;
    sim_swarm_add(d, cut);
    sim_swarm_add(d, sim_swarm_event(SCENARIO_RETIRE, who, at + sim_swarm_between(d, 5, 20) * 100 * MS, 0));
    sim_swarm_add(d, sim_swarm_event(SCENARIO_BACKUP, SCENARIO_CENTRAL,
                                     at + sim_swarm_between(d, 30, 50) * 100 * MS, 0));
    at += cut_for + sim_swarm_between(d, 1, 20) * 100 * MS;
    sim_swarm_add(d, sim_swarm_event(SCENARIO_READMIT, who, at, 0));
    at += sim_swarm_between(d, 5, 12) * SECOND;
    sim_swarm_add(d, sim_swarm_event(SCENARIO_RETIRE, who, at, 0));
    for (uint64_t n = sim_swarm_between(d, 1, 2); n > 0; n--) {
        at += sim_swarm_between(d, 1, 5) * SECOND;
        sim_swarm_add(d, sim_swarm_event(SCENARIO_RESTORE, SCENARIO_CENTRAL, at, 100 * MS));
        sim_swarm_add(d, sim_swarm_event(SCENARIO_LOG_RECREATED, SCENARIO_KAFKA, at, 0));
        sim_swarm_add(d,
                      sim_swarm_event(SCENARIO_READMIT, who, at + sim_swarm_between(d, 5, 30) * 100 * MS, 0));
    }
    s->length_us = at + 5ull * SECOND;
}

void sim_swarm_retired_twice(uint64_t seed, sim_scenario *s)
{
    sim_swarm d = {.random = seed ^ UINT64_C(0x7477696365), .s = s};
    if (!sim_swarm_chance(&d, 5) || s->edge_count < 2) return;
    sim_swarm_alone(&d, 2);
    s->length_us = 60ull * SECOND;
    s->drift_us = 50 * MS;
    s->forget_rows_us = PICK(&d, 1, MS);
    s->forget_tombstones_us = 0;
    s->backups_none = false;
    s->users.users = (uint32_t)sim_swarm_between(&d, 4, 12);
    s->users.items = (uint32_t)sim_swarm_between(&d, 3, 8);
    s->users.per_second = (double)sim_swarm_between(&d, 10, 30);
    draw_retired_twice(&d);
    s->users.viral_from_us = KD_MIN(s->users.viral_from_us, s->length_us);
}
