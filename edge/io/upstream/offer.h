/*
 * offer.h - what this edge offers: of the collections and counters of its configuration, those that central has.
 *
 * A batch with a counter that central lacks would hold up all that its edge sends of that partition; likes of a collection that central lacks could not
 * be read there. So central says what it has (GET /v1/catalogue), at the start and with every measurement of the clock. What was said last is kept beside
 * the store, for a start while central is away. An edge that has never heard it offers its whole configuration: a start without central must not be an
 * outage.
 *
 *     main loop: the configuration and central's catalogue -> a kd_served for every shard, which takes it on its own thread:
 *     first the cores take new counters, all of them; then the shards offer them. So no shard names a counter to another that does not know it.
 */
#ifndef KUDOS_EDGE_IO_UPSTREAM_OFFER_H
#define KUDOS_EDGE_IO_UPSTREAM_OFFER_H

#include "edge/io/shard/served.h"

struct kd_edge_app;
typedef struct kd_offer kd_offer;

/* On the main loop, all of them. Reads what central said last; before the shards are made. */
void kd_offer_create(struct kd_edge_app *app);
/* For a shard that is being made; changes with the next call. */
const kd_served *kd_offer_served(const kd_offer *o);
/* Central's answer. What is no catalogue changes nothing. */
void kd_offer_heard(kd_offer *o, kd_bytes body);
/* The configuration has more than before. */
void kd_offer_widen(kd_offer *o);
/* Collections, counters of the configuration that are not offered. */
uint32_t kd_offer_closed_collections(const kd_offer *o);
uint32_t kd_offer_closed_counters(const kd_offer *o);
/* Nothing is posted to a shard from now on; before the shards go. NULL is fine. */
void kd_offer_stop(kd_offer *o);
/* After the main loop was destroyed. NULL is fine. */
void kd_offer_destroy(kd_offer *o);

#endif
