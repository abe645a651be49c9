/*
 * swarm_late.c - situations that were added to the swarm later. Each is rare and draws from a random stream of its own, so all other seeds stay
 * what they were.
 */
#include "sim/hunt/swarm_draw.h"

/* Clocks run apart between two measurements, while few users go from edge to edge with operations close together. The drift is slow enough to
 * stay within the bound for a whole run, even without any measurement. */
void sim_swarm_apart(uint64_t seed, sim_scenario *s)
{
    sim_swarm d = {.random = seed ^ UINT64_C(0x6170617274), .s = s};
    if (s->edge_count < 2 || sim_swarm_chance(&d, 80)) return;
    s->drift_us = 500 * MS;
    s->users.users = (uint32_t)sim_swarm_between(&d, 1, 4);
    s->users.items = (uint32_t)sim_swarm_between(&d, 1, 3);
    s->users.per_second = (double)sim_swarm_between(&d, 20, 80);
    s->users.roam_percent = 100;
    s->users.tokens = true;
    s->flush_ops = KD_MAX(s->flush_ops, 5);
    for (int who = 0; who < (int)s->edge_count; who++)
        sim_swarm_add(&d, (sim_scenario_event){.at_us = sim_swarm_below(&d, s->length_us / 2 / MS) * MS,
                                               .kind = SCENARIO_CLOCK_DRIFT,
                                               .who = who,
                                               .peer = SCENARIO_NOBODY,
                                               .amount = (who % 2 ? 1000 : -1000) *
                                                         (int64_t)sim_swarm_between(&d, 1, 8)});
    sim_swarm later = {.random = seed ^ UINT64_C(0x6c6f7374), .s = s};
    if (sim_swarm_chance(&later, 50)) return;
    s->users.strange_percent =
        PICK(&later, 20, 50); /* then an edge meets rows ahead of its clock without a token that says so */
    s->users.roam_percent = 50;
}

/* ---- two of one name ---- */

static bool swarm_late_fits(const sim_scenario *s)
{
    uint32_t wiped = sim_swarm_events(s, SCENARIO_WIPE, true);
    return wiped == 0 && sim_swarm_events(s, SCENARIO_RETIRE, false) == 0; /* as in sim_swarm_forget */
}

/* An edge and its copy run under one name. The edge stands still with operations that it has not sent. The copy's operations are merged and
 * stand in a backup of central, as if they were all of that name. Then the edge goes on, forgets what it may, and the caller puts the backup
 * back. */
static uint64_t overtaken(sim_swarm *d, int who)
{
    uint64_t at = sim_swarm_between(d, 2, 10) * SECOND, still = sim_swarm_between(d, 15, 50) * 100 * MS;
    uint64_t before = sim_swarm_scaled(d, 200 * MS, 3 * SECOND, 10 * MS);
    sim_swarm_add(d,
                  sim_swarm_event(SCENARIO_COPY, who, at, before + still + sim_swarm_below(d, 5) * 100 * MS));
    at += before;
    sim_swarm_add(d,
                  sim_swarm_event(sim_swarm_chance(d, 50) ? SCENARIO_KILL : SCENARIO_FREEZE, who, at, still));
    sim_swarm_add(d, sim_swarm_event(SCENARIO_BACKUP, SCENARIO_CENTRAL, at + still - 100 * MS, 0));
    return at + still;
}

static void set_doubled(sim_swarm *d)
{
    sim_scenario *s = d->s;
    uint32_t edges = PICK(d, 1, 1, 2);
    if (edges <= s->edge_count && sim_swarm_chance(d, 70)) { /* nothing else befalls it */
        s->event_count = 0;
        s->edge_count = edges;
        memset(s->edges[s->edge_count], 0, sizeof s->edges[0] * (SCENARIO_EDGES_MAX - s->edge_count));
    }
    s->forget_rows_us = PICK(d, 1, MS);
    s->forget_tombstones_us = 0;
    s->backups_none = false;
    s->drift_us = 50 * MS;
    s->length_us = 60 * SECOND;
    s->flush_interval_us = sim_swarm_scaled(d, 100 * MS, SECOND, 10 * MS);
    s->snapshot_interval_us = sim_swarm_scaled(d, 50 * MS, 300 * MS, 10 * MS);
    s->users.per_second = (double)sim_swarm_between(d, 5, 20);
    s->users.users = (uint32_t)sim_swarm_between(d, 4, 20);
    s->users.items = (uint32_t)sim_swarm_between(d, 4, 8);
}

