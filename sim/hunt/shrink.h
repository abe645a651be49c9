/*
 * shrink.h - reduces a scenario that fails to a short one that fails in the same way: the smallest list of events (ddmin: Zeller and Hildebrandt,
 * 2002), then fewer edges, partitions and shards, shorter times, knobs as by default. What "fails" means is the caller's.
 */
#ifndef KUDOS_SIM_HUNT_SHRINK_H
#define KUDOS_SIM_HUNT_SHRINK_H

#include "sim/scenario/scenario.h"

typedef struct {
    bool (*fails)(void *arg, const scenario *s, uint64_t seed); /* in the same way as the whole */
    bool (*tired)(void *arg); /* no more time: the best so far is the result */
    void *arg;
} shrink_trial;

/* *s fails with *seed before and after. */
void shrink(const shrink_trial *t, scenario *s, uint64_t *seed);

/* The same with its users' operations as events instead of users of their own accord; false when that does not fail with any of some seeds. */
bool shrink_explicit(const shrink_trial *t, scenario *s, uint64_t *seed, const scenario_event *operations,
                     uint32_t count);

#endif
