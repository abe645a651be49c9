/*
 * load_tally.h - per item, how many likes of different users were acknowledged and of how many nobody
 * knows: those that were sent and had no good answer may have been taken or not.
 */
#ifndef KUDOS_SIM_USERS_LOAD_TALLY_H
#define KUDOS_SIM_USERS_LOAD_TALLY_H

#include "kudos/base.h"

/* Zero-initialise; without init it notes nothing. */
typedef struct {
    uint32_t items;
    uint32_t *acked, *unsure;
} sim_load_tally;

void sim_load_tally_init(sim_load_tally *t, uint32_t items);
void sim_load_tally_finish(sim_load_tally *t);
/* One like of each of `count` items from `item` on, answered well or not. */
void sim_load_tally_note(sim_load_tally *t, uint32_t item, uint32_t count, bool acked);
void sim_load_tally_merge(sim_load_tally *to, const sim_load_tally *from); /* as many items */

/* Items that were sent anything, in their order; as many numbers as returned, for free(). */
uint32_t *sim_load_tally_touched(const sim_load_tally *t, uint32_t *count);

/* What was read, held against it. Zero-initialise. */
typedef struct {
    uint64_t items, acked, unsure, counted;
    uint64_t wrong;     /* items with less than what was acknowledged, or more than what was sent */
    uint32_t first;     /* of these, if any */
    int64_t first_says; /* its count */
} sim_load_verdict;

void sim_load_tally_judge(const sim_load_tally *t, uint32_t item, int64_t count, sim_load_verdict *v);

#endif
