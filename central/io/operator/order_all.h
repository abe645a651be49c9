/*
 * order_all.h - an order on all partitions of a central. The same for one that runs (job_act.c) and one that is stopped (commands/source_act.c): they
 * differ in how a single partition is reached, and that is the target.
 */
#ifndef KUDOS_CENTRAL_IO_OPERATOR_ORDER_ALL_H
#define KUDOS_CENTRAL_IO_OPERATOR_ORDER_ALL_H

#include "central/io/operator/order.h"

typedef struct {
    void *arg;
    uint32_t partitions;
    /* Carries the order out on one partition; it is durable when this returns. KD_OK; KD_ENOTFOUND: the partition does not know what the order names;
     * else a kd_err with `error` (KD_OPTIONS_ERROR_MAX bytes). */
    int (*carry_out)(void *arg, uint32_t partition, const kd_order *order, char *error);
} kd_order_target;

/* An operator's order: KD_OK when at least one partition knows what it names, *found tells how many; KD_ENOTFOUND with `error` when none does. The
 * first other error ends it, and the partitions behind are not asked. */
int kd_order_all(const kd_order_target *target, const kd_order *order, uint32_t *found, char *error);

/*
 * A step of a backup (KD_ORDER_BACKUP_...): each partition has to carry it out, the first that does not ends it. Only KD_ORDER_BACKUP_FORGET goes to
 * all partitions whatever one of them says, and one that knows no such backup is fine; the first error is returned in the end.
 */
int kd_order_backup_step(const kd_order_target *target, const kd_order *order, char *error);

#endif
