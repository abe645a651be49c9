/*
 * swarm.c - the world of a drawn scenario, its users, and the faults of every run. Worlds are small, because few users on few items meet often;
 * times are short; and in most runs one region gets most of the faults.
 */
#include "sim/hunt/swarm.h"

#include <stdio.h>
#include <stdlib.h>

#include "sim/hunt/swarm_draw.h"

/* ---- the world and its users ---- */

static void draw_mix(sim_swarm *d)
{
    sim_scenario_users *u = &d->s->users;
    u->like_percent = (uint32_t)sim_swarm_between(d, 30, 70);
    u->view_percent = PICK(d, 0, 5, 20);
    u->save_percent = PICK(d, 0, 0, 5);
    u->unlike_percent = 100 - u->like_percent - u->view_percent - u->save_percent;
}

static void draw_users(sim_swarm *d)
{
    sim_scenario_users *u = &d->s->users;
    u->users = (uint32_t)sim_swarm_between(d, 1, 12);
    u->items = (uint32_t)sim_swarm_between(d, 1, 8);
    u->per_second = (double)sim_swarm_scaled(d, 1, 40, 1);
    u->zipf = PICK(d, 0, 1);
    u->viral_percent = PICK(d, 0, 0, 0, 50);
    u->viral_from_us = u->viral_percent ? sim_swarm_below(d, d->s->length_us / SECOND) * SECOND : 0;
    draw_mix(d);
    u->roam_percent = PICK(d, 0, 10, 50, 100);
    u->lost_percent = PICK(d, 0, 0, 5, 30);
    u->retry_percent = PICK(d, 0, 50, 100, 100);
    u->double_percent = PICK(d, 0, 0, 5, 30);
    u->tokens = sim_swarm_chance(d, 60);
}

static void draw_world(sim_swarm *d)
{
    static const char *const names[] = {"mumbai", "virginia", "singapore", "lagos"};
    sim_scenario *s = d->s;
    s->edge_count = PICK(d, 1, 2, 2, 2, 3, 3, 4);
    memset(s->edges, 0, sizeof s->edges);
    for (uint32_t i = 0; i < s->edge_count; i++) snprintf(s->edges[i], SCENARIO_NAME_MAX, "%s", names[i]);
    s->partitions = PICK(d, 1, 1, 2, 2, 4);
    s->shards = s->partitions > 1 ? PICK(d, 1, 2) : 1;
    s->length_us = sim_swarm_between(d, 10, 60) * SECOND;
    s->heal_us = 180ull * SECOND;
    s->drift_us = PICK(d, 50, 200, 500) * MS;
    s->flush_ops = (uint32_t)sim_swarm_scaled(d, 1, 100, 1);
    s->flush_interval_us = sim_swarm_scaled(d, 50 * MS, 5 * SECOND, 10 * MS);
    s->snapshot_interval_us = sim_swarm_scaled(d, 50 * MS, 2 * SECOND, 10 * MS);
    s->outbox_bytes = sim_swarm_chance(d, 10) ? 65536 : 64u << 20;
}

/* ---- what goes wrong ---- */

static int draw_edge(sim_swarm *d)
{
    if (d->focus >= 0 && sim_swarm_chance(d, 70)) return d->focus;
    return (int)sim_swarm_below(d, d->s->edge_count);
}

static int draw_process(sim_swarm *d)
{
    if (d->focus != SCENARIO_NOBODY && sim_swarm_chance(d, 70)) return d->focus;
    return sim_swarm_chance(d, 40) ? SCENARIO_CENTRAL : draw_edge(d);
}

static void draw_link(sim_swarm *d, sim_scenario_event *e)
{
    e->who = draw_edge(d);
    e->peer = (int)PICK(d, 0, 1, 2);
    e->peer = e->peer == 0 ? SCENARIO_NOBODY : e->peer == 1 ? SCENARIO_CENTRAL : SCENARIO_KAFKA;
    if (sim_swarm_chance(d, 15))
        e->who = SCENARIO_CENTRAL, e->peer = sim_swarm_chance(d, 50) ? SCENARIO_KAFKA : SCENARIO_NOBODY;
    e->way = e->kind == SCENARIO_RESET ? SCENARIO_BOTH : (sim_scenario_way)sim_swarm_below(d, 3);
    if (e->kind == SCENARIO_FLAP) e->period_us = sim_swarm_scaled(d, 100 * MS, 5 * SECOND, 10 * MS);
    if (e->kind == SCENARIO_LOSS) e->amount = (int64_t)PICK(d, 5, 20, 50);
    if (e->kind == SCENARIO_BANDWIDTH) e->amount = (int64_t)sim_swarm_scaled(d, 512, 65536, 512);
    if (e->kind != SCENARIO_DELAY) return;
    e->amount = (int64_t)sim_swarm_scaled(d, 10 * MS, 4 * SECOND, 10 * MS);
    e->spread_us = sim_swarm_chance(d, 60) ? (uint64_t)e->amount / MS * MS : 0;
}

