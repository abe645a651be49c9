/* aside.h - sums that could count twice, kept in the store for an operator (rule 20). Reading and forgetting them: kudos/edge.h. */
#ifndef KUDOS_EDGE_CORE_ASIDE_H
#define KUDOS_EDGE_CORE_ASIDE_H

#include "edge/core/fragment.h"

/* Counts the sums that the store holds, for the statistics. KD_EMALFORMED, KD_EIO. */
int kd_aside_load(kd_edge *e);
/* Appends one sum to those of its batch, in `sums`, and counts it. */
void kd_aside_add(kd_edge *e, const kd_entry_op *sum, kd_buf *sums);
/* Puts the sums of the batch at `at` into the open group; none when `sums` is empty. */
void kd_aside_put(kd_edge *e, const kd_part *p, kd_position at, kd_bytes sums);

#endif
