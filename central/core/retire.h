/* retire.h - what is decided about edges: which are expected, which are gone for good, and which come back after all (rule 23). */
#ifndef KUDOS_CENTRAL_CORE_RETIRE_H
#define KUDOS_CENTRAL_CORE_RETIRE_H

#include "kudos/decide.h"

/* KD_DECIDED_RETIRE, KD_DECIDED_READMIT, KD_DECIDED_EXPECT, read from the log: KD_FED_DECIDED or KD_FED_IDLE. */
kd_fed kd_retire_decide(kd_central *c, const kd_decision *d);
/* What its author is told before he writes it. KD_OK; KD_ENOTFOUND: this partition neither expects nor knows the edge; KD_ERETIRED: an edge that is to be expected is
 * retired; KD_EFULL: KD_EDGES_MAX edges are expected. */
int kd_retire_check(const kd_central *c, const kd_decision *d);
/* Edges that the configuration names and that were never listed, as the body of a decision: KD_OK, KD_ENOTFOUND. */
int kd_retire_propose(const kd_central *c, kd_buf *body);

#endif
