/*
 * decider_erase.h - the decisions of an erasure in a partition (rule 28): first the mark, then all rows of the user that stand behind it, until none is left. The
 * real counterpart is central/io/operator/job_erase.c. For decider.c and orders.c.
 */
#ifndef KUDOS_SIM_WORLD_DECIDER_ERASE_H
#define KUDOS_SIM_WORLD_DECIDER_ERASE_H

#include "sim/world/world.h"

/* Makes the mark of that user the decision of *o; its stamp lies above all that the central of that slot remembers. */
void sim_decider_erase_mark(sim_world *w, sim_deciding *o, uint32_t slot, uint32_t partition, uint32_t user);
/* Makes the next decision behind the mark: it names rows that this central has, or is the last one where there are none. */
void sim_decider_erase_rows(sim_world *w, sim_deciding *o, uint32_t slot, uint32_t partition);

#endif