static void draw_somebody(sim_swarm *d, sim_scenario_event *e)
{
    e->who = draw_process(d);
    if (e->kind == SCENARIO_KILL && sim_swarm_chance(d, 10)) e->who = SCENARIO_KAFKA;
    if (e->kind == SCENARIO_DISK_SLOW) e->amount = (int64_t)sim_swarm_scaled(d, 5 * MS, 12 * SECOND, 5 * MS);
}

static void draw_answers(sim_swarm *d, sim_scenario_event *e)
{
    e->who = draw_edge(d);
    e->amount = (int64_t)PICK(d, 20, 50, 100);
}

/* Killing what has just begun to run again is worth more than one kill. */
static void draw_nearby(sim_swarm *d, const sim_scenario_event *e)
{
    sim_scenario_event again = *e;
    again.at_us += e->for_us + sim_swarm_scaled(d, 10 * MS, 2 * SECOND, 10 * MS);
    if (again.at_us <= d->s->length_us) sim_scenario_add(d->s, &again);
}

static void draw_kill(sim_swarm *d, sim_scenario_event *e)
{
    draw_somebody(d, e);
    e->for_us = sim_swarm_scaled(d, 50 * MS, 5 * SECOND, 10 * MS);
    if (sim_swarm_chance(d, 30)) draw_nearby(d, e);
}

/* Put back once or twice: the second restore of the same copy begins another history from it. */
static void draw_restore(sim_swarm *d, sim_scenario_event *e)
{
    sim_scenario_event copied = *e;
    e->who = sim_swarm_chance(d, 65) ? SCENARIO_CENTRAL : draw_edge(d);
    copied.kind = SCENARIO_BACKUP;
    copied.who = e->who;
    copied.for_us = 0;
    copied.at_us = sim_swarm_below(d, e->at_us / MS + 1) * MS;
    sim_scenario_add(d->s, &copied);
    e->for_us = sim_swarm_scaled(d, 50 * MS, 5 * SECOND, 10 * MS);
    if (sim_swarm_chance(d, 50)) draw_nearby(d, e);
}

static void draw_copy(sim_swarm *d, sim_scenario_event *e)
{
    e->who = draw_edge(d);
}

static void draw_central(sim_swarm *d, sim_scenario_event *e)
{
    (void)d;
    e->who = SCENARIO_CENTRAL;
}

/* Mostly within the drift bound, where users with tokens must notice nothing. */
static void draw_clock(sim_swarm *d, sim_scenario_event *e)
{
    e->who = draw_process(d);
    uint64_t bound = d->s->drift_us * PICK(d, 1, 1, 2, 6) / 2;
    e->amount = (int64_t)sim_swarm_between(d, 1, bound / MS) * MS;
    if (e->kind == SCENARIO_CLOCK_DRIFT) e->amount = (int64_t)sim_swarm_scaled(d, 10, 20000, 10);
    if (e->kind == SCENARIO_CLOCK_SWING)
        e->period_us = sim_swarm_scaled(d, 500 * MS, 20 * SECOND, 100 * MS);
    else if (sim_swarm_chance(d, 50))
        e->amount = -e->amount;
}

static void draw_log(sim_swarm *d, sim_scenario_event *e)
{
    e->who = SCENARIO_KAFKA;
    e->topic = sim_swarm_chance(d, 65) ? SCENARIO_LIKES : SCENARIO_COUNTS;
    bool share = e->kind == SCENARIO_LOG_DUPLICATES;
    if (e->kind != SCENARIO_LOG_RECREATED)
        e->amount = (int64_t)(share ? PICK(d, 10, 50, 100) : PICK(d, 1, 3, 20));
}

typedef struct {
    sim_scenario_kind kind;
    uint32_t percent; /* of the runs have this kind of fault */
    uint32_t most;    /* times in a run */
    bool lasts;
    void (*draw)(sim_swarm *d, sim_scenario_event *e);
} dose;

