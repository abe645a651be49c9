/* heartbeat.h - what a member of central tells the others: once a second, and soon after a change. */
#ifndef KUDOS_SIM_WORLD_HEARTBEAT_H
#define KUDOS_SIM_WORLD_HEARTBEAT_H

#include "sim/world/world.h"

/* The next heartbeat comes at once, the later ones follow. */
void sim_heartbeat_begin(sim_world *w, uint32_t slot);
/* Something has changed: the next heartbeat comes soon, with what changes until then. */
void sim_heartbeat_soon(sim_world *w, uint32_t slot);
/* The last one: it holds nothing. `centrals[].parted` is set. */
void sim_heartbeat_part(sim_world *w, uint32_t slot);

#endif
