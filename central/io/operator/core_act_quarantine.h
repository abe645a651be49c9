/* core_act_quarantine.h - the orders about records in quarantine: list, show, release, drop. */
#ifndef KUDOS_CENTRAL_IO_OPERATOR_CORE_ACT_QUARANTINE_H
#define KUDOS_CENTRAL_IO_OPERATOR_CORE_ACT_QUARANTINE_H

#include "central/io/operator/core_act.h"

/* As kd_core_act_run, for an order of kind KD_ORDER_QUARANTINE_...; a->error may be left empty where the kd_err says it all. */
int kd_core_act_quarantine(kd_core_act *a);
/* When the release or the drop is merged: tells what became of the record. */
int kd_core_act_quarantine_settle(kd_core_act *a);

#endif
