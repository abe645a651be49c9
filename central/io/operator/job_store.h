/* job_store.h - a job reads the store of a partition that runs. */
#ifndef KUDOS_CENTRAL_IO_OPERATOR_JOB_STORE_H
#define KUDOS_CENTRAL_IO_OPERATOR_JOB_STORE_H

#include "central/io/operator/job.h"

/* Runs `use` over a snapshot of the partition's store, on the job's thread. Returns what `use` returns; KD_EUNAVAILABLE: the partition is not held; KD_ETIMEOUT: its worker did
 * not answer. */
int kd_job_with_store(kd_jobs *jobs, uint32_t partition, int (*use)(const kd_store *store, void *arg),
                      void *arg);

#endif
