/* named_row.h - rows that a decision names: what they are where it stands in the log, and what it says of them. */
#ifndef KUDOS_CENTRAL_CORE_NAMED_ROW_H
#define KUDOS_CENTRAL_CORE_NAMED_ROW_H

#include "central/core/row.h"
#include "kudos/central.h"

/* The row with all that was fed before (row_now.h). A deleted item has none, whether its rows are gone already or not. KD_OK, KD_ENOTFOUND, KD_EIO. */
int kd_named_row_now(kd_central *c, const kd_op *op, kd_stored_row *row);
/* For a row that is not there now: takes away, with the open commit, the tombstone below the floor that the store may still have (collect.h). */
void kd_named_row_clear(kd_central *c, const kd_op *op);
/* The row's next operation: that of the decision, by its author, in the region of the row. The record was told to kd_gather_record before. */
void kd_named_row_say(kd_central *c, const kd_decision *d, const kd_op *op, uint64_t time_us,
                      uint16_t region);

#endif
