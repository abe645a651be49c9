/* swarm_draw.h - chance of the swarm, between its files. */
#ifndef KUDOS_SIM_HUNT_SWARM_DRAW_H
#define KUDOS_SIM_HUNT_SWARM_DRAW_H

#include <math.h>

#include "sim/scenario/scenario.h"

enum { MS = 1000, SECOND = 1000000 };

typedef struct {
    uint64_t random;
    scenario *s;
    int focus; /* whom most of the faults befall; SCENARIO_NOBODY: anybody */
} swarm;

static inline uint64_t below(swarm *d, uint64_t n)
{
    return kd_random_next(&d->random) % n;
}

static inline uint64_t between(swarm *d, uint64_t least, uint64_t most)
{
    return least + below(d, most - least + 1);
}

static inline bool chance(swarm *d, uint32_t percent)
{
    return below(d, 100) < percent;
}

/* As often between 1 and 2 as between 100 and 200; rounded, so that it reads well. */
static inline uint64_t scaled(swarm *d, uint64_t least, uint64_t most, uint64_t step)
{
    double octaves = log2((double)most / (double)least), at = (double)below(d, 1 << 20) / (1 << 20);
    uint64_t value = (uint64_t)((double)least * exp2(octaves * at));
    return KD_MAX(least, value / step * step);
}

static inline void add(swarm *d, scenario_event e)
{
    if (e.at_us <= d->s->length_us) scenario_add(d->s, &e);
}

#define PICK(d, ...)                                                                                         \
    ((const uint32_t[]){__VA_ARGS__}[below(d, sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))])

/* How many there are that befall central, or somebody else. */
uint32_t swarm_events(const scenario *s, scenario_kind kind, bool central);

/* Nothing else befalls it, at most so many edges are in it, and batches and snapshots follow fast. */
void swarm_alone(swarm *d, uint32_t edges);

/* Each comes last, of a stream of its own: what else befalls a seed is not changed by it. */
void swarm_apart(uint64_t seed, scenario *s); /* clocks that run apart */
/* What edges and central forget, edges that are retired and taken back, and edges put back to what was withdrawn since. */
void swarm_forget(uint64_t seed, scenario *s);
/* Central put back while something is under way at the edges. */
void swarm_half_done(uint64_t seed, scenario *s);
/* Edges whose disks cannot be read. */
void swarm_unreadable(uint64_t seed, scenario *s);
void swarm_brokers(uint64_t seed, scenario *s);
void swarm_moving(uint64_t seed, scenario *s);
void swarm_old_numbers(uint64_t seed, scenario *s);
void swarm_slewed(uint64_t seed, scenario *s);
/* Retired, taken back and retired once more between a backup and its restore. */
void swarm_retired_twice(uint64_t seed, scenario *s);
/* Edges with room for few numbers, or few keys. */
void swarm_room(uint64_t seed, scenario *s);
/* A name that is used twice, and central put back to that time. */
void swarm_doubled(uint64_t seed, scenario *s);

#endif
