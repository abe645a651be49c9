/*
 * overload.h - measures how long work waits at all shards, and decides the level of overload of the process (kudos/overload.h): one level for all, for
 * a client's requests reach any shard. The shard that is worst decides, since a request that reads many items waits for the last of them.
 *
 * All on the main loop, which also owns the figures for the metrics. Shards take the level over at their next tick (shard/shard.c).
 */
#ifndef KUDOS_EDGE_IO_DAEMON_OVERLOAD_H
#define KUDOS_EDGE_IO_DAEMON_OVERLOAD_H

#include "common/base/metrics.h"
#include "common/io/loop/loop.h"
#include "kudos/overload.h"

struct kd_edge_app;

typedef struct {
    kd_overload judge;
    kd_timer timer;
    kd_metric level; /* atomic copy of judge.level, for other threads */
} kd_overload_watch;

/* Measures from now on, every KD_OVERLOAD_SAMPLE_US. Once the shards and the main loop exist. */
void kd_overload_watch_start(struct kd_edge_app *app);
/* After the main loop has ended, before it is destroyed. A watch that was never started is fine. */
void kd_overload_watch_finish(struct kd_edge_app *app);

#endif
