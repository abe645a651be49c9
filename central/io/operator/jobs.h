/*
 * jobs.h - starts the jobs of a running central and shows how far they are. One job at a time, on a thread of its own. Central has two of these: for
 * what takes long (audit, backup), and for all else, which then need not wait for that.
 *
 * The next job may begin before the command that ordered the last one has asked for its verdict. So the last jobs are remembered (KD_JOBS_ENDED_MAX,
 * KD_JOBS_ENDED_BYTES_MAX), until the program ends. Ids begin at the time of the start: no job has the id of one that an earlier process ran.
 *
 * All calls come from the main loop. At the end of the program a job that runs is ended early.
 */
#ifndef KUDOS_CENTRAL_IO_OPERATOR_JOBS_H
#define KUDOS_CENTRAL_IO_OPERATOR_JOBS_H

#include "central/io/operator/job.h"

/* Borrows all for its life; `membership` may be NULL. Never NULL. */
kd_jobs *kd_jobs_create(const kd_central_settings *settings, kd_worker *workers, kd_membership *membership);
/* Waits for the job that runs, which is told to end. Before the workers stop: a job asks them. NULL is fine. */
void kd_jobs_destroy(kd_jobs *jobs);
/* Copies the order, its body as well. KD_OK and the job's id; KD_EAGAIN: another job runs; KD_EIO: no thread could be started. */
int kd_jobs_start(kd_jobs *jobs, const kd_order *order, uint64_t *id);
/* Appends the job with this id as a JSON object; its lines only when it has ended. 0: the present or last job. A job that is forgotten, or was never
 * there, has the id 0 and the state "none". */
void kd_jobs_show(kd_jobs *jobs, uint64_t id, kd_buf *out);

#endif
