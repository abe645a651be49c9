/* accumulate.h - an operation joins the open batch of its partition. */
#ifndef KUDOS_EDGE_CORE_ACCUMULATE_H
#define KUDOS_EDGE_CORE_ACCUMULATE_H

#include "edge/core/fragment.h"

/* Adds `op` to the journal, to the open batch, and by op->delta to the shown count of `entry` (NULL: to none). Seals the batch when it is full.
 * Views in `op` are copied. */
void kd_accumulate_op(kd_edge *e, kd_part *p, kd_entry *entry, const kd_entry_op *op, uint64_t now_us);

#endif
