/* order_all.c - see the header. */
#include "central/io/operator/order_all.h"

#include <stdio.h>

#include "common/io/daemon/options_file.h"

int kd_order_all(const kd_order_target *target, const kd_order *order, uint32_t *found, char *error)
{
    *found = 0;
    for (uint32_t p = 0; p < target->partitions; p++) {
        int err = target->carry_out(target->arg, p, order, error);
        if (err != KD_OK && err != KD_ENOTFOUND) return err;
        *found += err == KD_OK;
    }
    error[0] = '\0';
    if (*found > 0) return KD_OK;
    snprintf(error, KD_OPTIONS_ERROR_MAX, "no partition knows it");
    return KD_ENOTFOUND;
}

/*
 * A partition that kept the backup in its list would hold `stable` back for good, since nobody else takes a failed backup off the list. So an error
 * of one partition does not keep the others from being told. A central that is stopping waits for none of them; their commits go with its last ones.
 */
static int order_forget(const kd_order_target *target, const kd_order *order, char *error)
{
    int first = KD_OK;
    for (uint32_t p = 0; p < target->partitions; p++) {
        int err = target->carry_out(target->arg, p, order, error);
        if (first == KD_OK && err != KD_ENOTFOUND) first = err;
    }
    return first;
}

int kd_order_backup_step(const kd_order_target *target, const kd_order *order, char *error)
{
    if (order->kind == KD_ORDER_BACKUP_FORGET) return order_forget(target, order, error);
    for (uint32_t p = 0; p < target->partitions; p++) {
        int err = target->carry_out(target->arg, p, order, error);
        if (err != KD_OK) return err;
    }
    return KD_OK;
}
