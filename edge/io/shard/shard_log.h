/*
 * shard_log.h - the answers of a shard that wait for the log (kudos/log_waits.h, rule 26), with the options that say how long, and the metrics.
 *
 * With edge.acknowledge = disk nothing ever waits here. A waiting request is in work until it is answered: it counts for edge.in_flight_max, so their
 * number is bounded.
 */
#ifndef KUDOS_EDGE_IO_SHARD_SHARD_LOG_H
#define KUDOS_EDGE_IO_SHARD_SHARD_LOG_H

#include "edge/io/shard/base.h"
#include "kudos/log_waits.h"

typedef struct {
    kd_log_waits waits;
    kd_shard_base *base;
} kd_shard_log;

/* Borrows the base, whose core is open. */
void kd_shard_log_init(kd_shard_log *l, kd_shard_base *base);
/* The loop has ended. Fine for zeros. */
void kd_shard_log_finish(kd_shard_log *l);
/* As kd_log_waits_begin. */
void kd_shard_log_begin(kd_shard_log *l, kd_log_wait *wait);
/* At every tick: waits whose patience is over. */
void kd_shard_log_look(kd_shard_log *l, uint64_t mono_us);

#endif
