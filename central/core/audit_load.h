/* audit_load.h - what an audit reads before it looks at items: the row `M`, regions, edges, redo rows. */
#ifndef KUDOS_CENTRAL_CORE_AUDIT_LOAD_H
#define KUDOS_CENTRAL_CORE_AUDIT_LOAD_H

#include "central/core/audit_state.h"

/* KD_OK also over an empty store; else as kd_audit_run. kd_audit_unload in any case. */
int kd_audit_load(kd_audit *a);
/* Frees what kd_audit_load has read. */
void kd_audit_unload(kd_audit *a);

#endif
