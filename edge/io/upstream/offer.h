/*
 * offer.h - which collections and counters of its configuration this edge offers to clients: those that central has, too.
 *
 * Central leaves a batch with a counter that it does not have, and with it everything that this edge sends of the partition afterwards. Likes in a
 * collection that central does not have could not be read there. So the edge asks for central's catalogue (GET /v1/catalogue), at the start and with
 * every measurement of the clock. The last catalogue is kept in the data directory, for a start while central cannot be reached. An edge that has
 * never had one offers its whole configuration: a first start without central must not be an outage.
 *
 *     main loop   configuration and catalogue -> a kd_served for every shard
 *     round 1     every core takes the new counters
 *     round 2     every shard offers them
 *
 * So a shard never hands over an operation whose counter the other shard's core does not know.
 */
#ifndef KUDOS_EDGE_IO_UPSTREAM_OFFER_H
#define KUDOS_EDGE_IO_UPSTREAM_OFFER_H

#include "edge/io/shard/served.h"

struct kd_edge_app;
typedef struct kd_offer kd_offer;

/* All functions: on the main loop's thread. */

/* Decides by the catalogue that was kept, and logs what is not offered. Sets app->offer; before the shards are made. */
void kd_offer_create(struct kd_edge_app *app);
/* What a shard that is being made offers at first. A view, valid until the next kd_offer_heard or kd_offer_widen. */
const kd_served *kd_offer_served(const kd_offer *o);
/* The body of central's answer. If it is a catalogue and differs from the last one, it is kept, and the shards are told. Anything else changes
 * nothing. */
void kd_offer_heard(kd_offer *o, kd_bytes body);
/* app->settings has new collections or counters: decides again and tells the shards. */
void kd_offer_widen(kd_offer *o);
/* How many collections of the configuration are not offered, as far as all shards answer so. */
uint32_t kd_offer_closed_collections(const kd_offer *o);
/* How many counters of the configuration are not offered, as far as all shards answer so. */
uint32_t kd_offer_closed_counters(const kd_offer *o);
/* Posts nothing more to shards; before their loops end. NULL is fine. */
void kd_offer_stop(kd_offer *o);
/* After the main loop was destroyed, which runs what shards have posted back. NULL is fine. */
void kd_offer_destroy(kd_offer *o);

#endif
