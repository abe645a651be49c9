/*
 * job_backup_part.h - what a member does for a backup of its group. The command (central/io/commands/backup_group.c) orders the steps one after the other; each member
 * copies the partitions that it leads, and tells what it copied; the manifest of all of them comes back with the last step.
 */
#ifndef KUDOS_CENTRAL_IO_OPERATOR_JOB_BACKUP_PART_H
#define KUDOS_CENTRAL_IO_OPERATOR_JOB_BACKUP_PART_H

#include "central/io/operator/job.h"

/* All on the job's thread; KD_OK, or a kd_err with `error`. */

/* By one member, whichever: whether a backup may be made at the place. No partition has heard of it yet. With an id in the order: goes on behind a manifest
 * that was put, and names all that was copied before. */
int kd_job_backup_open(kd_jobs *jobs, char *error);
/* Of each partition that is led here: notes the backup, copies the partition, and tells its line of the manifest. */
int kd_job_backup_part(kd_jobs *jobs, char *error);
/* The order's body is the manifest: puts it in its place, and then notes the backup as complete in each partition that is led here. Tells `complete P` for each. One that came here
 * since it was copied does not know the backup, and is not told. */
int kd_job_backup_end(kd_jobs *jobs, char *error);
/* Removes what this member copied, and takes the backup off the lists of the partitions that it leads. */
int kd_job_backup_abandon(kd_jobs *jobs, char *error);

#endif
