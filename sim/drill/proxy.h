/*
 * proxy.h - the network of a drill: TCP connections that pass through here can be cut, delayed, throttled and broken.
 *
 *     who connects ---up---> link (a port of 127.0.0.1) ---> its target
 *                  <--down--
 *
 * A link has one listening port, one target and conditions. A cut is a black hole: in that direction no byte and no end of a connection
 * passes, connections stay, new ones are accepted by the machine and get no further; what was sent meanwhile arrives after the cut, as
 * TCP would resend it. Bytes are never changed (but for Kafka's addresses, see proxy_kafka.h), reordered or lost: what a lossy network does
 * to TCP beyond delay is that connections break, so `loss_percent` of the pieces that pass break theirs.
 *
 * One thread, the loop's. Bounded: connections of a link, bytes that one holds.
 */
#ifndef KUDOS_SIM_DRILL_PROXY_H
#define KUDOS_SIM_DRILL_PROXY_H

#include <event2/event.h>

#include "sim/drill/proxy_kafka.h"

enum { PROXY_UP, PROXY_DOWN, PROXY_WAYS }; /* up: from who connects */

typedef struct {
    struct {
        bool cut;
        uint64_t delay_us, jitter_us; /* delay, give or take jitter; the order stays */
        uint64_t bytes_per_s;         /* 0: no limit */
        uint32_t loss_percent;
    } way[PROXY_WAYS];
    bool refused; /* nobody listens there: connections break, new ones too */
} sim_proxy_condition;

typedef struct sim_proxy_link sim_proxy_link;

/* Listens on a free port, or NULL (errno). `kafka`: the target is a broker, and its answers are changed by this table; borrowed, or NULL. */
sim_proxy_link *sim_proxy_link_create(struct event_base *base, const sim_proxy_kafka_table *kafka,
                                      uint64_t seed);
/* Breaks its connections and stops listening. NULL is fine. */
void sim_proxy_link_destroy(sim_proxy_link *l);
/* The port of 127.0.0.1 at which it listens, for all its life. */
uint16_t sim_proxy_link_port(const sim_proxy_link *l);
/* Connections made from now on lead to this port of 127.0.0.1. 0: nobody is there, they are refused. */
void sim_proxy_link_target(sim_proxy_link *l, uint16_t port);
/* New conditions, copied. They hold for open connections, too; a delay only for bytes read from now on. `refused` breaks open connections. */
void sim_proxy_link_set(sim_proxy_link *l, const sim_proxy_condition *condition);
/* A link to a broker: on each of its connections the next answer to a producer ends the producer's life, once (sim_proxy_kafka_calls). */
void sim_proxy_link_fence(sim_proxy_link *l);
/* All its connections break, once. */
void sim_proxy_link_reset(sim_proxy_link *l);

typedef struct {
    uint64_t connections, bytes, broken;
} sim_proxy_counts;
/* Counts of all the link's connections since its creation; bytes of both directions. */
sim_proxy_counts sim_proxy_link_counts(const sim_proxy_link *l);

#endif
