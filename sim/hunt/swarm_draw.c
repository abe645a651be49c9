/* swarm_draw.c - see the header. */
#include "sim/hunt/swarm_draw.h"

sim_scenario_event sim_swarm_event(sim_scenario_kind kind, int who, uint64_t at_us, uint64_t for_us)
{
    return (sim_scenario_event){
        .kind = kind, .who = who, .peer = SCENARIO_NOBODY, .at_us = at_us, .for_us = for_us};
}

uint32_t sim_swarm_events(const sim_scenario *s, sim_scenario_kind kind, bool central)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->event_count; i++)
        n += s->events[i].kind == kind && (s->events[i].who == SCENARIO_CENTRAL) == central;
    return n;
}

void sim_swarm_alone(sim_swarm *d, uint32_t edges)
{
    sim_scenario *s = d->s;
    s->event_count = 0;
    s->edge_count = KD_MIN(s->edge_count, edges);
    memset(s->edges[s->edge_count], 0, sizeof s->edges[0] * (SCENARIO_EDGES_MAX - s->edge_count));
    s->flush_interval_us = sim_swarm_scaled(d, 50 * MS, 400 * MS, 10 * MS);
    s->snapshot_interval_us = sim_swarm_scaled(d, 50 * MS, 300 * MS, 10 * MS);
}
