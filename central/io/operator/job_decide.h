/*
 * job_decide.h - what an operator ordered becomes a record of the log: written by the tenure of its partition, and done when it was read back and its
 * merge is durable (kudos/decide.h).
 */
#ifndef KUDOS_CENTRAL_IO_OPERATOR_JOB_DECIDE_H
#define KUDOS_CENTRAL_IO_OPERATOR_JOB_DECIDE_H

#include "central/io/operator/job.h"
#include "kudos/decide.h"

/* On the job's thread. Writes the decision, again every few seconds while it is not merged, and waits until it is. Decisions of one job and partition
 * come in the order of their seq, each when the one before has returned. KD_OK: merged and durable, by this call or an earlier one. KD_EINVAL,
 * KD_ETOOBIG: as kd_central_decide. KD_EUNAVAILABLE, KD_EFENCED: not held, or led by another member, which may
 * go on. KD_ETIMEOUT: unknown; the same call repeated does nothing twice. `error`: KD_OPTIONS_ERROR_MAX bytes. */
int kd_job_decide(kd_jobs *jobs, uint32_t partition, const kd_decision *d, char *error);
/* What that partition remembers of a job, to go on behind it, once that is durable: what a store remembers then has it, too. A central that was restored
 * knows a job only when it has read its log again: so this waits until the partition has read what the log held at a start. KD_OK, or KD_ETIMEOUT with
 * `error`. */
int kd_job_decided(kd_jobs *jobs, uint32_t partition, kd_bytes job, kd_job_progress *progress, char *error);

/* What a worker says of a partition and a job. */
typedef struct {
    kd_job_progress progress;
    int written; /* KD_OK: handed to Kafka, and not more; KD_EAGAIN: later; KD_EUNAVAILABLE: it is not held; KD_EFENCED: it follows; or as kd_central_decide */
    bool behind; /* it has not merged all that the log is known to hold, or that is not known */
} kd_job_said;

/* From any thread but the worker's: asks the partition's worker, for at most `ms`, what the partition remembers of a job. `d`, if not NULL, is written
 * where the partition has not merged it. KD_OK, or KD_ETIMEOUT with nothing said. */
int kd_job_decide_ask(kd_worker *worker, uint32_t partition, kd_bytes job, const kd_decision *d, uint32_t ms,
                      kd_job_said *said);

#endif
