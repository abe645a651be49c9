/*
 * base.h - what every part of a shard (group commit, sender, counts reader, asker) works with. The shard embeds it and outlives its parts, so they
 * keep a pointer to it and need not know the shard itself. Only the shard's thread touches it, but for `loop` (posts come from any thread),
 * `metrics` and `lag` (atomic).
 */
#ifndef KUDOS_EDGE_IO_SHARD_BASE_H
#define KUDOS_EDGE_IO_SHARD_BASE_H

#include "common/io/loop/clock.h"
#include "common/io/loop/loop.h"
#include "edge/io/daemon/metrics.h"
#include "edge/io/daemon/settings.h"
#include "edge/io/shard/lag.h"
#include "edge/io/shard/turn.h"
#include "kudos/edge.h"

typedef struct {
    uint32_t index, shards; /* this shard owns the partitions p with p % shards == index */
    const kd_settings *settings;
    const kd_clock *clock; /* the process's carried clock */
    kd_loop *loop;
    kd_edge *edge; /* the core */
    kd_turn turn;  /* woken when something may have to be committed, sent or reported */
    kd_edge_metrics metrics;
    kd_lag lag;
    uint64_t random; /* state of the generator for jitter and seeds */
} kd_shard_base;

#endif
