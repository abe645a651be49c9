/*
 * core_act.h - the orders that one core carries out at once: on the worker's thread of a running central, or on a
 * store that nobody has open.
 */
#ifndef KUDOS_CENTRAL_IO_OPERATOR_CORE_ACT_H
#define KUDOS_CENTRAL_IO_OPERATOR_CORE_ACT_H

#include "central/io/operator/order.h"
#include "central/io/daemon/settings.h"
#include "common/io/daemon/options_file.h"
#include "kudos/central.h"

typedef struct {
    kd_central *core;
    const kd_counters *counters;
    uint32_t partition;
    kd_order order;
    uint64_t now_us;
    uint64_t version; /* that carries it, to be waited for; 0: nothing is written */
    kd_buf text;      /* what there is to say, lines with ends */
    char error[KD_OPTIONS_ERROR_MAX];
} kd_core_act;

/* KD_OK; KD_ENOTFOUND: this partition does not know what is named; another kd_err with a->error. */
int kd_core_act_run(kd_core_act *a);

/* core_act_quarantine.c */
int kd_core_act_quarantine(kd_core_act *a);

void kd_core_act_say(kd_core_act *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
