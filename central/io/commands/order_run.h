/* order_run.h - an order of a command, by the admin port of a running central or on the stores of one that is stopped. */
#ifndef KUDOS_CENTRAL_IO_COMMANDS_ORDER_RUN_H
#define KUDOS_CENTRAL_IO_COMMANDS_ORDER_RUN_H

#include "central/io/commands/arguments.h"
#include "central/io/operator/order.h"

/* Returns an exit code, with `error` (KD_OPTIONS_ERROR_MAX bytes) unless it is KD_EXIT_OK. What there is to say is appended to *text, also on an
 * error. *found: how many partitions know what the order names. */
int kd_order_run(const kd_source *source, const kd_order *order, kd_buf *text, uint64_t *found, char *error);

/* Prints it on standard output. Returns how many lines it has. */
uint64_t kd_order_print(const kd_buf *text);

/* Copies the name of an edge or a backup into the order; false when it is too long. */
bool kd_order_set_name(kd_order *order, const char *name);

#endif
