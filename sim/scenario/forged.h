/*
 * forged.h - batches that somebody else than an edge writes to the likes topic under the edge's name: empty ones whose envelopes name epochs of all
 * sizes (rule 15), or times that lie days ahead (rule 3). Both worlds write the same.
 */
#ifndef KUDOS_SIM_SCENARIO_FORGED_H
#define KUDOS_SIM_SCENARIO_FORGED_H

#include "sim/scenario/scenario.h"

/* Looks at a record of the likes topic. Where it is a batch of that edge, not a forged one, and of a higher position than the batch in *last, it
 * replaces *last. */
void sim_forged_note(const sim_scenario *s, uint32_t edge, kd_bytes record, kd_buf *last);
/* The nth forged record of the event, SCENARIO_LOG_FORGED or SCENARIO_LOG_FORGED_AHEAD, replaces *record; false when there are no more. `last`: the
 * edge's last batch in the partition, as sim_forged_note found it: times are forged as the batch behind it, which central would merge, and none
 * where it is empty. */
bool sim_forged_record(const sim_scenario *s, const sim_scenario_event *e, kd_bytes last, uint32_t nth,
                       kd_buf *record);
/* Whether sim_forged_record made it: no edge seals a batch at its position. */
bool sim_forged_is(kd_bytes record);

#endif
