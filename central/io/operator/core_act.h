/*
 * core_act.h - an order carried out by one core at once: on the worker's thread of a running central, or on a store that nobody else has open. Either
 * caller then commits, where something was written, and waits until that is durable.
 */
#ifndef KUDOS_CENTRAL_IO_OPERATOR_CORE_ACT_H
#define KUDOS_CENTRAL_IO_OPERATOR_CORE_ACT_H

#include "central/io/operator/order.h"
#include "common/io/daemon/options_file.h"
#include "kudos/central.h"

typedef struct {
    /* Filled by the caller; borrowed. */
    kd_central *core;
    const kd_counters *counters;
    uint32_t partition;
    kd_order order;
    uint64_t now_us;
    /* The result. */
    /* of the commit that carries the order, and that is to be begun; 0: there is nothing to write */
    uint64_t version;
    kd_buf text; /* output for the operator, lines with line feeds; the caller finishes it */
    char error[KD_OPTIONS_ERROR_MAX];
} kd_core_act;

/* KD_OK; KD_ENOTFOUND: this partition does not know what the order names; another kd_err with a->error. A record that was fed again and not merged is
 * an error with a version: what the core noted of it is to be written all the same. */
int kd_core_act_run(kd_core_act *a);

#endif
