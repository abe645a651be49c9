/*
 * job_void.h - a void as a job (rule 25): it reads a snapshot of each partition's store, and writes decisions of at most KD_VOID_OPS_MAX operations, each
 * when the one before is merged. Traffic goes on.
 *
 * A job that was broken off goes on where its order is given again with the same name: what is withdrawn is not withdrawn twice.
 */
#ifndef KUDOS_CENTRAL_IO_OPERATOR_JOB_VOID_H
#define KUDOS_CENTRAL_IO_OPERATOR_JOB_VOID_H

#include "central/io/operator/job.h"

enum { KD_VOID_OPS_MAX = 1000 };

/* On the job's thread. The text of the job is what the command adds up: void-job, void-part and effect lines. KD_OK, or another kd_err with `error` (KD_OPTIONS_ERROR_MAX bytes): KD_EINVAL, the
 * order makes no sense; KD_ETIMEOUT, KD_EAGAIN: give it again. The order of a void has its stamp as id, and its end in its body. */
int kd_job_void(kd_jobs *jobs, char *error);
int kd_job_void_undo(kd_jobs *jobs, char *error);
int kd_job_void_list(kd_jobs *jobs, char *error);

#endif
