/*
 * backup_group.h - a backup of a central whose members share the partitions: no member can make it alone, so the command goes from step to step.
 *
 *     open     no partition has a backup of that name; one member finds the place good
 *     part     each leader notes the backup, copies what it leads, and tells its lines of the manifest
 *     end      each leader gets the manifest of all, puts it in its place, and notes the backup as complete
 *
 * The manifest comes last, so what was broken off before is no backup. A partition that moves between the steps is copied once more by the member that leads it then,
 * and the manifest is written again: in the end the backup stands in the list of every present leader.
 */
#ifndef KUDOS_CENTRAL_IO_COMMANDS_BACKUP_GROUP_H
#define KUDOS_CENTRAL_IO_COMMANDS_BACKUP_GROUP_H

#include "central/io/commands/arguments.h"
#include "central/io/operator/order.h"

/* Makes the backup that *order, a KD_ORDER_BACKUP, names, and appends what there is to print. Returns an exit code with `error` unless it is KD_EXIT_OK. Nothing that could be
 * restored is left then, unless `error` says so. */
int kd_backup_group_make(const kd_source *source, const kd_order *order, kd_buf *text, char *error);

#endif
