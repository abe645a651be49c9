/*
 * sender.h - batches of the core's outbox to the likes topic, and their delivery reports back to the
 * core.
 */
#ifndef KUDOS_EDGE_IO_KAFKA_SENDER_H
#define KUDOS_EDGE_IO_KAFKA_SENDER_H

#include "common/io/kafka/kafka.h"

struct kd_shard;

typedef struct {
    kd_kafka_producer *producer; /* NULL until the topics are known to be there */
    kd_buf record;
    uint64_t sent;               /* reported as delivered */
    uint64_t outstanding;        /* handed to the producer, no report yet */
    struct kd_sent *pool, *made; /* free ones; all */
    bool blocked;                /* the producer's queue is full, or it is between two clients */
    bool unreadable;             /* a batch could not be read: the process is ending */
} kd_sender;

/* The topics are there: makes the producer. KD_OK or KD_EIO, KD_EINVAL (logged). */
int kd_sender_start(struct kd_shard *s, const kd_kafka_config *config);
/* Sends all that is due. */
void kd_sender_pump(struct kd_shard *s);
/* After the loop was joined. */
void kd_sender_finish(struct kd_shard *s);

#endif
