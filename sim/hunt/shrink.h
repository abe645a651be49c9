/*
 * shrink.h - reduces a scenario that fails to a short one that fails in the same way: the smallest list of events (ddmin: Zeller and Hildebrandt,
 * 2002), then fewer edges, partitions and shards, shorter times, knobs as by default. What "fails" means is the caller's.
 */
#ifndef KUDOS_SIM_HUNT_SHRINK_H
#define KUDOS_SIM_HUNT_SHRINK_H

#include "sim/scenario/scenario.h"

typedef struct {
    bool (*fails)(void *arg, const sim_scenario *s, uint64_t seed); /* in the same way as the whole */
    bool (*tired)(void *arg); /* no more time: the best so far is the result */
    void *arg;
} sim_shrink_trial;

/* Makes *s smaller as long as it still fails. *s fails with *seed before and after. */
void sim_shrink(const sim_shrink_trial *t, sim_scenario *s, uint64_t *seed);

/* As sim_shrink, after `operations` have replaced the users that act of their own accord. False: with the operations as events, the scenario fails
 * with none of the seeds that were tried. */
bool sim_shrink_explicit(const sim_shrink_trial *t, sim_scenario *s, uint64_t *seed,
                         const sim_scenario_event *operations, uint32_t count);

#endif
