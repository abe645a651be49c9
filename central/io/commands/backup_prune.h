/*
 * backup_prune.h - prunes an object store, for a central or any member of a group, or for one that is stopped.
 *
 * Who prunes removes manifests and objects, and forgets the backups of which it leads partitions. The command orders that of all other leaders when the pruning ended,
 * however it ended. Where the command is killed in between, some partitions go on holding rows back for a backup that is gone, which harms nobody: `--forget NAME`.
 */
#ifndef KUDOS_CENTRAL_IO_COMMANDS_BACKUP_PRUNE_H
#define KUDOS_CENTRAL_IO_COMMANDS_BACKUP_PRUNE_H

#include "central/io/commands/source.h"
#include "central/io/operator/order.h"

/* The order is KD_ORDER_BACKUP_PRUNE. Appends `pruned name=` of each backup that is gone, and the last line. Returns an exit code, with `error` (KD_OPTIONS_ERROR_MAX bytes) unless it is KD_EXIT_OK. */
int kd_backup_prune(kd_source *source, const kd_order *order, kd_buf *text, char *error);

#endif