void sim_swarm_doubled(uint64_t seed, sim_scenario *s)
{
    sim_swarm d = {.random = seed ^ UINT64_C(0x646f75626c6564), .s = s};
    if (!sim_swarm_chance(&d, 15) || !swarm_late_fits(s)) return;
    set_doubled(&d);
    int who = (int)sim_swarm_below(&d, s->edge_count);
    sim_scenario_event slow = sim_swarm_event(SCENARIO_DELAY, who, 0, 0);
    slow.peer = SCENARIO_KAFKA;
    slow.way = SCENARIO_UP;
    slow.amount = (int64_t)sim_swarm_between(&d, 10, 100) * 10 * MS;
    sim_swarm_add(&d, slow);
    uint64_t at = overtaken(&d, who);
    for (uint64_t n = sim_swarm_between(&d, 1, 2); n > 0; n--) {
        at += sim_swarm_scaled(&d, 4 * SECOND, 12 * SECOND, 10 * MS);
        sim_swarm_add(&d, sim_swarm_event(SCENARIO_RESTORE, SCENARIO_CENTRAL, at,
                                          sim_swarm_scaled(&d, 50 * MS, 500 * MS, 10 * MS)));
        if (sim_swarm_chance(&d, 80))
            sim_swarm_add(&d, sim_swarm_event(SCENARIO_LOG_RECREATED, SCENARIO_KAFKA, at, 0));
    }
    s->length_us = KD_MIN(s->length_us, at + SECOND);
    s->users.viral_from_us = KD_MIN(s->users.viral_from_us, s->length_us);
}

/* ---- disks that cannot be read ---- */

void sim_swarm_unreadable(uint64_t seed, sim_scenario *s)
{
    sim_swarm d = {.random = seed ^ UINT64_C(0x756e7265616421), .s = s};
    if (!sim_swarm_chance(&d, 8)) return;
    for (uint64_t n = sim_swarm_between(&d, 1, 3); n > 0; n--) {
        uint64_t at = sim_swarm_below(&d, s->length_us / MS) * MS,
                 lasts = sim_swarm_scaled(&d, 50 * MS, 10 * SECOND, 10 * MS);
        sim_swarm_add(
            &d, sim_swarm_event(SCENARIO_READS_FAIL, (int)sim_swarm_below(&d, s->edge_count), at, lasts));
    }
}

/* ---- central is put back while something is half done ---- */

static uint64_t swarm_late_put_back(sim_swarm *d, uint64_t at, uint64_t copied)
{
    uint64_t down = sim_swarm_scaled(d, 50 * MS, 500 * MS, 10 * MS);
    sim_swarm_add(d, sim_swarm_event(SCENARIO_BACKUP, SCENARIO_CENTRAL, copied, 0));
    sim_swarm_add(d, sim_swarm_event(SCENARIO_RESTORE, SCENARIO_CENTRAL, at, down));
    sim_swarm_add(d, sim_swarm_event(SCENARIO_LOG_RECREATED, SCENARIO_KAFKA, at, 0));
    return at + down;
}

/* An edge dies while it sends undone operations again; its disk is slow, so that this lasts long enough. */
static void draw_interrupted(sim_swarm *d)
{
    sim_swarm_alone(d, 2);
    uint64_t slow = sim_swarm_scaled(d, 200 * MS, 2 * SECOND, 10 * MS);
    uint64_t at =
        swarm_late_put_back(d, sim_swarm_between(d, 5, 8) * SECOND, sim_swarm_between(d, 1, 3) * SECOND);
    for (int who = 0; who < (int)d->s->edge_count; who++) {
        sim_scenario_event slows = sim_swarm_event(SCENARIO_DISK_SLOW, who, at - 500 * MS, 9 * SECOND);
        slows.amount = (int64_t)slow;
        sim_swarm_add(d, slows);
        uint64_t again = at + d->s->snapshot_interval_us + sim_swarm_below(d, 3 * slow / MS) * MS;
        sim_swarm_add(d, sim_swarm_event(SCENARIO_KILL, who, again, 100 * MS));
    }
    d->s->length_us = KD_MAX(d->s->length_us, 12 * SECOND);
}

