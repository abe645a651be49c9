/*
 * fold.h - of the operations of a commit on one row, the one that is left.
 *
 * Invariant: it is the one that would be left if each record were a commit of its own. So it is not the largest stamp: that may be one that is ignored
 * (rule 22), which judged by itself would have left the others alone. They are followed one by one, in the order of their arrival.
 */
#ifndef KUDOS_CENTRAL_CORE_FOLD_H
#define KUDOS_CENTRAL_CORE_FOLD_H

#include "central/core/commit.h"
#include "central/core/row.h"

/* Whether an operation takes the place of the row `old`; NULL: there is none. */
bool kd_fold_wins(kd_central *c, const kd_gathered_op *op, const kd_stored_row *old);
/* The operations on the row of `op`, which has the largest stamp of them, and what sort.h has folded below it. Asked in the order of keys. False: none
 * wins the row. Else *op becomes the last that does, and trades its place with it; *passed: before it another one won that says the opposite. */
bool kd_fold_row(kd_central *c, kd_commit *k, kd_gathered_op *op, const kd_stored_row *old, bool *passed);

#endif
