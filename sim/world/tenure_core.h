/* tenure_core.h - the core of a tenure: its configuration, of which a part is drawn from the seed of the run. */
#ifndef KUDOS_SIM_WORLD_TENURE_CORE_H
#define KUDOS_SIM_WORLD_TENURE_CORE_H

#include "sim/world/world.h"

/* Opens the core on the tenure's disk, leading or following as the tenure says. Errors as kd_central_open. */
int sim_tenure_core_open(sim_world *w, uint32_t slot, uint32_t partition);
/* Operations that make a commit full; the bound on redo that the topics owe, in bytes. */
uint32_t sim_tenure_commit_ops(const sim_world *w);
uint64_t sim_tenure_unpublished_max(const sim_world *w);
/* What names the tenure in a draw of chance: of a central alone the partition. */
uint64_t sim_tenure_entity(const sim_world *w, uint32_t slot, uint32_t partition);

#endif
