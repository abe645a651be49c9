/*
 * swarm_log.c - answers wait for the log, and disks of edges are destroyed (rule 26). The log itself is spared, so no like that was answered may be
 * lost: sim_scenario_disk_spares.
 */
#include "sim/hunt/swarm_draw.h"

/* Records of the edge get lost and its producer dies, so that a batch may be missing in the log while the next one is there. Then the disk is gone,
 * and nobody sends the missing batch again. */
static void draw_destroyed(sim_swarm *d, int who, uint64_t at)
{
    uint64_t dies = at + sim_swarm_between(d, 10, 200) * 10 * MS;
    sim_scenario_event loses = sim_swarm_event(SCENARIO_LOSS, who, at, 6 * SECOND);
    loses.peer = SCENARIO_KAFKA;
    loses.way = SCENARIO_UP;
    loses.amount = (int64_t)sim_swarm_between(d, 20, 70);
    sim_swarm_add(d, loses);
    sim_swarm_add(d, sim_swarm_event(SCENARIO_FENCE, who, dies, 0));
    if (sim_swarm_chance(d, 50)) dies += 2 * SECOND; /* what was lost has been sent again by then */
    dies += sim_swarm_between(d, 2, 120) * 10 * MS;
    sim_swarm_add(d, sim_swarm_event(SCENARIO_WIPE, who, dies, sim_swarm_between(d, 1, 10) * 100 * MS));
}

/* Central goes on publishing what it has applied, and reads nothing: batches of a life of the edge lie in the log unread while the next one begins. */
static void draw_deaf_central(sim_swarm *d)
{
    sim_scenario_event deaf =
        sim_swarm_event(SCENARIO_CUT, SCENARIO_CENTRAL, sim_swarm_between(d, 3, 20) * SECOND,
                        sim_swarm_between(d, 15, 30) * SECOND);
    deaf.peer = SCENARIO_KAFKA;
    deaf.way = SCENARIO_DOWN;
    sim_swarm_add(d, deaf);
}

void sim_swarm_logged(uint64_t seed, sim_scenario *s)
{
    sim_swarm d = {.random = seed ^ UINT64_C(0x6f7574636f6d65), .s = s};
    if (!sim_swarm_chance(&d, 5)) return;
    sim_swarm_alone(&d, PICK(&d, 1, 2));
    s->logged = true;
    s->forget_rows_us = s->forget_tombstones_us = 0;
    s->drift_us = 500 * MS;
    s->length_us = 60 * SECOND;
    s->room_items = s->room_keys = 0;
    s->flush_ops = KD_MAX(s->flush_ops, 10);
    s->users.per_second = (double)sim_swarm_between(&d, 30, 80);
    s->users.users = (uint32_t)sim_swarm_between(&d, 200, 1000);
    s->users.items = (uint32_t)sim_swarm_between(&d, 8, 40);
    s->users.viral_percent = 0;
    s->users.viral_from_us = 0;
    if (sim_swarm_chance(&d, 50)) draw_deaf_central(&d);
    for (uint64_t at = 2 * SECOND; at < 45 * SECOND; at += sim_swarm_between(&d, 60, 120) * 100 * MS)
        draw_destroyed(&d, (int)sim_swarm_below(&d, s->edge_count), at);
}
