/* swarm_draw.h - how the files of the swarm draw numbers and events. For the files of this folder only. */
#ifndef KUDOS_SIM_HUNT_SWARM_DRAW_H
#define KUDOS_SIM_HUNT_SWARM_DRAW_H

#include <math.h>

#include "sim/scenario/scenario.h"

enum { MS = 1000, SECOND = 1000000 };

typedef struct {
    uint64_t random;
    sim_scenario *s;
    int focus; /* the edge or central that most of the faults befall; SCENARIO_NOBODY: anybody */
} sim_swarm;

static inline uint64_t sim_swarm_below(sim_swarm *d, uint64_t n)
{
    return kd_random_next(&d->random) % n;
}

static inline uint64_t sim_swarm_between(sim_swarm *d, uint64_t least, uint64_t most)
{
    return least + sim_swarm_below(d, most - least + 1);
}

static inline bool sim_swarm_chance(sim_swarm *d, uint32_t percent)
{
    return sim_swarm_below(d, 100) < percent;
}

/* Even on a logarithmic scale: as often between 1 and 2 as between 100 and 200. A multiple of `step`, so that the scenario reads well. */
static inline uint64_t sim_swarm_scaled(sim_swarm *d, uint64_t least, uint64_t most, uint64_t step)
{
    double octaves = log2((double)most / (double)least), at = (double)sim_swarm_below(d, 1 << 20) / (1 << 20);
    uint64_t value = (uint64_t)((double)least * exp2(octaves * at));
    return KD_MAX(least, value / step * step);
}

static inline void sim_swarm_add(sim_swarm *d, sim_scenario_event e)
{
    if (e.at_us <= d->s->length_us) sim_scenario_add(d->s, &e);
}

#define PICK(d, ...)                                                                                         \
    ((const uint32_t[]){                                                                                     \
        __VA_ARGS__}[sim_swarm_below(d, sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))])

/* An event of that kind; what else its kind needs (peer, amount...) is the caller's to set. */
sim_scenario_event sim_swarm_event(sim_scenario_kind kind, int who, uint64_t at_us, uint64_t for_us);
/* How many events of that kind befall central, or (`central` false) anybody else. */
uint32_t sim_swarm_events(const sim_scenario *s, sim_scenario_kind kind, bool central);

/* Makes the scenario one of at most `edges` edges without any event, with batches and snapshots that follow fast: what is added next happens
 * alone. */
void sim_swarm_alone(sim_swarm *d, uint32_t edges);

/*
 * Additions to a drawn scenario, each for a part of the seeds only. Each draws from a random stream of its own, made from the seed, so that it does
 * not change what else is drawn for the seed. The order of the calls matters all the same: some look at the events that are there.
 */
/* Clocks that run apart, while users go from edge to edge. */
void sim_swarm_apart(uint64_t seed, sim_scenario *s);
/* Ages at which edges and central forget rows; edges that are retired and taken back; edges whose disk is put back to a copy with likes that their
 * users have withdrawn since. */
void sim_swarm_forget(uint64_t seed, sim_scenario *s);
/* Central is restored. Edges die while they send undone operations again, or hold counts that they read ahead of the snapshots. */
void sim_swarm_half_done(uint64_t seed, sim_scenario *s);
/* Batches under an edge's name that name epochs of all sizes. */
void sim_swarm_forged(uint64_t seed, sim_scenario *s);
/* Edges whose disks cannot be read. */
void sim_swarm_unreadable(uint64_t seed, sim_scenario *s);
/* All brokers killed at once, and producers that Kafka fences. */
void sim_swarm_brokers(uint64_t seed, sim_scenario *s);
/* An edge's disk is put back to a copy, and the edge hears late what central has from its later life: many batches then move to a new incarnation. */
void sim_swarm_moving(uint64_t seed, sim_scenario *s);
/* An edge that cannot ask central misses a snapshot and restarts, so that it shows numbers that are old. */
void sim_swarm_old_numbers(uint64_t seed, sim_scenario *s);
/* A clock that is set back and then runs fast until it is right again. */
void sim_swarm_slewed(uint64_t seed, sim_scenario *s);
/* An edge is retired, taken back, and retired once more, between a backup of central and its restore. */
void sim_swarm_retired_twice(uint64_t seed, sim_scenario *s);
/* Edges with room for the counts of few items, or for few idempotency keys. */
void sim_swarm_room(uint64_t seed, sim_scenario *s);
/* Answers wait for the log, and disks of edges are destroyed. */
void sim_swarm_logged(uint64_t seed, sim_scenario *s);
/* An operator imports likes, withdraws some and puts them back, while central dies and writes late. */
void sim_swarm_decided(uint64_t seed, sim_scenario *s);
/* An operator closes items, opens them and deletes some, while edges are cut off and central ends. */
void sim_swarm_closed(uint64_t seed, sim_scenario *s);
/* Two processes run under one edge's name, and central is restored to a backup of that time. */
void sim_swarm_doubled(uint64_t seed, sim_scenario *s);
/* Central has members, which die, freeze, are cut off and hand over. What befalls central befalls one of them, and the log loses nothing: this comes last. */
void sim_swarm_members(uint64_t seed, sim_scenario *s);

#endif