/* Snapshots are held up and then lost, so numbers that edges read from central are ahead of the snapshots, and of the backup. */
static void draw_ahead(sim_swarm *d)
{
    sim_scenario *s = d->s;
    sim_swarm_alone(d, 2);
    s->flush_interval_us = KD_MIN(s->flush_interval_us, (uint64_t)100 * MS); /* many versions */
    s->users.users = (uint32_t)sim_swarm_between(d, 4, 12);
    s->users.items = (uint32_t)sim_swarm_between(d, 20, 60);
    s->users.per_second = (double)sim_swarm_between(d, 10, 40);
    s->users.zipf = 0;
    uint64_t at = sim_swarm_between(d, 8, 10) * SECOND, copied = at - sim_swarm_between(d, 2, 6) * SECOND;
    for (int who = 0; who < (int)s->edge_count; who++) {
        sim_scenario_event cut =
            sim_swarm_event(SCENARIO_CUT, who, copied - 300 * MS, at - copied + 400 * MS);
        cut.peer = SCENARIO_KAFKA;
        cut.way = SCENARIO_DOWN;
        sim_swarm_add(d, cut);
    }
    swarm_late_put_back(d, at, copied);
    sim_scenario_event lost = sim_swarm_event(SCENARIO_LOG_RECREATED, SCENARIO_KAFKA, at, 0);
    lost.topic = SCENARIO_COUNTS;
    sim_swarm_add(d, lost);
    s->length_us = at + SECOND;
}

void sim_swarm_half_done(uint64_t seed, sim_scenario *s)
{
    sim_swarm d = {.random = seed ^ UINT64_C(0x68616c66), .s = s};
    bool doubled = sim_swarm_events(s, SCENARIO_COPY, false) > 0;
    if (!sim_swarm_chance(&d, 20) || !swarm_late_fits(s) || doubled || s->backups_none) return;
    if (sim_swarm_chance(&d, 60))
        draw_interrupted(&d);
    else
        draw_ahead(&d);
    s->users.viral_from_us = KD_MIN(s->users.viral_from_us, s->length_us);
}

/* ---- batches that move to a new incarnation ---- */

static void cut_from_kafka(sim_swarm *d, int who, sim_scenario_way way, uint64_t at, uint64_t lasts)
{
    sim_scenario_event cut = sim_swarm_event(SCENARIO_CUT, who, at, lasts);
    cut.peer = SCENARIO_KAFKA;
    cut.way = way;
    sim_swarm_add(d, cut);
}

/*
 * The later life of the edge was short: central has its batches of one partition, and lacks those of another one. The edge that was put back hears
 * of them before its own batches get through, and dies with what its producer holds. Then records are lost, so that the moved batches arrive late.
 */
static uint64_t draw_short_life(sim_swarm *d, int who, uint64_t copied, uint64_t lasts)
{
    uint64_t at = copied + sim_swarm_between(d, 20, 40) * 10 * MS, heals = at + lasts;
    d->s->users.per_second = (double)sim_swarm_between(d, 40, 60);
    cut_from_kafka(d, who, SCENARIO_BOTH, at - 10 * MS, lasts + 10 * MS);
    sim_swarm_add(
        d, sim_swarm_event(SCENARIO_KILL, who, heals + sim_swarm_between(d, 3, 10) * 10 * MS, 100 * MS));
    sim_scenario_event loses = sim_swarm_event(SCENARIO_LOSS, who, heals, 3 * SECOND);
    loses.peer = SCENARIO_KAFKA;
    loses.way = SCENARIO_UP;
    loses.amount = 50;
    sim_swarm_add(d, loses);
    return at;
}

/* An edge that was put back hears late of its later life, so many operations have to move, in several batches. Operations that it takes
 * meanwhile must stay, also over restarts. */
