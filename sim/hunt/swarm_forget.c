/*
 * swarm_forget.c - as much is forgotten as the rules allow, and as soon. What they leave open (protocol, rules 21 to 23) is not asked for:
 *
 * - tombstones stay where an edge is copied, since what it moves may be older than the floor, and where one loses its disk and clocks jump;
 * - rows stay where central is emptied, which no backup undoes, and backups are kept where one of them is put back;
 * - nobody is retired where central goes back, but in swarm_retired_twice: what he had merged nobody can send again until he is taken back.
 */
#include "sim/hunt/swarm_draw.h"

uint32_t swarm_events(const scenario *s, scenario_kind kind, bool central)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->event_count; i++)
        n += s->events[i].kind == kind && (s->events[i].who == SCENARIO_CENTRAL) == central;
    return n;
}

static uint32_t clock_events(const scenario *s)
{
    uint32_t n = 0;
    for (scenario_kind k = SCENARIO_CLOCK_STEP; k <= SCENARIO_CLOCK_SWING; k++)
        n += swarm_events(s, k, true) + swarm_events(s, k, false);
    return n;
}

static bool central_goes_back(const scenario *s)
{
    return swarm_events(s, SCENARIO_RESTORE, true) + swarm_events(s, SCENARIO_WIPE, true) +
               swarm_events(s, SCENARIO_SECOND, true) >
           0;
}

static bool edge_goes_back(const scenario *s)
{
    return swarm_events(s, SCENARIO_RESTORE, false) + swarm_events(s, SCENARIO_WIPE, false) > 0;
}

static void draw_memory(swarm *d)
{
    scenario *s = d->s;
    if (chance(d, 60)) s->forget_rows_us = PICK(d, 1, MS, SECOND);
    if (chance(d, 60)) s->forget_tombstones_us = PICK(d, 1, MS, SECOND);
    s->backups_none = s->forget_rows_us && chance(d, 40) && !central_goes_back(s);
    if (swarm_events(s, SCENARIO_WIPE, true)) s->forget_rows_us = 0;
    if (swarm_events(s, SCENARIO_COPY, false) || (edge_goes_back(s) && clock_events(s)))
        s->forget_tombstones_us = 0;
}

static scenario_event of_edge(scenario_kind kind, int who, uint64_t at_us, uint64_t for_us)
{
    return (scenario_event){
        .kind = kind, .who = who, .peer = SCENARIO_NOBODY, .at_us = at_us, .for_us = for_us};
}

static uint64_t moment(swarm *d)
{
    return below(d, d->s->length_us / MS) * MS;
}

/* The floor goes on without the edge that is retired, and what it brings when it is taken back lies below: users of whom central has no row. */
static void leave_behind(swarm *d)
{
    scenario *s = d->s;
    s->forget_tombstones_us = PICK(d, 1, MS);
    s->drift_us = 50 * MS;
    s->flush_interval_us = scaled(d, 50 * MS, 300 * MS, 10 * MS);
    s->users.users = (uint32_t)between(d, 8, 30);
    s->users.items = (uint32_t)between(d, 8, 30);
    s->users.per_second = (double)between(d, 5, 40);
}

/* Often it was not gone: cut off, with likes that central has not. */
static void draw_retired(swarm *d)
{
    int who = (int)below(d, d->s->edge_count);
    if (chance(d, 50) && d->s->edge_count > 1 && clock_events(d->s) == 0) leave_behind(d);
    uint64_t at = moment(d), away = scaled(d, SECOND, 20ull * SECOND, 10 * MS);
    scenario_event cut = of_edge(chance(d, 60) ? SCENARIO_CUT : SCENARIO_KILL, who, at, 2 * away);
    if (cut.kind == SCENARIO_CUT) cut.peer = SCENARIO_KAFKA;
    cut.at_us -= KD_MIN(cut.at_us, away / 2);
    if (chance(d, 80)) add(d, cut);
    add(d, of_edge(SCENARIO_RETIRE, who, at, 0));
    if (chance(d, 60))
        add(d, of_edge(SCENARIO_READMIT, who, at + scaled(d, SECOND, 30ull * SECOND, 10 * MS), 0));
}

