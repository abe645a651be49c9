/*
 * load_tally.h - what --check holds against the counts: per item, how many likes of different users were acknowledged, and of how many nobody knows.
 *
 * A like that was sent and got no good answer may have been taken or not. Each like of a load is of a (user, item) pair of its own, so the oracle
 * (sim/oracle/oracle.h) needs no row for it: an acknowledged like must be in the count, an unknown one may be.
 */
#ifndef KUDOS_SIM_USERS_LOAD_TALLY_H
#define KUDOS_SIM_USERS_LOAD_TALLY_H

#include "sim/oracle/oracle.h"

/* Zero-initialise; without init it notes nothing. */
typedef struct {
    uint32_t items;
    sim_oracle *oracle;
} sim_load_tally;

/* For items 0 to items - 1. */
void sim_load_tally_init(sim_load_tally *t, uint32_t items);
/* Frees what init allocated; notes nothing from then on. */
void sim_load_tally_finish(sim_load_tally *t);
/* One like of each of `count` items from `item` on, acknowledged or unknown. */
void sim_load_tally_note(sim_load_tally *t, uint32_t item, uint32_t count, bool acked);
/* Adds another worker's tally, of as many items. */
void sim_load_tally_merge(sim_load_tally *to, const sim_load_tally *from);
uint64_t sim_load_tally_acked(const sim_load_tally *t, uint32_t item);  /* acknowledged likes */
uint64_t sim_load_tally_unsure(const sim_load_tally *t, uint32_t item); /* likes without a good answer */

/* Items that were sent anything, in their order; as many numbers as returned, for free(). */
uint32_t *sim_load_tally_touched(const sim_load_tally *t, uint32_t *count);

/* The counts that a server shows, compared with the tally. Zero-initialise. */
typedef struct {
    uint64_t items, acked, unsure, counted;
    uint64_t wrong;     /* items with less than what was acknowledged, or more than what was sent */
    uint32_t first;     /* the first wrong item, if `wrong` > 0 */
    int64_t first_says; /* the count that the server shows for it */
} sim_load_verdict;

/* Adds one item, and the count that a server shows for it, to *v. */
void sim_load_tally_judge(const sim_load_tally *t, uint32_t item, int64_t count, sim_load_verdict *v);

#endif
