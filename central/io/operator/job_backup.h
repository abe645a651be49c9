/* job_backup.h - a backup of a running central, and the removal of old ones from an object store. */
#ifndef KUDOS_CENTRAL_IO_OPERATOR_JOB_BACKUP_H
#define KUDOS_CENTRAL_IO_OPERATOR_JOB_BACKUP_H

#include "central/io/operator/job.h"

/* On the job's thread: makes the backup that the job's order names, and tells its last line. As kd_backup_make. */
int kd_job_backup(kd_jobs *jobs, char *error);
/* Prunes the object store that the order names, forgets what is gone in the partitions that are led here, and tells `pruned name=` of each, and the last line. As kd_prune_run. */
int kd_job_prune(kd_jobs *jobs, char *error);

#endif