void sim_swarm_moving(uint64_t seed, sim_scenario *s)
{
    sim_swarm d = {.random = seed ^ UINT64_C(0x6d6f76696e67), .s = s};
    bool doubled = sim_swarm_events(s, SCENARIO_COPY, false) > 0;
    if (!sim_swarm_chance(&d, 8) || !swarm_late_fits(s) || doubled) return;
    sim_swarm_alone(&d, PICK(&d, 1, 1, 2));
    s->drift_us = 50 * MS;
    s->flush_ops = (uint32_t)sim_swarm_between(&d, 4, 20);
    s->flush_interval_us = sim_swarm_between(&d, 3, 8) * 100 * MS;
    s->users.users = (uint32_t)sim_swarm_between(&d, 20, 50);
    s->users.items = (uint32_t)sim_swarm_between(&d, 4, 16);
    s->users.per_second = (double)sim_swarm_between(&d, 20, 40);
    int who = (int)sim_swarm_below(&d, s->edge_count);
    uint64_t copied = sim_swarm_between(&d, 10, 30) * 100 * MS,
             at = copied + sim_swarm_between(&d, 10, 40) * 100 * MS;
    uint64_t lasts = sim_swarm_between(&d, 20, 40) * 100 * MS;
    if (sim_swarm_chance(&d, 50))
        at = draw_short_life(&d, who, copied, lasts);
    else
        cut_from_kafka(&d, who, SCENARIO_DOWN, at - 50 * MS, lasts);
    sim_swarm_add(&d, sim_swarm_event(SCENARIO_BACKUP, who, copied, 0));
    sim_swarm_add(&d, sim_swarm_event(SCENARIO_RESTORE, who, at, 100 * MS));
    if (sim_swarm_chance(&d, 50))
        sim_swarm_add(&d, sim_swarm_event(SCENARIO_KILL, who, at + lasts / 2, 100 * MS));
    s->length_us = KD_MAX(s->length_us, 15 * SECOND);
    s->users.viral_from_us = KD_MIN(s->users.viral_from_us, s->length_us);
}

/* ---- numbers that are old ---- */

/* An edge that cannot ask central misses a snapshot. When it dies, the operations that it took meanwhile stand beside old numbers. */
void sim_swarm_old_numbers(uint64_t seed, sim_scenario *s)
{
    sim_swarm d = {.random = seed ^ UINT64_C(0x6f6c64), .s = s};
    bool doubled = sim_swarm_events(s, SCENARIO_COPY, false) > 0;
    if (!sim_swarm_chance(&d, 6) || !swarm_late_fits(s) || doubled) return;
    sim_swarm_alone(&d, 1);
    s->users.users = (uint32_t)sim_swarm_between(&d, 6, 12);
    s->users.items = (uint32_t)sim_swarm_between(&d, 20, 40);
    s->users.per_second = (double)sim_swarm_between(&d, 15, 40);
    s->users.zipf = 0;
    s->users.viral_percent = 0;
    s->users.viral_from_us = 0;
    s->users.lost_percent = 0; /* every answer arrives: the journal knows exactly what must be shown */
    uint64_t at = sim_swarm_between(&d, 40, 80) * 100 * MS, deaf = sim_swarm_between(&d, 10, 20) * 100 * MS;
    sim_scenario_event alone = sim_swarm_event(SCENARIO_CUT, 0, at - SECOND, 12 * SECOND);
    alone.peer = SCENARIO_CENTRAL;
    sim_swarm_add(&d, alone);
    sim_scenario_event cut = sim_swarm_event(SCENARIO_CUT, 0, at, deaf);
    cut.peer = SCENARIO_KAFKA;
    cut.way = SCENARIO_DOWN;
    sim_swarm_add(&d, cut);
    sim_scenario_event lost = sim_swarm_event(SCENARIO_LOG_EXPIRED, SCENARIO_KAFKA, at + deaf - 50 * MS, 0);
    lost.topic = SCENARIO_COUNTS;
    lost.amount = 1;
    sim_swarm_add(&d, lost);
    for (uint64_t n = sim_swarm_between(&d, 1, 3); n > 0; n--)
        sim_swarm_add(&d, sim_swarm_event(SCENARIO_KILL, 0,
                                          at + deaf + sim_swarm_between(&d, 3, 20) * 100 * MS, 100 * MS));
    s->length_us = KD_MAX(s->length_us, 20 * SECOND);
}

