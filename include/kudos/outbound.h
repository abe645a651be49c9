/*
 * outbound.h - records on their way to one partition of one Kafka topic: kept until Kafka confirms them, sent again with back-off when it does not.
 *
 *     first -> DELIVERED? -> SENT -> SENT -> WAITING -> last
 *
 * Invariants
 * - A record leaves the queue only from its front, and only when it is delivered: the front is the oldest record that may be missing in the topic.
 * - A record that is sent a second time may arrive behind records that were sent after it, and may be in the topic twice. The readers of every topic of
 *   central drop copies and look at versions, so neither hurts them.
 *
 * Pure: the shell gives the producer and the time. Belongs to one thread.
 */
#ifndef KUDOS_OUTBOUND_H
#define KUDOS_OUTBOUND_H

#include <sys/queue.h>

#include "kudos/backoff.h"

typedef struct kd_outbound kd_outbound;
typedef struct kd_outbound_record kd_outbound_record;

/* Waits after a failed delivery. KD_OUTBOUND_FULL_US: after a producer that takes nothing more for the moment. */
enum { KD_OUTBOUND_WAIT_MIN_US = 100000, KD_OUTBOUND_WAIT_MAX_US = 5000000, KD_OUTBOUND_FULL_US = 100000 };

typedef enum { KD_RECORD_WAITING, KD_RECORD_SENT, KD_RECORD_DELIVERED } kd_record_state;

struct kd_outbound_record {
    STAILQ_ENTRY(kd_outbound_record) next;
    kd_outbound *out;
    kd_buf bytes;
    uint64_t tag; /* the owner's: a version or an epoch */
    kd_record_state state;
};

struct kd_outbound {
    uint32_t count;    /* records held */
    uint32_t waiting;  /* of those, in state WAITING */
    uint64_t failures; /* failed deliveries, since the start */
    uint64_t again_us; /* monotonic: nothing is sent before */
    kd_backoff backoff;
    STAILQ_HEAD(kd_outbound_records, kd_outbound_record) records; /* oldest first */
    void *owner; /* whoever made this queue; see kd_publisher */
};

/*
 * Hands one record to the producer. The bytes are borrowed for the call. KD_OK: kd_outbound_report() is called with `record` later, once.
 * Anything else (a full queue, a partition that the client does not know yet): nothing was taken.
 */
typedef int (*kd_outbound_produce)(void *arg, const kd_outbound *out, kd_bytes bytes,
                                   kd_outbound_record *record);

/* An empty queue. */
void kd_outbound_init(kd_outbound *out, void *owner);
/* Frees all records, also those that are SENT: call it when no report can come any more. */
void kd_outbound_finish(kd_outbound *out);

/* Appends a record that waits. Takes the bytes over: `bytes` is empty afterwards. */
void kd_outbound_push(kd_outbound *out, kd_buf *bytes, uint64_t tag);
/* Sends all records that wait, unless the back-off forbids it. Stops at the first one that the producer does not take. */
void kd_outbound_pump(kd_outbound *out, kd_outbound_produce produce, void *arg, uint64_t mono_us);
/* Kafka's report of one record. Not delivered: it waits again, and the queue backs off (`random`: jitter). True when records left the front. */
bool kd_outbound_report(kd_outbound_record *record, bool delivered, uint64_t mono_us, uint64_t random);
/* The producer was replaced, or has room again: records that wait are sent with the next pump, without waiting for their back-off. */
void kd_outbound_retry_now(kd_outbound *out);
/* Records whose report is still to come. */
uint32_t kd_outbound_sent(const kd_outbound *out);
/* Tag of the oldest record held; UINT64_MAX when none is. */
uint64_t kd_outbound_oldest(const kd_outbound *out);
/* The latest moment for the next pump: `when`, or earlier if a record is due before. */
uint64_t kd_outbound_next_us(const kd_outbound *out, uint64_t when);

#endif
