/*
 * links.h - who notices that links changed: producers and consumers go on where a link is open again; connections that broke take their questions
 * and their Kafka clients along.
 */
#ifndef KUDOS_SIM_WORLD_LINKS_H
#define KUDOS_SIM_WORLD_LINKS_H

#include "sim/world/world.h"

/* The faults in force changed: sets the links anew, then wakes all producers and consumers whose links to Kafka are open. */
void sim_links_refresh(sim_world *w);
/* The connections of a host to a peer break. PEER_CENTRAL: questions under way have no answer. PEER_KAFKA: in half of the cases the clients of an
 * edge are dead and are made anew; central's go on. */
void sim_links_reset(sim_world *w, uint32_t host, uint32_t peer);
/* The host's Kafka producers are dead: each message under way is reported as failed, and edges make new producers. */
void sim_links_fence(sim_world *w, uint32_t host);

#endif
