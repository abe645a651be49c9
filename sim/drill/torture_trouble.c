/* torture_trouble.c - see the header. */
#include "sim/drill/torture_trouble.h"

enum {
    EVERY_US = 1500000,
    KAFKA_AWAY_MAX_US = 2000000,
    FREEZE_MAX_US = 2500000,
    DISK_MAX_US = 1500000,
    SLOW_SYNC_MAX_US = 60000,
    REDELIVER_MAX = 20,
    COPY_EVERY_US = 1500000, /* made, then put back, in turn */
    COPY_OLD_US = 8000000,   /* such a copy is put back whatever has been merged since */
};

static uint64_t torture_trouble_below(sim_torture_trouble *t, uint64_t n)
{
    return kd_random_next(&t->random) % n;
}

static int anybody(sim_torture_trouble *t)
{
    uint32_t edges = t->stage->o->scenario->edge_count;
    uint32_t drawn = (uint32_t)torture_trouble_below(t, edges + 1);
    return drawn == edges ? SCENARIO_CENTRAL : (int)drawn;
}

static void torture_trouble_play(sim_torture_trouble *t, uint64_t now_us, const sim_scenario_event *e)
{
    sim_drill_faults_play(t->stage->faults, e, now_us);
}

/* The leader of the likes topic, or one time in three all brokers. */
static void kafka_away(sim_torture_trouble *t, uint64_t now_us)
{
    if (now_us < t->kafka_until_us) return;
    bool all = torture_trouble_below(t, 3) == 0;
    sim_scenario_event e = {.kind = all ? SCENARIO_KAFKA_GONE : SCENARIO_KILL,
                            .who = SCENARIO_KAFKA,
                            .for_us = 200000 + torture_trouble_below(t, KAFKA_AWAY_MAX_US)};
    t->kafka_until_us = now_us + e.for_us;
    torture_trouble_play(t, now_us, &e);
}

/* One fault of a disk at a time, so that a process which stops over its disk has one reason. */
static void disk(sim_torture_trouble *t, uint64_t now_us)
{
    static const sim_scenario_kind kinds[] = {SCENARIO_DISK_FULL, SCENARIO_SYNC_FAILS, SCENARIO_DISK_SLOW};
    if (now_us < t->disk_until_us) return;
    sim_scenario_event e = {.kind = kinds[torture_trouble_below(t, KD_COUNT(kinds))],
                            .who = anybody(t),
                            .for_us = 100000 + torture_trouble_below(t, DISK_MAX_US),
                            .amount = (int64_t)torture_trouble_below(t, SLOW_SYNC_MAX_US)};
    t->disk_until_us = now_us + e.for_us;
    t->disks++;
    torture_trouble_play(t, now_us, &e);
}

/* Central has merged operations in every partition that the copy does not hold: an edge that goes on from it meets what it did itself in its later
 * life. */
static bool is_older(const sim_torture_trouble *t, uint64_t now_us)
{
    const sim_stage *s = t->stage;
    return sim_samples_merged(s->samples, s->o->careless) > sim_fleet_wall_us(s->fleet, t->copied_us) ||
           now_us > t->copied_us + COPY_OLD_US;
}

static void older_copy(sim_torture_trouble *t, uint64_t now_us)
{
    sim_scenario_event e = {.kind = t->copied ? SCENARIO_RESTORE : SCENARIO_BACKUP,
                            .who = (int)t->stage->o->careless,
                            .for_us = 100000};
    if (now_us < t->copy_us || (t->copied && !is_older(t, now_us))) return;
    t->copy_us = now_us + COPY_EVERY_US / 2 + torture_trouble_below(t, COPY_EVERY_US);
    t->put_back += t->copied;
    t->copied = !t->copied;
    t->copied_us = now_us;
    torture_trouble_play(t, now_us, &e);
}

static void operate(sim_torture_trouble *t, uint64_t now_us)
{
    if (!sim_operator_tool_idle(t->stage->tool, true)) return;
    sim_scenario_kind kind = torture_trouble_below(t, 2) ? SCENARIO_AUDIT : SCENARIO_REHEARSE;
    torture_trouble_play(t, now_us, &(sim_scenario_event){.kind = kind, .who = SCENARIO_CENTRAL});
}

static sim_scenario_event redelivery(sim_torture_trouble *t, sim_scenario_topic topic)
{
    return (sim_scenario_event){.kind = SCENARIO_LOG_REDELIVERS,
                                .who = SCENARIO_KAFKA,
                                .topic = topic,
                                .amount = 1 + (int64_t)torture_trouble_below(t, REDELIVER_MAX)};
}

static sim_scenario_event recreation(sim_torture_trouble *t)
{
    t->recreations++;
    return (sim_scenario_event){.kind = SCENARIO_LOG_RECREATED,
                                .who = SCENARIO_KAFKA,
                                .topic = torture_trouble_below(t, 3) ? SCENARIO_LIKES : SCENARIO_COUNTS};
}

static sim_scenario_event freeze(sim_torture_trouble *t)
{
    t->freezes++;
    return (sim_scenario_event){.kind = SCENARIO_FREEZE,
                                .who = anybody(t),
                                .for_us = 100000 + torture_trouble_below(t, FREEZE_MAX_US)};
}

static void torture_trouble_begin(sim_torture_trouble *t, uint64_t now_us)
{
    sim_scenario_event e;
    switch (torture_trouble_below(t, 10)) {
    case 0:
        e = (sim_scenario_event){.kind = SCENARIO_RESET, .who = anybody(t), .peer = SCENARIO_NOBODY};
        break;
    case 1:
        e = redelivery(t, SCENARIO_LIKES);
        break;
    case 2:
        e = redelivery(t, SCENARIO_COUNTS);
        break;
    case 3:
        kafka_away(t, now_us);
        return;
    case 4:
    case 5:
        e = recreation(t);
        break;
    case 6: /* a process that was armed drains, and comes back armed alike */
        e = (sim_scenario_event){.kind = SCENARIO_RESTART, .who = anybody(t)};
        break;
    case 7:
        e = freeze(t);
        break;
    default:
        disk(t, now_us);
        return;
    }
    torture_trouble_play(t, now_us, &e);
}

void sim_torture_trouble_tick(sim_torture_trouble *t, uint64_t now_us)
{
    operate(t, now_us);
    older_copy(t, now_us);
    if (now_us < t->next_us) return;
    t->next_us = now_us + EVERY_US / 2 + torture_trouble_below(t, EVERY_US);
    torture_trouble_begin(t, now_us);
}
