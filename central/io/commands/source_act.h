/* source_act.h - orders of an operator on the stores of a central that is stopped (--dir). */
#ifndef KUDOS_CENTRAL_IO_COMMANDS_SOURCE_ACT_H
#define KUDOS_CENTRAL_IO_COMMANDS_SOURCE_ACT_H

#include "central/io/commands/source.h"
#include "central/io/operator/order_all.h"

/* As kd_order_all on all partitions of --dir; what there is to say is appended to *text. Returns an exit code, with `error` unless it is KD_EXIT_OK.
 * libsodium is initialised. */
int kd_source_act(const kd_source *s, const kd_order *order, kd_buf *text, uint32_t *found, char *error);
/* As kd_order_backup_step on all partitions of --dir: KD_OK, or a kd_err with `error`. libsodium is initialised. */
int kd_source_backup_step(const kd_source *s, const kd_order *order, char *error);

#endif