static const dose doses[] = {
    {SCENARIO_CUT, 35, 5, true, draw_link},
    {SCENARIO_FLAP, 12, 2, true, draw_link},
    {SCENARIO_DELAY, 35, 4, true, draw_link},
    {SCENARIO_LOSS, 20, 3, true, draw_link},
    {SCENARIO_BANDWIDTH, 8, 2, true, draw_link},
    {SCENARIO_RESET, 15, 4, false, draw_link},
    {SCENARIO_ANSWERS_LOST, 20, 2, true, draw_answers},
    {SCENARIO_KILL, 50, 6, true, draw_kill},
    {SCENARIO_FREEZE, 15, 3, true, draw_somebody},
    {SCENARIO_RESTART, 15, 3, false, draw_somebody},
    {SCENARIO_RESTORE, 30, 2, true, draw_restore},
    {SCENARIO_WIPE, 6, 1, true, draw_somebody},
    {SCENARIO_COPY, 12, 1, true, draw_copy},
    {SCENARIO_SECOND, 15, 2, true, draw_central},
    {SCENARIO_DISK_FULL, 10, 2, true, draw_somebody},
    {SCENARIO_SYNC_FAILS, 15, 3, false, draw_somebody},
    {SCENARIO_DISK_SLOW, 25, 3, true, draw_somebody},
    {SCENARIO_CLOCK_STEP, 20, 4, true, draw_clock},
    {SCENARIO_CLOCK_DRIFT, 8, 2, true, draw_clock},
    {SCENARIO_CLOCK_SWING, 8, 1, true, draw_clock},
    {SCENARIO_LOG_DUPLICATES, 20, 2, true, draw_log},
    {SCENARIO_LOG_REDELIVERS, 20, 4, false, draw_log},
    {SCENARIO_LOG_TRUNCATED, 15, 3, false, draw_log},
    {SCENARIO_LOG_EXPIRED, 10, 2, false, draw_log},
    {SCENARIO_LOG_RECREATED, 12, 2, false, draw_log},
};

static void draw_dose(sim_swarm *d, const dose *one)
{
    for (uint64_t n = sim_swarm_between(d, 1, one->most); n > 0; n--) {
        sim_scenario_event e = {.kind = one->kind, .peer = SCENARIO_NOBODY, .who = SCENARIO_NOBODY};
        e.at_us = sim_swarm_below(d, d->s->length_us / MS + 1) * MS;
        if (one->lasts) e.for_us = sim_swarm_scaled(d, 50 * MS, d->s->length_us / 2, 10 * MS);
        one->draw(d, &e);
        sim_scenario_add(d->s, &e);
    }
}

/* ---- misfortunes that come together ---- */

/* Takes likes from the log that central has not read, or has to read again after a restore. */
static void lose_log(sim_swarm *d, uint64_t at_us)
{
    static const sim_scenario_kind kinds[] = {SCENARIO_LOG_RECREATED, SCENARIO_LOG_EXPIRED,
                                              SCENARIO_LOG_TRUNCATED};
    sim_scenario_event e = {.at_us = at_us,
                            .kind = kinds[sim_swarm_below(d, KD_COUNT(kinds))],
                            .who = SCENARIO_KAFKA,
                            .peer = SCENARIO_NOBODY};
    if (e.kind != SCENARIO_LOG_RECREATED) e.amount = (int64_t)PICK(d, 1, 2, 3, 20);
    sim_swarm_add(d, e);
}

/* Readers go back and back again, as when groups rebalance after an outage. */
static void swarm_read_again(sim_swarm *d, uint64_t from_us)
{
    for (uint64_t n = sim_swarm_chance(d, 50) ? sim_swarm_between(d, 4, 10) : sim_swarm_below(d, 3); n > 0;
         n--)
        sim_swarm_add(
            d, (sim_scenario_event){.at_us = from_us + sim_swarm_scaled(d, 50 * MS, 3 * SECOND, 10 * MS),
                                    .kind = SCENARIO_LOG_REDELIVERS,
                                    .who = SCENARIO_KAFKA,
                                    .peer = SCENARIO_NOBODY,
                                    .amount = (int64_t)PICK(d, 1, 3, 10, 50)});
}

/* Batches that were sent before a restore arrive after it, among those that are sent again. With few edges and a narrow drift bound as_of soon
 * catches up. */
