/* heal.h - the time after the scenario's length: no faults, no new operations of the swarm, and all must agree within the scenario's `heal`. */
#ifndef KUDOS_SIM_WORLD_HEAL_H
#define KUDOS_SIM_WORLD_HEAL_H

#include "sim/world/world.h"

/* Puts the end of the faults on the heap, at w->end_us. Later events set w->converged and w->over. */
void sim_heal_open(sim_world *w);

#endif
