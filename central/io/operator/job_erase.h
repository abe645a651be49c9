/*
 * job_erase.h - the erasure of a user as a job (rule 28). In each partition first the mark, then the rows that stood behind it, in decisions of at most
 * KD_ERASE_OPS_MAX operations, each when the one before is merged. Traffic goes on.
 *
 * A job that was broken off goes on where the user is named again: the command finds it (KD_ORDER_ERASE_LOOK) and orders it first, to its end in the partitions that have its mark, then another one, up to the present. What is withdrawn is not
 * withdrawn twice.
 */
#ifndef KUDOS_CENTRAL_IO_OPERATOR_JOB_ERASE_H
#define KUDOS_CENTRAL_IO_OPERATOR_JOB_ERASE_H

#include "central/io/operator/job.h"

enum { KD_ERASE_OPS_MAX = 1000 };

/* On the job's thread. The body of the order is the user's id, its name that of the job, its id the stamp. The text of the job is what the command adds up: erase-part and erase-gone. KD_OK, or
 * another kd_err with `error` (KD_OPTIONS_ERROR_MAX bytes): KD_EINVAL, no user; KD_ETIMEOUT, KD_EAGAIN: give it again; KD_EFULL: a partition remembers
 * KD_ERASED_MAX users. */
int kd_job_erase(kd_jobs *jobs, char *error);
/* What partitions remember of the user, in lines erase-mark. */
int kd_job_erase_look(kd_jobs *jobs, char *error);
/* The erasures that partitions remember, the latest first. */
int kd_job_erase_list(kd_jobs *jobs, char *error);

#endif
