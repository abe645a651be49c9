/*
 * pending.h - which operations a number at an edge may still lack: those that are not yet merged, and those that central has to count again after a
 * restore.
 */
#ifndef KUDOS_SIM_CHECK_PENDING_H
#define KUDOS_SIM_CHECK_PENDING_H

#include "sim/check/facts.h"

/* Operations that this edge took before this moment of true time are in the number that `view` shows; later ones may be in its `pending`. 0:
 * none is surely in it. */
uint64_t sim_check_pending_from_us(const sim_checks *c, uint32_t slot, uint32_t item, const kd_view *view);
/* A restore of central undid what this edge's number rested on, and the number (`fresh`, or else stale) may still lack operations of this edge. */
bool sim_check_pending_awaits(const sim_checks *c, uint32_t slot, uint32_t counter, uint32_t item,
                              bool fresh);

#endif
