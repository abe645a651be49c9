/*
 * viral_log.h - the log lines of a shard about items that become viral, or quiet again: `item-viral` and `item-quiet`. Each is bounded as every line
 * of the log is (common/io/loop/log.h).
 */
#ifndef KUDOS_EDGE_IO_SHARD_VIRAL_LOG_H
#define KUDOS_EDGE_IO_SHARD_VIRAL_LOG_H

#include "kudos/edge.h"

/* The items that were viral at the last call; zero at first. */
typedef struct {
    struct {
        kd_item item;
        uint64_t since_us;
    } at[KD_VIRAL_MAX];
    uint32_t count;
} kd_viral_told;

/* On the shard's thread, at every tick: logs which of the `count` viral items of shard number `shard` are new since the last call, and which are
 * gone. */
void kd_viral_log(kd_viral_told *told, uint32_t shard, const kd_edge_viral *virals, uint32_t count);

#endif
