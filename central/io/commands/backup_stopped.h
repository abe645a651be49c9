/* backup_stopped.h - makes a backup of a central that does not run, and prunes an object store for one. */
#ifndef KUDOS_CENTRAL_IO_COMMANDS_BACKUP_STOPPED_H
#define KUDOS_CENTRAL_IO_COMMANDS_BACKUP_STOPPED_H

#include "central/io/commands/source.h"
#include "central/io/operator/order.h"

/* Copies all partitions of source->dir. One that another member led since is refused, unless `stale`. Appends the last line. Returns an exit code, with `error` (KD_OPTIONS_ERROR_MAX bytes) unless
 * it is KD_EXIT_OK. */
int kd_backup_stopped_make(const kd_source *source, const kd_order *order, bool stale, kd_buf *text,
                           char *error);
/* As kd_backup_prune. */
int kd_backup_stopped_prune(kd_source *source, const kd_order *order, kd_buf *text, char *error);

/* The exit code of an error of the object store or of a backup. */
int kd_backup_exit_code(int err);
/* A command waits for an object store until the store's own limits end that. */
bool kd_backup_waits_on(void *arg);

#endif
