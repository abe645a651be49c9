/*
 * core_act.h - an order to one core: on the worker's thread of a running central, or on a store that nobody else has open.
 *
 * Orders about backups are written by the core at once: the caller commits, where something was written, and waits until that is durable. What else
 * changes something is a decision (kudos/decide.h): the caller writes it into the log and waits until it is merged, or, where nobody else has the store open, carries it out
 * there (kd_central_decide_here). Then kd_core_act_settle tells what became of it.
 */
#ifndef KUDOS_CENTRAL_IO_OPERATOR_CORE_ACT_H
#define KUDOS_CENTRAL_IO_OPERATOR_CORE_ACT_H

#include "central/io/operator/order.h"
#include "common/io/daemon/options_file.h"
#include "kudos/decide.h"

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
    bool decides; /* `decision` is to be carried out; its views are of this struct */
    kd_decision decision;
    char job[KD_NAME_MAX + 1];
    kd_buf body;
    bool known;  /* what the order does was found done before, or has nothing to move (quarantine) */
    kd_buf text; /* output for the operator, lines with line feeds; the caller finishes it */
    char error[KD_OPTIONS_ERROR_MAX];
} kd_core_act;

/* KD_OK; KD_ENOTFOUND: this partition does not know what the order names; another kd_err with a->error. */
int kd_core_act_run(kd_core_act *a);
/* When the decision is merged and durable. As kd_core_act_run. */
int kd_core_act_settle(kd_core_act *a);
void kd_core_act_finish(kd_core_act *a);

#endif
