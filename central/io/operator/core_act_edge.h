/* core_act_edge.h - the orders about edges: expected, listed, gone for good, taken back. */
#ifndef KUDOS_CENTRAL_IO_OPERATOR_CORE_ACT_EDGE_H
#define KUDOS_CENTRAL_IO_OPERATOR_CORE_ACT_EDGE_H

#include "central/io/operator/core_act.h"

/* As kd_core_act_run, for KD_ORDER_RETIRE, KD_ORDER_READMIT, KD_ORDER_EDGE_ADD and KD_ORDER_EDGE_LIST; a->error may be left empty where the kd_err says it all. */
int kd_core_act_edge(kd_core_act *a);

#endif
