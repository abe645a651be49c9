/*
 * live.h - live streams in the simulation: one at each edge for some of the items. What it was told last must be what a read shows.
 */
#ifndef KUDOS_SIM_WORLD_LIVE_H
#define KUDOS_SIM_WORLD_LIVE_H

#include "sim/world/world.h"

/* A user reads the item at that edge, and sees `view`: the stream there, which is told all that changed, must show the same. The first read begins it. */
void sim_live_read(sim_world *w, uint32_t slot, uint32_t item, const kd_view *view);
/* The shard's process ends, and its streams with it. */
void sim_live_end(sim_shard *m);

#endif
