/* leader.h - who leads a partition. */
#ifndef KUDOS_SIM_WORLD_LEADER_H
#define KUDOS_SIM_WORLD_LEADER_H

#include "sim/world/world.h"

/* The slot of the central whose claim of that partition stands, the highest one where several believe that; CHECKS_CENTRALS: nobody's. Of a central alone 0, also while it is
 * down. */
uint32_t sim_leader(const sim_world *w, uint32_t partition);

#endif
