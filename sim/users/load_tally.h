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
} kd_load_tally;

void kd_load_tally_init(kd_load_tally *t, uint32_t items);
void kd_load_tally_finish(kd_load_tally *t);
/* One like of each of `count` items from `item` on, answered well or not. */
void kd_load_tally_note(kd_load_tally *t, uint32_t item, uint32_t count, bool acked);
void kd_load_tally_merge(kd_load_tally *to, const kd_load_tally *from); /* as many items */

/* Items that were sent anything, in their order; as many numbers as returned, for free(). */
uint32_t *kd_load_tally_touched(const kd_load_tally *t, uint32_t *count);

/* What was read, held against it. Zero-initialise. */
typedef struct {
    uint64_t items, acked, unsure, counted;
    uint64_t wrong;     /* items with less than what was acknowledged, or more than what was sent */
    uint32_t first;     /* of these, if any */
    int64_t first_says; /* its count */
} kd_load_verdict;

void kd_load_tally_judge(const kd_load_tally *t, uint32_t item, int64_t count, kd_load_verdict *v);

#endif
