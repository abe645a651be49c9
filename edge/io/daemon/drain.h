/*
 * drain.h - the end of the process: after SIGTERM, or because something failed.
 *
 *     requests  every server stops accepting and finishes what it has
 *     flush     all shards done with that: each seals, commits and hands over to Kafka
 *     stop      all shards done, or the time is up: the main loop ends; main() joins and frees them
 *
 * Requests come before the flush of any shard, because a request of one shard may hold operations for
 * another.
 */
#ifndef KUDOS_EDGE_IO_DAEMON_DRAIN_H
#define KUDOS_EDGE_IO_DAEMON_DRAIN_H

#include "common/io/loop/loop.h"

struct kd_edge_app;
struct kd_shard;

typedef struct {
    enum { KD_DRAIN_NO, KD_DRAIN_REQUESTS, KD_DRAIN_FLUSH, KD_DRAIN_STOP } state; /* the main loop's */
    uint32_t left; /* shards that have not reported */
    kd_timer patience;
    uint64_t deadline_us; /* monotonic: when flushing ends */
    kd_post fail;         /* posted once, by whoever fails first */
    int fail_posted;      /* atomic */
    int fail_code;
    char fail_reason[256]; /* the event of the log and its cause; empty: nothing failed */
} kd_drain;

void kd_drain_init(struct kd_edge_app *app);
void kd_drain_finish(struct kd_edge_app *app);
/* On the main loop. */
void kd_drain_begin(struct kd_edge_app *app, uint64_t timeout_us);
/* From any thread: the process cannot go on; ends with `code` after a short drain. `event` and `cause` are said in the
 * last line of the log; of several failures the first. */
void kd_drain_fail(struct kd_edge_app *app, int code, const char *event, const char *cause);
/* From a shard's loop: its requests are answered / all is handed over. */
void kd_drain_report(struct kd_shard *s);

#endif
