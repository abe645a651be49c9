/* edge.h - life of an edge's process: opens its shards' cores over their disks, drains, ends. */
#ifndef KUDOS_SIM_WORLD_EDGE_H
#define KUDOS_SIM_WORLD_EDGE_H

#include "sim/world/processes.h"

/* For processes 0 to WORLD_SLOTS - 1. */
extern const sim_role sim_role_edge;

#endif