static void overtake(sim_swarm *d)
{
    if (sim_swarm_chance(d, 70)) d->s->edge_count = 1;
    if (sim_swarm_chance(d, 60)) d->s->drift_us = 50 * MS;
    memset(d->s->edges[d->s->edge_count], 0, sizeof d->s->edges[0] * (SCENARIO_EDGES_MAX - d->s->edge_count));
    d->focus = KD_MIN(d->focus, (int)d->s->edge_count - 1);
    for (int who = 0; who < (int)d->s->edge_count; who++) {
        uint64_t us = sim_swarm_between(d, 30, 200) * 10 * MS;
        sim_swarm_add(d, (sim_scenario_event){.kind = SCENARIO_DELAY,
                                              .who = who,
                                              .peer = SCENARIO_KAFKA,
                                              .way = SCENARIO_UP,
                                              .amount = (int64_t)us,
                                              .spread_us = us});
    }
}

/* Central's disk and the log go back together: only the edges still know the rest. */
static void draw_disaster(sim_swarm *d)
{
    sim_scenario *s = d->s;
    bool overtaken = sim_swarm_chance(d, 70);
    if (overtaken) overtake(d);
    if (overtaken || sim_swarm_chance(d, 30)) {
        s->snapshot_interval_us = sim_swarm_scaled(d, 50 * MS, 300 * MS, 10 * MS);
        s->flush_interval_us = sim_swarm_scaled(d, 50 * MS, overtaken ? 400 * MS : 3 * SECOND, 10 * MS);
        s->users.per_second = (double)sim_swarm_between(d, 5, 40);
    }
    uint64_t at = sim_swarm_between(d, 1, s->length_us / 2 / MS) * MS;
    sim_swarm_add(
        d, (sim_scenario_event){
               .at_us = at, .kind = SCENARIO_BACKUP, .who = SCENARIO_CENTRAL, .peer = SCENARIO_NOBODY});
    for (uint64_t n = sim_swarm_between(d, 1, 4); n > 0; n--) {
        uint64_t down = sim_swarm_scaled(d, 50 * MS, overtaken ? 500 * MS : 4 * SECOND, 10 * MS);
        at += sim_swarm_scaled(d, 200 * MS, s->length_us / 3, 10 * MS);
        if (at > s->length_us) break;
        sim_swarm_add(d, (sim_scenario_event){.at_us = at,
                                              .for_us = down,
                                              .kind = SCENARIO_RESTORE,
                                              .who = SCENARIO_CENTRAL,
                                              .peer = SCENARIO_NOBODY});
        if (overtaken || sim_swarm_chance(d, 70)) lose_log(d, at + sim_swarm_below(d, down / 2 / MS) * MS);
        swarm_read_again(d, at + down);
        at += down;
    }
}

/* The topic is made anew while central is down, and grows: central's stored offset points to another record then. */
static void draw_new_log(sim_swarm *d)
{
    for (uint64_t n = sim_swarm_between(d, 1, 3); n > 0; n--) {
        uint64_t at = sim_swarm_below(d, d->s->length_us / MS) * MS,
                 down = sim_swarm_scaled(d, 500 * MS, 10 * SECOND, 10 * MS);
        sim_swarm_add(d, (sim_scenario_event){.at_us = at,
                                              .for_us = down,
                                              .kind = SCENARIO_KILL,
                                              .who = SCENARIO_CENTRAL,
                                              .peer = SCENARIO_NOBODY});
        lose_log(d, at + sim_swarm_below(d, down / 4 / MS) * MS);
    }
}

/* One identity runs twice, over several partitions. */
static void draw_double(sim_swarm *d)
{
    d->s->partitions = 4;
    d->s->shards = PICK(d, 1, 1, 1, 2);
    d->s->users.items = (uint32_t)sim_swarm_between(d, 4, 16);
    d->s->users.per_second = (double)sim_swarm_between(d, 5, 40);
    d->s->flush_interval_us = sim_swarm_scaled(d, 300 * MS, 3 * SECOND, 10 * MS);
    d->s->snapshot_interval_us = sim_swarm_scaled(d, 50 * MS, 500 * MS, 10 * MS);
    for (int who = 0; who < (int)d->s->edge_count; who++) {
        if (sim_swarm_chance(d, 30)) continue;
        sim_scenario_event e = {.kind = SCENARIO_COPY, .who = who, .peer = SCENARIO_NOBODY};
        e.at_us = sim_swarm_below(d, d->s->length_us * 3 / 4 / MS) * MS;
        e.for_us = sim_swarm_scaled(d, 100 * MS, 8 * SECOND, 10 * MS);
        sim_swarm_add(d, e);
        sim_scenario_event kill = {
            .kind = SCENARIO_KILL, .who = who, .peer = SCENARIO_NOBODY, .for_us = 500 * MS};
        kill.at_us = e.at_us + sim_swarm_scaled(d, 10 * MS, 2 * e.for_us, 10 * MS);
        if (sim_swarm_chance(d, 25)) sim_swarm_add(d, kill);
    }
}

