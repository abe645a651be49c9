/*
 * ending.h - the last part of a stop: bounded in time as a whole, and the log names the part that hangs.
 *
 * The drain is over: all that was acknowledged is on the disk. Each step that is left can still hang, so each has a limit of its own:
 *
 *     threads   are joined; a thread may be in a blocking call to Kafka
 *     disk      stores are synced and closed
 *     kafka     clients are ended, on threads of their own beside the other parts; a client that hangs is left behind
 *
 * A Kafka client that hangs does not make the stop fail, for nothing durable rests on it. A thread or a disk that hangs does: the process ends with
 * the exit code that kd_ending_begin was given.
 */
#ifndef KUDOS_COMMON_IO_DAEMON_ENDING_H
#define KUDOS_COMMON_IO_DAEMON_ENDING_H

#include "kudos/base.h"

typedef enum { KD_ENDING_THREADS, KD_ENDING_KAFKA, KD_ENDING_DISK, KD_ENDING_PARTS } kd_ending_part;

enum {
    /* Upper bound of each blocking call to Kafka on a thread that is joined; asserted beside the timeout of each such call. */
    KD_ENDING_CALL_MS = 5200,
    KD_ENDING_CLIENTS_MS = 2000, /* how long kd_ending_end waits for Kafka clients, all together */
    /* The limits of the parts. */
    KD_ENDING_THREADS_MS = 5500,
    KD_ENDING_KAFKA_MS = 4000, /* far above KD_ENDING_CLIENTS_MS: on a starved machine that wait ends late */
    KD_ENDING_DISK_MS = 3000,
    KD_ENDING_WHOLE_MS = 12500
};
_Static_assert((int)KD_ENDING_CALL_MS < (int)KD_ENDING_THREADS_MS,
               "a call to Kafka that takes its time is no thread that hangs");
_Static_assert((int)KD_ENDING_CLIENTS_MS < (int)KD_ENDING_KAFKA_MS,
               "a Kafka client that hangs is left behind before the stop fails");
_Static_assert((int)KD_ENDING_THREADS_MS + (int)KD_ENDING_KAFKA_MS + (int)KD_ENDING_DISK_MS <=
                   (int)KD_ENDING_WHOLE_MS,
               "the whole is what docs/operations/run.md says");

/* The limits above, indexed by kd_ending_part. */
extern const uint32_t kd_ending_limits_ms[KD_ENDING_PARTS];

/* Starts the watch, once, in part THREADS. A part that takes longer than its limit, all its turns together, ends the process with `code` after a line
 * `stop-hangs` that names the part. From here on kd_kafka_client_end does not wait. Borrows the limits. */
void kd_ending_begin(int code, const uint32_t *limits_ms);
/* The thread that ends the process enters this part: its time counts from here on. Before kd_ending_begin it does nothing. */
void kd_ending_at(kd_ending_part part);
/* The last step: waits for the Kafka clients, and ends the watch. Returns `code` for main() to return. When a client hangs, ends the process with
 * `code` by _exit instead: the client's threads still run, and exit() would take away what they use. */
int kd_ending_end(int code);

#endif
