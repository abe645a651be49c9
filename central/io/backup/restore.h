/*
 * restore.h - what a start has to know of restores.
 */
#ifndef KUDOS_CENTRAL_IO_BACKUP_RESTORE_H
#define KUDOS_CENTRAL_IO_BACKUP_RESTORE_H

/* KD_EUNAVAILABLE with `error` when there is nothing at `data_dir` because a restore to it is under way or was broken off: a central that
 * begins anew there would stand in its way. */
int kd_restore_awaited(const char *data_dir, char *error);

#endif
