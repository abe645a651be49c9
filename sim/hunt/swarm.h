/*
 * swarm.h - a random scenario from a seed, by swarm testing (Groce et al., 2012): each kind of fault is in a run or out of it.
 * A run with few kinds of faults reaches states that a run with all of them never does, because one fault hides or repairs what another one left.
 */
#ifndef KUDOS_SIM_HUNT_SWARM_H
#define KUDOS_SIM_HUNT_SWARM_H

#include "sim/scenario/scenario.h"

/* Initialises *s; the caller finishes it. The same seed gives the same scenario, which its text form can say. */
void sim_swarm_draw(uint64_t seed, sim_scenario *s);

#endif
