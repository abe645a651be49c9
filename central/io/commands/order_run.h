/* order_run.h - a command carries an order out: by the admin port of a running central, or on its directory. */
#ifndef KUDOS_CENTRAL_IO_COMMANDS_ORDER_RUN_H
#define KUDOS_CENTRAL_IO_COMMANDS_ORDER_RUN_H

#include "central/io/commands/arguments.h"
#include "central/io/operator/order.h"

/* *text gets what there is to say, *found how many partitions know what is named. Returns an exit code. */
int kd_order_run(const kd_source *source, const kd_order *order, kd_buf *text, uint64_t *found, char *error);

/* Prints what there was to say, on standard output; how many lines that is. */
uint64_t kd_order_print(const kd_buf *text);

/* A name of the command line into the order; false when it is too long. */
bool kd_order_set_name(kd_order *order, const char *name);

#endif
