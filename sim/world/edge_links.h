/* edge_links.h - which central an edge asks: the newest of a central alone, one of the members by kudos/centrals.h. */
#ifndef KUDOS_SIM_WORLD_EDGE_LINKS_H
#define KUDOS_SIM_WORLD_EDGE_LINKS_H

#include "sim/world/world.h"

/* A process of the edge starts, and ends. */
void sim_edge_links_open(sim_world *w, uint32_t slot);
void sim_edge_links_close(sim_world *w, uint32_t slot);
/* The central to ask about the partition (KD_CENTRALS_ANY: about none) that has no bit in `tried`; CHECKS_CENTRALS: none is left. */
uint32_t sim_edge_asks(sim_world *w, uint32_t slot, uint32_t partition, uint32_t tried);
/* How that went: it answered, as the leader of the partition; it named another one (CHECKS_CENTRALS: nobody); it could not answer now; no answer came. */
void sim_edge_was_answered(sim_world *w, uint32_t slot, uint32_t central, uint32_t partition);
void sim_edge_was_sent_on(sim_world *w, uint32_t slot, uint32_t central, uint32_t partition, uint32_t leader);
void sim_edge_was_refused(sim_world *w, uint32_t slot, uint32_t central);
void sim_edge_was_failed(sim_world *w, uint32_t slot, uint32_t central, kd_central_fault fault);
/* Peer of the edge's link to that central. */
static inline uint32_t sim_edge_peer(const sim_world *w, uint32_t central)
{
    return PEER_CENTRAL + (w->s->member_count > 0 ? central : 0);
}

#endif
