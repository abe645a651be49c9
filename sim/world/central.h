/* central.h - life of central's process: opens its partitions, looks up its places in the log, drains, ends. */
#ifndef KUDOS_SIM_WORLD_CENTRAL_H
#define KUDOS_SIM_WORLD_CENTRAL_H

#include "sim/world/processes.h"

/* For processes from WORLD_SLOTS on. */
extern const sim_role sim_role_central;

#endif
