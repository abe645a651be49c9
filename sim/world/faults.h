/* faults.h - the scenario's timeline: faults begin and end; when the scenario's length is over, everything that is still wrong is put right. */
#ifndef KUDOS_SIM_WORLD_FAULTS_H
#define KUDOS_SIM_WORLD_FAULTS_H

#include "sim/world/world.h"

/* Puts all events of the scenario that lie within its length on the heap. */
void sim_faults_open(sim_world *w);
/* Ends all faults, drops copies, thaws and starts every process. */
void sim_faults_stop(sim_world *w);

#endif
