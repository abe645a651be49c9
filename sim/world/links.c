/* links.c - see the header. */
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

/* librdkafka 2.0.2 may report a fatal error after a broken connection. Then the edge makes a new producer, and its shards send from their
 * outboxes. */
static void links_reset_kafka(sim_world *w, uint32_t host)
{
    if (host >= HOST_CENTRAL || sim_world_below(w, DRAW_RETRY, 900 + host, 2) == 0) return;
    links_make_producers(w, host);
}

void sim_links_reset(sim_world *w, uint32_t host, uint32_t peer)
{
    if (peer == PEER_KAFKA) links_reset_kafka(w, host);
    if (peer == PEER_CENTRAL) sim_ask_broken(w, host);
}

/* Central needs no new producer here: its records stay in kd_outbound queues, and a report of failure makes it send them again. */
void sim_links_fence(sim_world *w, uint32_t host)
{
    sim_producer_fail_all(w, host);
    if (host < HOST_CENTRAL) links_make_producers(w, host);
}
