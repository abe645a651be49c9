/*
 * keeper.h - a thread for the calls of Kafka that block:
 *
 *     1. makes sure that the topics exist, with back-off while Kafka does not answer
 *     2. reads the record at each stored log position again (rule 13 of docs/protocol.md)
 *     3. hands the partitions to the workers, which begin to read; one with an empty store only when no other member has the state (keeper_refuses_empty)
 *     4. looks up the position of each store that a worker opens later
 *     5. from then on asks whether a broker answers, looks up the ends of the log for the lag, and looks for the topics: those that have gone are
 *        created anew, with back-off; one with another number of partitions ends the program
 */
#ifndef KUDOS_CENTRAL_IO_WORKER_KEEPER_H
#define KUDOS_CENTRAL_IO_WORKER_KEEPER_H

#include "central/io/worker/worker.h"

typedef struct kd_keeper kd_keeper;

/* From the keeper's thread. */
typedef struct {
    void *arg;
    void (*topics_ready)(void *arg); /* once: all topics are there */
    /* Of a central whose stores are empty: KD_EAGAIN, ask again soon; KD_OK: no other one that lives has the state; KD_EUNAVAILABLE: `who` does. NULL: not
     * asked. */
    int (*alone)(void *arg, char *who, size_t size);
} kd_keeper_events;

/* Starts the thread. Copies *events, borrows settings and workers until kd_keeper_destroy; the workers are open, and not started yet, for their log positions are read
 * in here. KD_OK, or KD_EIO (no thread) with *keeper NULL. */
int kd_keeper_create(kd_keeper **keeper, const kd_central_settings *settings, kd_worker *workers,
                     uint32_t count, const kd_keeper_events *events);
/* From any thread: a store was opened. kd_worker_checked() follows, once Kafka has answered. */
void kd_keeper_look(kd_keeper *keeper, uint32_t partition, bool known, int64_t offset);
/* Ends the thread: waits for the call that is under way, KD_ENDING_CALL_MS at most. The second time it does nothing. NULL is fine. */
void kd_keeper_stop(kd_keeper *keeper);
/* When no worker runs any more: until then a worker may call kd_keeper_topics_gone. Stops the thread first. NULL is fine. */
void kd_keeper_destroy(kd_keeper *keeper);
/* From any thread: whether a broker answers. False within 15 s of the begin of an outage, true within 15 s of its end; the log has a line for each. */
bool kd_keeper_kafka_up(const kd_keeper *keeper);
/* From any thread: a topic is missing. The keeper creates it anew and has the workers rejoin. Nothing happens after kd_keeper_stop. */
void kd_keeper_topics_gone(kd_keeper *keeper);

#endif