/* What it had not sent when its disk was copied it sent in another life, others withdrew it, and then it is put back. */
static void draw_stale(swarm *d)
{
    scenario *s = d->s;
    int who = (int)below(d, s->edge_count);
    s->users.users = (uint32_t)between(d, 2, 8);
    s->users.items = (uint32_t)between(d, 1, 4);
    s->users.per_second = (double)between(d, 10, 40);
    s->users.roam_percent = 50;
    s->drift_us = 50 * MS;
    s->flush_interval_us = scaled(d, 50 * MS, 300 * MS, 10 * MS);
    s->snapshot_interval_us = scaled(d, 50 * MS, 300 * MS, 10 * MS);
    s->forget_tombstones_us = PICK(d, 1, MS);
    for (uint64_t n = between(d, 1, 3), at = moment(d) / 2; n > 0; n--) {
        scenario_event cut = of_edge(SCENARIO_CUT, who, at, between(d, 10, 50) * 100 * MS);
        cut.way = SCENARIO_UP;
        cut.peer = SCENARIO_KAFKA;
        uint64_t copied = at + cut.for_us - between(d, 5, 9) * 100 * MS;
        add(d, cut);
        add(d, of_edge(SCENARIO_BACKUP, who, copied, 0));
        add(d, of_edge(SCENARIO_KILL, who, copied + between(d, 1, 5) * 10 * MS, 100 * MS));
        at += cut.for_us + scaled(d, 2ull * SECOND, 12ull * SECOND, 10 * MS);
        if (copied < s->length_us) add(d, of_edge(SCENARIO_RESTORE, who, at, 100 * MS));
        at += between(d, 1, 5) * SECOND;
    }
}

void swarm_forget(uint64_t seed, scenario *s)
{
    swarm d = {.random = seed ^ UINT64_C(0x666f72676574), .s = s};
    if (chance(&d, 50)) draw_memory(&d);
    bool calm = !central_goes_back(s) && swarm_events(s, SCENARIO_COPY, false) == 0;
    if (calm && chance(&d, 30)) draw_retired(&d);
    if (calm && clock_events(s) == 0 && s->edge_count > 1 && chance(&d, 70)) draw_stale(&d);
}

/* It was only cut off. A backup is made meanwhile; then all that it has is merged, it is retired once more, hears what may be forgotten, and the backup is put
 * back, the log gone. In the end it is taken back. */
static void draw_retired_twice(swarm *d)
{
    scenario *s = d->s;
    int who = (int)below(d, 2);
    uint64_t at = between(d, 4, 8) * SECOND, cut_for = between(d, 6, 12) * SECOND;
    scenario_event cut = of_edge(SCENARIO_CUT, who, at, cut_for);
    cut.way = SCENARIO_UP;
    cut.peer = SCENARIO_KAFKA;
    add(d, cut);
    add(d, of_edge(SCENARIO_RETIRE, who, at + between(d, 5, 20) * 100 * MS, 0));
    add(d, of_edge(SCENARIO_BACKUP, SCENARIO_CENTRAL, at + between(d, 30, 50) * 100 * MS, 0));
    at += cut_for + between(d, 1, 20) * 100 * MS;
    add(d, of_edge(SCENARIO_READMIT, who, at, 0));
    at += between(d, 5, 12) * SECOND;
    add(d, of_edge(SCENARIO_RETIRE, who, at, 0));
    for (uint64_t n = between(d, 1, 2); n > 0; n--) {
        at += between(d, 1, 5) * SECOND;
        add(d, of_edge(SCENARIO_RESTORE, SCENARIO_CENTRAL, at, 100 * MS));
        add(d, of_edge(SCENARIO_LOG_RECREATED, SCENARIO_KAFKA, at, 0));
        add(d, of_edge(SCENARIO_READMIT, who, at + between(d, 5, 30) * 100 * MS, 0));
    }
    s->length_us = at + 5ull * SECOND;
}

void swarm_retired_twice(uint64_t seed, scenario *s)
{
    swarm d = {.random = seed ^ UINT64_C(0x7477696365), .s = s};
    if (!chance(&d, 5) || s->edge_count < 2) return;
    swarm_alone(&d, 2);
    s->length_us = 60ull * SECOND;
    s->drift_us = 50 * MS;
    s->forget_rows_us = PICK(&d, 1, MS);
    s->forget_tombstones_us = 0;
    s->backups_none = false;
    s->users.users = (uint32_t)between(&d, 4, 12);
    s->users.items = (uint32_t)between(&d, 3, 8);
    s->users.per_second = (double)between(&d, 10, 30);
    draw_retired_twice(&d);
    s->users.viral_from_us = KD_MIN(s->users.viral_from_us, s->length_us);
}
