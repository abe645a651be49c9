/* job_audit.h - an audit of a running central, partition by partition, each from one moment of its store and its memory. */
#ifndef KUDOS_CENTRAL_IO_OPERATOR_JOB_AUDIT_H
#define KUDOS_CENTRAL_IO_OPERATOR_JOB_AUDIT_H

#include "central/io/operator/job.h"

/* On the job's thread. KD_OK with any verdict, which is in the job's sums and lines; else a kd_err with `error` (KD_OPTIONS_ERROR_MAX bytes):
 * KD_ETIMEOUT: a worker did not answer; KD_EAGAIN: the program ends. */
int kd_job_audit(kd_jobs *jobs, char *error);

#endif
