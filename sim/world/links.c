/*
 * links.c - who notices that links changed: producers and consumers go on where a link is open again, connections that broke take their questions
 * and their Kafka clients along.
 */
#include "sim/world/links.h"

#include "sim/world/consumer.h"
#include "sim/world/edge_ask.h"
#include "sim/world/events.h"
#include "sim/world/net.h"
#include "sim/world/producer.h"
#include "sim/world/shard.h"

void sim_links_refresh(sim_world *w)
{
    sim_net_refresh(w);
    for (uint32_t h = 0; h < HOSTS; h++) {
        sim_producer_healed(w, h);
        sim_consumer_healed(w, h);
    }
}

static void links_make_producers(sim_world *w, uint32_t host)
{
    for (uint32_t slot = host; slot < WORLD_SLOTS; slot += SCENARIO_EDGES_MAX)
        if (w->processes[slot].up) sim_shard_reset(w, slot);
}

/* The client of 2.0.2 may go fatal over a broken connection; then its process makes another, and sends from its outbox. */
static void links_reset_kafka(sim_world *w, uint32_t host)
{
    if (host == HOST_CENTRAL || sim_world_below(w, DRAW_RETRY, 900 + host, 2) == 0) return;
    links_make_producers(w, host);
}

void sim_links_reset(sim_world *w, uint32_t host, uint32_t peer)
{
    if (peer == PEER_KAFKA) links_reset_kafka(w, host);
    if (peer == PEER_CENTRAL) sim_ask_broken(w, host);
}

/* Central keeps its records itself: it sends them again when it is told that they failed. */
void sim_links_fence(sim_world *w, uint32_t host)
{
    sim_producer_fail_all(w, host);
    if (host != HOST_CENTRAL) links_make_producers(w, host);
}
