/*
 * keeper.h - a thread for what blocks: it makes sure that the topics are there (with back-off for
 * as long as Kafka does not answer), reads the record at each stored log position again (rule 13), hands the
 * partitions to the workers, and from then on looks the ends of the log up for the lag and brings topics back
 * that have gone.
 */
#ifndef KUDOS_CENTRAL_IO_WORKER_KEEPER_H
#define KUDOS_CENTRAL_IO_WORKER_KEEPER_H

#include "central/io/worker/worker.h"

typedef struct kd_keeper kd_keeper;

/* Borrows settings and workers, which are open and not started yet: their log positions are read in here.
 * KD_OK or KD_EIO (no thread). */
int kd_keeper_create(kd_keeper **keeper, const kd_central_settings *settings, kd_worker *workers,
                     uint32_t count);
/* Ends the thread: waits for the call that is under way, a few seconds at most. The second time it does nothing. NULL is
 * fine. */
void kd_keeper_stop(kd_keeper *keeper);
/* Stops the thread first. Call it when no worker runs any more: until then a worker may call kd_keeper_topics_gone. NULL is fine. */
void kd_keeper_destroy(kd_keeper *keeper);
/* From any thread: whether a broker answers. Follows the truth within 15 s; the log has one line for each change. */
bool kd_keeper_kafka_up(const kd_keeper *keeper);
/* From any thread: topics have gone, so the keeper looks for them at once. Does nothing once the keeper is stopped. */
void kd_keeper_topics_gone(kd_keeper *keeper);

#endif
