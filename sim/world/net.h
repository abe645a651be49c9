/*
 * net.h - links: an edge or central to Kafka, an edge to central, each direction for itself. The faults in force add up.
 *
 * A connection is TCP: a loss delays a message or breaks the connection, and nothing overtakes. Only where a fault makes the delay vary may a message
 * overtake another: then there are several connections, or one that was made anew.
 */
#ifndef KUDOS_SIM_WORLD_NET_H
#define KUDOS_SIM_WORLD_NET_H

#include "sim/world/world.h"

typedef enum {
    NET_ARRIVES,
    NET_LOST, /* dropped, or the sender's time-out would pass before a narrow link has room */
    NET_CUT   /* the way is cut, or Kafka is down: nothing left the machine */
} sim_net_verdict;

/* Whether this way (WAY_UP: host to peer) is open: not cut, and with Kafka as the peer, Kafka is up. */
bool sim_net_open(const sim_world *w, uint32_t host, uint32_t peer, uint32_t way);
/* Sends `bytes` over this way. *at_us: when they arrive, set with NET_ARRIVES alone; the caller puts the event on the heap. */
sim_net_verdict sim_net_send(sim_world *w, uint32_t host, uint32_t peer, uint32_t way, size_t bytes,
                             uint64_t *at_us);
/* Sets all links anew from the faults in force. Messages that are under way stay so. Nobody is woken: that is sim_links_refresh(). */
void sim_net_refresh(sim_world *w);

#endif
