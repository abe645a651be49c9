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
/* When no worker runs any more: until then one may say that topics have gone. Stops it first. NULL is fine. */
void kd_keeper_destroy(kd_keeper *keeper);
/* From any thread: whether a broker answers. Falls and rises within 15 s; the log tells each once. */
bool kd_keeper_kafka_up(const kd_keeper *keeper);
/* From any thread, also when it has been stopped: then nothing comes of it. */
void kd_keeper_topics_gone(kd_keeper *keeper);

#endif
