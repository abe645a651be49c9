/* reshard.h - an operator changes the number of an edge's shards and changes it back, while the edge does not run (`kudos-edge shards`). */
#ifndef KUDOS_SIM_WORLD_RESHARD_H
#define KUDOS_SIM_WORLD_RESHARD_H

#include "sim/world/world.h"

/* Before a start, now and then. A disk that cannot be read, or that holds nothing yet, stays as it is. */
void sim_edge_reshard(sim_world *w, uint32_t slot);

#endif
