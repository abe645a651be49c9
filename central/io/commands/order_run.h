/*
 * order_run.h - an order of a command, by the admin ports of running centrals or on the stores of one that is stopped.
 *
 * In a group each member carries an order out for the partitions that it leads, and tells which are left; those are ordered of whoever leads them, until none is.
 * A member that dies or hands over in the middle does no harm: an order that is carried out twice does nothing the second time.
 */
#ifndef KUDOS_CENTRAL_IO_COMMANDS_ORDER_RUN_H
#define KUDOS_CENTRAL_IO_COMMANDS_ORDER_RUN_H

#include "central/io/commands/arguments.h"
#include "central/io/operator/order.h"

/* What the members told, added up. */
typedef struct {
    kd_buf text;
    uint64_t partitions;                 /* that have carried the order out, or know what it names */
    uint64_t of;                         /* partitions that there are; 0: nobody told */
    uint64_t items, members, mismatches; /* of an audit */
    bool nobody_knows;                   /* each partition was asked, and none knows what the order names */
    bool elsewhere;  /* each member that was asked said that it does not lead what the order wants led */
    uint64_t now_us; /* the latest clock of those that were asked, when they began; 0: nobody told */
} kd_order_told;

/* Returns an exit code, with `error` (KD_OPTIONS_ERROR_MAX bytes) unless it is KD_EXIT_OK. *told is filled also on an error; the caller finishes it. An order that no
 * partition knows is KD_EXIT_FAILED. Where nobody can be asked, or nothing is done for a minute while others are tried: KD_EXIT_UNAVAILABLE. */
int kd_order_ask(const kd_source *source, const kd_order *order, kd_order_told *told, char *error);
void kd_order_told_finish(kd_order_told *told); /* zero-initialised is fine */

/* As kd_order_ask, of its text and its partitions alone; *text is appended to. */
int kd_order_run(const kd_source *source, const kd_order *order, kd_buf *text, uint64_t *found, char *error);

/* Prints it on standard output. Returns how many lines it has. */
uint64_t kd_order_print(const kd_buf *text);

/* Copies the name of an edge or a backup into the order; false when it is too long. */
bool kd_order_set_name(kd_order *order, const char *name);

#endif
