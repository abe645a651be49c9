/*
 * swarm_room.c - edges whose tables are full. The number of an item makes room for others while operations on it are under way, and an idempotency
 * key is gone when its request comes again.
 */
#include "sim/hunt/swarm_draw.h"

/* More items than there is room for. With room for a single number, likes of all other items are refused while it waits for central, so that is
 * rare. */
static void draw_items(sim_swarm *d)
{
    sim_scenario *s = d->s;
    s->room_items = s->shards * PICK(d, 1, 2, 3, 3, 5, 8);
    s->users.items = KD_MAX(s->users.items, s->room_items + (uint32_t)sim_swarm_between(d, 1, 8));
}

/* No fault but a long delay on the way to central: items that are asked for find all room taken by items that wait. All answers arrive, so the
 * journal knows exactly what must be shown. */
static void draw_waiting(sim_swarm *d)
{
    sim_scenario *s = d->s;
    sim_swarm_alone(d, 1);
    s->users.lost_percent = 0;
    s->users.per_second = (double)sim_swarm_between(d, 5, 20);
    s->users.zipf = 0;
    s->users.viral_percent = 0;
    s->users.viral_from_us = 0;
    sim_scenario_event late = {.kind = SCENARIO_DELAY, .who = 0, .peer = SCENARIO_KAFKA, .way = SCENARIO_UP};
    late.amount = (int64_t)sim_swarm_between(d, 2, 20) * 100 * MS;
    sim_swarm_add(d, late);
}

/* Requests come again, and sums tell how often they counted. */
static void draw_keys(sim_swarm *d)
{
    sim_scenario_users *u = &d->s->users;
    d->s->room_keys = d->s->shards * (uint32_t)sim_swarm_scaled(d, 1, 60, 1);
    u->like_percent = (uint32_t)sim_swarm_between(d, 20, 40);
    u->view_percent = (uint32_t)sim_swarm_between(d, 20, 40);
    u->save_percent = 0;
    u->unlike_percent = 100 - u->like_percent - u->view_percent;
    u->lost_percent = KD_MAX(u->lost_percent, PICK(d, 5, 30));
    u->retry_percent = 100;
    u->double_percent = KD_MAX(u->double_percent, PICK(d, 0, 30));
}

void sim_swarm_room(uint64_t seed, sim_scenario *s)
{
    sim_swarm d = {.random = seed ^ UINT64_C(0x726f6f6d73), .s = s};
    if (sim_swarm_chance(&d, 6)) {
        if (sim_swarm_chance(&d, 50)) draw_waiting(&d);
        draw_items(&d);
    }
    if (sim_swarm_chance(&d, 3)) draw_keys(&d);
}
