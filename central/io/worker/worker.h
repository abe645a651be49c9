/*
 * worker.h - a thread that owns the partitions p with p modulo workers == index: their tenures,
 * one consumer of the likes topic, one producer.
 *
 * Before kd_worker_assign only the stores are open: reads are served, nothing is consumed. Once running,
 * everything happens on its loop; other threads post.
 */
#ifndef KUDOS_CENTRAL_IO_WORKER_WORKER_H
#define KUDOS_CENTRAL_IO_WORKER_WORKER_H

#include "central/io/daemon/edge_ages.h"
#include "central/io/partition/tenure.h"

typedef struct kd_worker kd_worker;

/* To the owner of the workers, from a worker's thread. */
typedef struct {
    void *arg;
    void (*topics_gone)(void *arg);                /* a partition of the topic is not there: look after it */
    void (*drained)(void *arg, kd_worker *worker); /* after kd_worker_drain, once */
} kd_worker_events;

struct kd_worker {
    uint32_t index;
    const kd_central_settings *settings; /* but for what is declared: that changes on another thread */
    kd_declared declared;
    kd_worker_events events;
    kd_loop *loop;
    kd_tenure *tenures; /* partition p is tenures[p / workers] */
    uint32_t count;
    kd_kafka_consumer *consumer;
    kd_kafka_producer *producer;
    kd_timer publish, refresh, rejoin;
    kd_backoff rejoin_backoff;
    uint64_t random;
    bool rejoin_fatal; /* only a new consumer helps */
    bool paused, draining, told;
    uint32_t assigned; /* atomic: partitions handed to the consumer, 0 before that */
    kd_central_metrics metrics;
    kd_edge_ages edge_ages;
    uint64_t created_us; /* monotonic */
};

/* Opens the partitions, with a thread that is not started yet. As kd_tenure_open; also KD_EINVAL for the
 * Kafka clients. */
int kd_worker_create(kd_worker *w, const kd_central_settings *settings, uint32_t index, bool anew,
                     const kd_worker_events *events, char *error);
/* KD_OK or KD_EIO. */
int kd_worker_start(kd_worker *w);
/* From any thread: commit what is gathered, publish a last snapshot, wait for their delivery, then `drained`.
 */
void kd_worker_drain(kd_worker *w);
/* Ends the thread; what was not delivered is left for the next start. */
void kd_worker_stop(kd_worker *w);
void kd_worker_destroy(kd_worker *w);

static inline kd_tenure *kd_worker_tenure(kd_worker *w, uint32_t partition)
{
    return &w->tenures[partition / w->settings->workers];
}

/* On the worker's thread, after whatever may have merged or dropped what waited: reads the log from its beginning where the core asks for it. */
void kd_worker_read_again(kd_worker *w, kd_tenure *t);

/* What stood in the log at the position of a partition (rule 13): one per partition of the worker. */
typedef struct {
    uint32_t partition;
    bool found;
    kd_buf record;
} kd_log_check;

/* From any thread, once: begin to read and to publish. Takes `checks` (and what is in it) over. */
void kd_worker_assign(kd_worker *w, kd_log_check *checks, uint32_t count);
/* From the thread of the settings: counters, collections or edges were added to them. Questions that this thread posts later find them. */
void kd_worker_redeclare(kd_worker *w);
/* From any thread: the topics are there again. */
void kd_worker_rejoin(kd_worker *w);

#endif
