/*
 * ending.h - the last part of a stop: bounded as a whole, whatever hangs in it, and the log says what hung.
 *
 * The drain is over: all that was acknowledged is on the disk. What is left may wait for others all the same, so each part has a limit of its own:
 *
 *     threads   are joined; one may be in a blocking call to Kafka
 *     disk      stores are synced and closed
 *     kafka     clients are ended, beside the other parts; one that hangs is left behind
 *
 * A Kafka client that hangs does not make the stop fail, for nothing durable rests on it. A thread or a disk does.
 */
#ifndef KUDOS_COMMON_IO_DAEMON_ENDING_H
#define KUDOS_COMMON_IO_DAEMON_ENDING_H

#include "kudos/base.h"

typedef enum { KD_ENDING_THREADS, KD_ENDING_KAFKA, KD_ENDING_DISK, KD_ENDING_PARTS } kd_ending_part;

enum {
    KD_ENDING_CALL_MS =
        5200, /* each blocking call to Kafka on a thread that is joined is shorter: asserted beside its limit */
    KD_ENDING_CLIENTS_MS = 2000, /* how long Kafka clients are waited for, all together */
    /* The limits of the parts. */
    KD_ENDING_THREADS_MS = 5500,
    KD_ENDING_KAFKA_MS = 4000, /* far above the wait for clients: a machine that is starved wakes late */
    KD_ENDING_DISK_MS = 3000,
    KD_ENDING_WHOLE_MS = 12500
};
_Static_assert((int)KD_ENDING_CALL_MS < (int)KD_ENDING_THREADS_MS,
               "a call to Kafka that takes its time is no thread that hangs");
_Static_assert((int)KD_ENDING_CLIENTS_MS < (int)KD_ENDING_KAFKA_MS,
               "a Kafka client that hangs is left behind before the stop fails");
_Static_assert((int)KD_ENDING_THREADS_MS + (int)KD_ENDING_KAFKA_MS + (int)KD_ENDING_DISK_MS <=
                   (int)KD_ENDING_WHOLE_MS,
               "the whole is what docs/operations.md says");

/* By kd_ending_part. */
extern const uint32_t kd_ending_limits_ms[KD_ENDING_PARTS];

/* Once. A part that takes longer than its limit, all its turns together, ends the process with `code`, and with `stop-hangs` in the log, which names
 * the part. From here on kd_kafka_client_end does not wait. Borrows the limits. */
void kd_ending_begin(int code, const uint32_t *limits_ms);
/* From the thread of kd_ending_begin: what it does from here on; threads at first. Before kd_ending_begin it does nothing. */
void kd_ending_at(kd_ending_part part);
/* The last step: waits for the Kafka clients, and ends the watch. Returns `code`; or ends the process with it at once when a client hangs, whose threads must not
 * meet what exit() takes down. */
int kd_ending_end(int code);

#endif