/* ---- a clock that is made to run until it is right again ---- */

/* The clock is set back, the edge notices and refuses writes; then the clock is slewed until it is right, so that the monotonic clock is ahead
 * by as much. Batches that were sealed just before are on their way when writes are taken again. Between two measurements the clock gains less
 * than D; a faster one could not be noticed. */
void sim_swarm_slewed(uint64_t seed, sim_scenario *s)
{
    sim_swarm d = {.random = seed ^ UINT64_C(0x736c6577), .s = s};
    bool doubled = sim_swarm_events(s, SCENARIO_COPY, false) > 0;
    if (!sim_swarm_chance(&d, 5) || !swarm_late_fits(s) || doubled) return;
    sim_swarm_alone(&d, 1);
    s->drift_us = 200 * MS;
    s->users.users = (uint32_t)sim_swarm_between(&d, 10, 40);
    s->users.per_second = (double)sim_swarm_between(&d, 20, 40);
    uint64_t set = sim_swarm_between(&d, 1, 3) * SECOND, from = set + 11 * SECOND,
             lasts = sim_swarm_between(&d, 20, 40) * SECOND;
    int64_t ppm = (int64_t)sim_swarm_between(&d, 20, 33) * 10000;
    sim_scenario_event back = sim_swarm_event(SCENARIO_CLOCK_STEP, 0, set, from + lasts - set);
    back.amount = -ppm * (int64_t)(lasts / SECOND);
    sim_swarm_add(&d, back);
    sim_scenario_event slew = sim_swarm_event(SCENARIO_CLOCK_DRIFT, 0, from, lasts);
    slew.amount = ppm;
    sim_swarm_add(&d, slew);
    sim_scenario_event late = sim_swarm_event(SCENARIO_DELAY, 0, from, lasts + 20 * SECOND);
    late.peer = SCENARIO_KAFKA;
    late.way = SCENARIO_UP;
    late.amount = (int64_t)sim_swarm_between(&d, 2, 8) * 100 * MS;
    sim_swarm_add(&d, late);
    s->length_us = from + lasts + 25 * SECOND;
    s->users.viral_from_us = KD_MIN(s->users.viral_from_us, s->length_us);
}

/* ---- all brokers at once, and producers that are dead for good ---- */

void sim_swarm_brokers(uint64_t seed, sim_scenario *s)
{
    sim_swarm d = {.random = seed ^ UINT64_C(0x62726f6b657273), .s = s};
    int fenced = sim_swarm_chance(&d, 30) ? SCENARIO_CENTRAL : (int)sim_swarm_below(&d, s->edge_count);
    if (sim_swarm_chance(&d, 5))
        sim_swarm_add(
            &d, sim_swarm_event(SCENARIO_FENCE, fenced, sim_swarm_below(&d, s->length_us / MS) * MS, 0));
    if (!sim_swarm_chance(&d, 5)) return;
    uint64_t lasts = sim_swarm_scaled(&d, 100 * MS, 10 * SECOND, 10 * MS);
    sim_swarm_add(&d, sim_swarm_event(SCENARIO_KAFKA_GONE, SCENARIO_KAFKA,
                                      sim_swarm_below(&d, s->length_us / MS) * MS, lasts));
}

/* ---- somebody else writes to the likes topic ---- */

static void swarm_forge(sim_swarm *d, sim_scenario_kind kind)
{
    int named = (int)sim_swarm_below(d, d->s->edge_count);
    if (sim_swarm_chance(d, 8))
        sim_swarm_add(d, sim_swarm_event(kind, named, sim_swarm_below(d, d->s->length_us / MS) * MS, 0));
}

void sim_swarm_forged(uint64_t seed, sim_scenario *s)
{
    sim_swarm d = {.random = seed ^ UINT64_C(0x666f72676564), .s = s},
              ahead = {.random = seed ^ UINT64_C(0x6168656164), .s = s};
    swarm_forge(&d, SCENARIO_LOG_FORGED);
    swarm_forge(&ahead, SCENARIO_LOG_FORGED_AHEAD);
}
