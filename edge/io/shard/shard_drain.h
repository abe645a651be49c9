/*
 * shard_drain.h - a shard's part in the drain of the process (daemon/drain.h): first its requests, then, when all shards are done with theirs, its
 * flush. The end of each is reported once, by the shard's option `drained`.
 */
#ifndef KUDOS_EDGE_IO_SHARD_SHARD_DRAIN_H
#define KUDOS_EDGE_IO_SHARD_SHARD_DRAIN_H

#include "common/io/loop/loop.h"

struct kd_shard;

typedef struct {
    kd_post begin, flush;
    uint64_t deadline_us;        /* monotonic */
    bool closed, idle_told;      /* the server has ended; and no request is in work, which was reported */
    bool flushing, flushed_told; /* all batches are sealed; all are with Kafka, which was reported */
} kd_shard_drain;

/* From the main loop, once: the server finishes its requests, and cuts those that are left after half of the time to the deadline. */
void kd_shard_drain_begin(struct kd_shard *s, uint64_t deadline_us);
/* From the main loop, once, after the report of kd_shard_drain_begin: seals all open batches, commits them and hands them over to Kafka. */
void kd_shard_drain_flush(struct kd_shard *s);
/* On the shard's thread, at the end of a turn: reports what has been reached. */
void kd_shard_drain_look(struct kd_shard *s);

#endif
