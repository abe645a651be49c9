/* job_act.h - orders that the cores of a running central carry out, each waited for until it is durable. */
#ifndef KUDOS_CENTRAL_IO_OPERATOR_JOB_ACT_H
#define KUDOS_CENTRAL_IO_OPERATOR_JOB_ACT_H

#include "central/io/operator/job.h"
#include "central/io/operator/order_all.h"

/* On the job's thread: the job's order on every partition that it is for and that is served here. As kd_jobs_each. */
int kd_job_act(kd_jobs *jobs, char *error);
/* The partitions of this central as a target of orders. Besides what the core says: KD_ETIMEOUT when a worker does not answer, or the commit is not
 * durable, within 30 s. What there is to say goes to the job's text, what was done to the log. */
kd_order_target kd_job_target(kd_jobs *jobs);

#endif
