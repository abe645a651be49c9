/*
 * common/io/ending.h - the last part of a stop: bounded as a whole, whatever hangs in it, and the log says what hung.
 *
 * The drain is over: all that was acknowledged is on the disk. What is left may wait for others all the same:
 *
 *     threads   are joined; one may be in a blocking call to Kafka                       KD_ENDING_CALL_MS
 *     disk      stores are synced and closed                                             KD_ENDING_DISK_MS
 *     kafka     clients are ended, beside the others; one that hangs is left behind      KD_ENDING_KAFKA_MS
 *
 * A Kafka client may take all of its time without making the stop fail, for nothing durable rests on it. A disk may not.
 */
#ifndef KUDOS_COMMON_IO_ENDING_H
#define KUDOS_COMMON_IO_ENDING_H

#include "kudos/base.h"

enum {
    KD_ENDING_CALL_MS = 5500,     /* each blocking call to Kafka on a thread that is joined is shorter: asserted beside its limit */
    KD_ENDING_KAFKA_MS = 2000,    /* all Kafka clients together */
    KD_ENDING_DISK_MS = 2500,     /* all stores together */
    KD_ENDING_PATIENCE_MS = 10000 /* the whole ending */
};
_Static_assert((int)KD_ENDING_CALL_MS + (int)KD_ENDING_KAFKA_MS + (int)KD_ENDING_DISK_MS <= (int)KD_ENDING_PATIENCE_MS,
               "a Kafka client that hangs never uses up the time of the whole ending");

typedef enum { KD_ENDING_THREADS, KD_ENDING_KAFKA, KD_ENDING_DISK } kd_ending_part;

/* Once. A process that still runs patience_ms from now ends with `code`, and with `stop-hangs` in the log, which names the part. From here on
 * kd_kafka_client_end does not wait. */
void kd_ending_begin(int code, uint32_t patience_ms);
/* From the thread of kd_ending_begin: what it does from here on. Before kd_ending_begin it does nothing. */
void kd_ending_at(kd_ending_part part);
/* The last step: waits for the Kafka clients. Returns `code`; or ends the process with it at once when a client hangs, whose threads must not
 * meet what exit() takes down. */
int kd_ending_end(int code);

#endif
