/*
 * forged.h - batches that somebody else than an edge writes to the likes topic under the edge's name: empty ones whose envelopes name epochs of all
 * sizes (rule 15). Both worlds write the same.
 */
#ifndef KUDOS_SIM_SCENARIO_FORGED_H
#define KUDOS_SIM_SCENARIO_FORGED_H

#include "sim/scenario/scenario.h"

/* The nth such record of that edge, from 0, replaces *record; false when there are no more. */
bool sim_forged_record(const sim_scenario *s, uint32_t edge, uint32_t nth, kd_buf *record);
/* Whether sim_forged_record made it: its incarnation is one that no start of an edge mints. */
bool sim_forged_is(kd_bytes record);

#endif