/* Edges wait long for central's answers about counts; snapshots that they missed arrive before the answer. */
static void draw_slow_reads(sim_swarm *d)
{
    sim_scenario *s = d->s;
    s->users.items = (uint32_t)sim_swarm_between(d, 4, 40);
    s->snapshot_interval_us = sim_swarm_scaled(d, 50 * MS, 500 * MS, 10 * MS);
    for (int who = 0; who < (int)s->edge_count; who++)
        sim_swarm_add(d, (sim_scenario_event){.kind = SCENARIO_DELAY,
                                              .who = who,
                                              .peer = SCENARIO_CENTRAL,
                                              .way = sim_swarm_chance(d, 50) ? SCENARIO_DOWN : SCENARIO_BOTH,
                                              .amount = (int64_t)sim_swarm_between(d, 10, 40) * 10 * MS,
                                              .spread_us = sim_swarm_between(d, 0, 30) * 10 * MS});
    for (uint64_t n = sim_swarm_below(d, 8); n > 0; n--)
        sim_swarm_add(d, (sim_scenario_event){.at_us = sim_swarm_below(d, s->length_us / MS) * MS,
                                              .kind = SCENARIO_LOG_TRUNCATED,
                                              .topic = SCENARIO_COUNTS,
                                              .who = SCENARIO_KAFKA,
                                              .peer = SCENARIO_NOBODY,
                                              .amount = (int64_t)PICK(d, 1, 2, 5)});
}

static void draw_theme(sim_swarm *d)
{
    static void (*const themes[])(sim_swarm *) = {draw_disaster, draw_disaster, draw_new_log, draw_double,
                                                  draw_slow_reads};
    if (sim_swarm_chance(d, 60)) themes[sim_swarm_below(d, KD_COUNT(themes))](d);
}

/* Removes events at or after the end of the run, which may have become shorter since they were drawn. */
static void drop_late(sim_scenario *s)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < s->event_count; i++)
        if (s->events[i].at_us < s->length_us) s->events[kept++] = s->events[i];
    s->event_count = kept;
}

void sim_swarm_draw(uint64_t seed, sim_scenario *s)
{
    sim_swarm d = {.random = seed, .s = s};
    sim_scenario_init(s);
    free(s->teaches);
    char text[64];
    snprintf(text, sizeof text, "Seed %llu of the swarm.", (unsigned long long)seed);
    s->teaches = kd_dup(kd_bytes_of(text, strlen(text) + 1));
    draw_world(&d);
    draw_users(&d);
    d.focus = sim_swarm_chance(&d, 40)   ? SCENARIO_NOBODY
              : sim_swarm_chance(&d, 30) ? SCENARIO_CENTRAL
                                         : (int)sim_swarm_below(&d, s->edge_count);
    /* From a quiet run (few kinds of faults) to one with all that the doses' shares give. */
    uint32_t mood = PICK(&d, 5, 40, 70, 100, 100);
    draw_theme(&d);
    for (size_t i = 0; i < KD_COUNT(doses); i++)
        if (sim_swarm_chance(&d, doses[i].percent * mood / 100)) draw_dose(&d, &doses[i]);
    sim_swarm_apart(seed, s);
    sim_swarm_forget(seed, s);
    sim_swarm_doubled(seed, s);
    sim_swarm_half_done(seed, s);
    sim_swarm_unreadable(seed, s);
    sim_swarm_brokers(seed, s);
    sim_swarm_moving(seed, s);
    sim_swarm_old_numbers(seed, s);
    sim_swarm_slewed(seed, s);
    sim_swarm_retired_twice(seed, s);
    sim_swarm_room(seed, s);
    sim_swarm_forged(seed, s);
    sim_swarm_logged(seed, s);
    sim_swarm_decided(seed, s);
    sim_swarm_closed(seed, s);
    sim_swarm_members(seed, s);
    drop_late(s);
}
