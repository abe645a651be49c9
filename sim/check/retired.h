/*
 * retired.h - which edges central calls retired (rule 23): "gone for good, wait for it no longer". Questions only; nothing here changes a checker's
 * state.
 */
#ifndef KUDOS_SIM_CHECK_RETIRED_H
#define KUDOS_SIM_CHECK_RETIRED_H

#include "sim/check/facts.h"

/* Edges that this partition of central calls retired: sim_journal_edge_bit of each. */
uint64_t sim_check_retired_edges(const sim_checks *c, const kd_central *core);
/* Whether that partition of that central calls the edge retired; false while the central is down or has never heard of the edge. */
bool sim_check_retired_in(const sim_checks *c, uint32_t slot, uint32_t partition, uint32_t edge);
/* Whether any central calls the edge retired in any partition. */
bool sim_check_retired_anywhere(const sim_checks *c, uint32_t edge);
/* Whether the operator ever took a retired edge back, whatever central calls it now. */
bool sim_check_retired_any_readmitted(const sim_checks *c);

#endif
