/*
 * drain.h - the end of the process: after SIGTERM, or because something failed.
 *
 *     announced  /readyz says 503 and everything goes on, so that a balancer goes elsewhere before a connection is refused (edge.drain_delay)
 *     requests   every server stops accepting and finishes what it has
 *     flush      once all shards have reported that: each seals its batches, commits them and hands them over to Kafka
 *     stop       once all shards have reported that, or the time is up: the main loop ends; main() joins and frees the shards
 *
 * No shard flushes before all servers are done, because a request of one shard may hold operations for another.
 */
#ifndef KUDOS_EDGE_IO_DAEMON_DRAIN_H
#define KUDOS_EDGE_IO_DAEMON_DRAIN_H

#include "common/io/loop/countdown.h"

struct kd_edge_app;
struct kd_shard;

/* The main loop's. */
typedef struct {
    enum { KD_DRAIN_NO, KD_DRAIN_ANNOUNCED, KD_DRAIN_REQUESTS, KD_DRAIN_FLUSH, KD_DRAIN_STOP } state;
    kd_countdown shards;  /* counts those that have not reported the present step */
    kd_timer patience;    /* ends a step: that of the announcement, and one for which shards take too long */
    uint64_t deadline_us; /* monotonic: when the flush ends at the latest */
} kd_drain;

/* Once the main loop exists. A failure that is told from then on (failure.h) begins a short drain. */
void kd_drain_init(struct kd_edge_app *app);
/* Before the main loop is destroyed. */
void kd_drain_finish(struct kd_edge_app *app);
/* On the main loop, at SIGTERM: announces the drain, and begins it edge.drain_delay later; it takes at most edge.drain_timeout. */
void kd_drain_announce(struct kd_edge_app *app);
/* From a shard's loop: the shard is done with the present step. */
void kd_drain_report(struct kd_shard *s);

#endif
