/*
 * sender.h - hands the batches of the core's outbox to Kafka (the likes topic), and brings Kafka's delivery reports back to the core. A batch stays
 * in the outbox whatever Kafka says: only central's `applied` frees it.
 */
#ifndef KUDOS_EDGE_IO_KAFKA_SENDER_H
#define KUDOS_EDGE_IO_KAFKA_SENDER_H

#include <sys/queue.h>

#include "common/io/kafka/kafka.h"
#include "edge/io/kafka/topics.h"
#include "edge/io/shard/base.h"

typedef struct {
    kd_shard_base *base;
    kd_topics *topics;
    kd_kafka_producer *producer; /* NULL until the topics are known to be there */
    kd_buf record;               /* the batch being handed over */
    uint64_t sent;               /* batches that Kafka has confirmed */
    uint64_t outstanding;        /* batches handed to the producer, without a delivery report yet */
    SLIST_HEAD(kd_sent_pool, kd_sent) pool; /* notes for delivery reports that are not in use */
    SLIST_HEAD(kd_sent_made, kd_sent) made; /* all notes */
    bool blocked;    /* the producer's queue is full, or it is between two clients: until `ready` */
    bool unreadable; /* a batch could not be read from the store: the process is ending */
} kd_sender;

/* The topics are there: makes the producer. `base` and `topics` are borrowed until finish. KD_OK; KD_EIO or KD_EINVAL, already logged. */
int kd_sender_start(kd_sender *s, kd_shard_base *base, kd_topics *topics, const kd_kafka_config *config);
/* Hands over every batch that is due, as far as the producer takes them. Does nothing before kd_sender_start. Not after a failed commit. */
void kd_sender_pump(kd_sender *s);
/* After the loop was joined. Batches without a delivery report are sent again after the next start. A sender that was never started is fine. */
void kd_sender_finish(kd_sender *s);

#endif
