/*
 * keeper.h - a thread for calls to Kafka that block. In order:
 *
 *     ensure the topics (with back-off while Kafka does not answer)
 *     read the record at each stored log position again (rule 13)
 *     hand the partitions to the workers
 *     then, every few seconds: ask whether a broker answers, look up the ends of the log for the lag, ensure topics that have gone
 */
#ifndef KUDOS_CENTRAL_IO_WORKER_KEEPER_H
#define KUDOS_CENTRAL_IO_WORKER_KEEPER_H

#include "central/io/worker/worker.h"

typedef struct kd_keeper kd_keeper;

/* Starts the thread. Borrows settings and workers; the workers are open and not started yet, because their log positions are read in this call.
 * KD_OK, or KD_EIO: no thread, *keeper is NULL. */
int kd_keeper_create(kd_keeper **keeper, const kd_central_settings *settings, kd_worker *workers,
                     uint32_t count);
/* Ends the thread: waits for the call to Kafka that is under way, a few seconds at most. A second call does nothing. NULL is fine. */
void kd_keeper_stop(kd_keeper *keeper);
/* Stops it if it runs, and frees it. Only after all workers have stopped: until then they may call kd_keeper_topics_gone(). NULL is fine. */
void kd_keeper_destroy(kd_keeper *keeper);
/* From any thread: whether a broker answers. Notices a change within 15 s; the log has one line for each. */
bool kd_keeper_kafka_up(const kd_keeper *keeper);
/* From any thread: the topics must be ensured again. After kd_keeper_stop() it does nothing. */
void kd_keeper_topics_gone(kd_keeper *keeper);

#endif
