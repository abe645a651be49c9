/* job_item.h - an operator's order about one item (close, open, delete), as a decision in the log of the item's partition. */
#ifndef KUDOS_CENTRAL_IO_OPERATOR_JOB_ITEM_H
#define KUDOS_CENTRAL_IO_OPERATOR_JOB_ITEM_H

#include "central/io/operator/job.h"

/* On the job's thread: the job's order, by the moment at which it is carried out. The name of the order is that of its decision's job. KD_EINVAL: not such an
 * item or name; else as kd_job_decide. */
int kd_job_item(kd_jobs *jobs, char *error);

#endif
