/*
 * outbound.h - records on their way to one partition of one topic: kept until they are delivered,
 * sent again with back-off when they are not. In order, except that what goes a second time may arrive behind
 * what came after it.
 *
 * Belongs to a worker's thread. The reader of every topic drops copies, so a lost report costs a duplicate
 * only.
 */
#ifndef KUDOS_CENTRAL_IO_PARTITION_OUTBOUND_H
#define KUDOS_CENTRAL_IO_PARTITION_OUTBOUND_H

#include "common/io/kafka/kafka.h"

typedef struct kd_outbound kd_outbound;
typedef struct kd_outbound_record kd_outbound_record;

struct kd_outbound {
    size_t topic;
    uint32_t partition;
    uint32_t count;    /* records held */
    uint32_t waiting;  /* of those, not with the producer */
    uint64_t again_us; /* monotonic: nothing is sent before, after a failure */
    uint64_t backoff_us;
    uint64_t failed; /* reports of failure, in all */
    kd_outbound_record *first, *last;
    void (*advanced)(kd_outbound *out, void *arg); /* records left at the front */
    void *arg;
};

/* The opaque of every kd_kafka_produce of a worker is such a record. */
struct kd_outbound_record {
    kd_outbound_record *next;
    kd_outbound *out;
    kd_buf bytes;
    uint64_t tag; /* the owner's: a version */
    enum { KD_RECORD_WAITING, KD_RECORD_SENT, KD_RECORD_DELIVERED } state;
};

void kd_outbound_init(kd_outbound *out, size_t topic, uint32_t partition,
                      void (*advanced)(kd_outbound *out, void *arg), void *arg);
/* After the producer was destroyed: no report comes any more. */
void kd_outbound_finish(kd_outbound *out);

/* Takes the bytes over (the buffer is empty afterwards). */
void kd_outbound_push(kd_outbound *out, kd_buf *bytes, uint64_t tag);
/* Sends what waits and may go. */
void kd_outbound_pump(kd_outbound *out, kd_kafka_producer *producer, uint64_t mono_us);
/* The report of a record; `random` for the jitter. */
void kd_outbound_report(kd_outbound_record *record, bool ok, uint64_t mono_us, uint64_t random);
/* Tag of the oldest record held; UINT64_MAX when there is none. */
uint64_t kd_outbound_oldest(const kd_outbound *out);

#endif
