/*
 * publish.h - what a shard shows of itself to other threads: its metrics, and copies of the state of its partitions and viral items for
 * /debug/...
 */
#ifndef KUDOS_EDGE_IO_SHARD_PUBLISH_H
#define KUDOS_EDGE_IO_SHARD_PUBLISH_H

#include <pthread.h>

#include "kudos/edge.h"

struct kd_shard;

/* Copied at every tick; any thread may read it under `lock`. */
typedef struct {
    pthread_mutex_t lock;
    uint64_t incarnation;
    uint32_t count;
    kd_edge_partition *at; /* `count` partitions of this shard; NULL before init */
    kd_edge_stats stats;
    kd_edge_viral virals[KD_VIRAL_MAX];
    uint32_t viral_count;
    uint64_t second; /* up to it, since 1970, the operations of `virals` are told */
} kd_published;

/* Room for the partitions of a process that has `partitions` in all. */
void kd_published_init(kd_published *p, uint64_t partitions);
/* A struct that was never initialised is fine. */
void kd_published_finish(kd_published *p);
/* On the shard's thread: copies the figures of core, server, Kafka clients and asker into the metrics, and the partitions and viral
 * items into `published`. Logs new alarms (alarms.h), and viral items that came or went (viral_log.h). */
void kd_shard_publish(struct kd_shard *s);

#endif
