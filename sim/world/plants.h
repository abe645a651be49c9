/*
 * plants.h - every rule that can be broken on purpose, by name: the choice of `run --plant`, of the hunt and of `kudos-sim bugs`.
 */
#ifndef KUDOS_SIM_WORLD_PLANTS_H
#define KUDOS_SIM_WORLD_PLANTS_H

#include "kudos/base.h"

typedef struct {
    const char *name;
    const char *rule;              /* "3", "10", "I15": of the protocol, or an invariant */
    uint64_t edge, central, world; /* bits for kd_edge_config, kd_central_config, sim_options */
    const char *what;              /* how the rule is broken, in a line */
} sim_plant_name;

extern const sim_plant_name sim_plants[];
extern const uint32_t sim_plant_count;

/* The plant of that name; NULL: there is none. */
const sim_plant_name *sim_plant_find(const char *name);

#endif
