/*
 * sort.h - the operations of a commit in the order of their rows, and of their stamps within a row.
 *
 * Operations of a batch come sorted by item, counter and user, which with one counter is the order of the rows. So the operations of a commit are a
 * few ascending runs, which are merged; what is not sorted makes more runs, and costs what any sort costs.
 */
#ifndef KUDOS_CENTRAL_CORE_SORT_H
#define KUDOS_CENTRAL_CORE_SORT_H

#include "central/core/commit.h"
#include "common/base/rank.h"

/* Scratch of the sort, kept from one commit to the next. */
typedef struct {
    kd_ranked *at, *merged; /* an element for each operation */
    uint32_t *runs;         /* where each run begins; one for each operation and one more */
    kd_gathered_op *ops;
    uint32_t cap;
    uint32_t folded_at; /* place in the folded operations, for fold.c */
} kd_sort;

/* Sorts the operations of the commit by key and stamp, and keeps of each row the operation with the largest stamp. The others are in
 * its `folded`. */
void kd_sort_keep_last(kd_central *c, kd_commit *k);
/* The operation of that row in a commit that is sorted, or NULL; also where there is no commit (NULL). Of a commit that is resolved: what it writes there. */
const kd_gathered_op *kd_sort_find(const kd_commit *k, kd_bytes key);
/* Order of stamps (rule 3): by time, then by the names of the edges. Edges are indices of the registry. */
bool kd_stamp_less(const kd_central *c, uint64_t a_us, uint16_t a_edge, uint64_t b_us, uint16_t b_edge);
void kd_sort_finish(kd_sort *o); /* frees the scratch */

#endif
