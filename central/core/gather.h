/* gather.h - operations and sums of one record into the open commit. */
#ifndef KUDOS_CENTRAL_CORE_GATHER_H
#define KUDOS_CENTRAL_CORE_GATHER_H

#include "kudos/central.h"

/* `edge`: index of the edge, or of the author of a decision. Its state is that before this record. An author has no watermark, so none of his operations
 * counts as merged before (rule 22): one that is stamped below the floor and finds no row counts. That it comes once is a matter of its job. `sent_us`: when
 * the record was written, by its writer. `complete_to_us`: of the batch, if it has sums. What is of a closed item is left out (rule 27), and what erased users
 * said before (rule 28). */
void kd_gather(kd_central *c, const kd_body *body, uint16_t edge, uint16_t region, uint64_t sent_us,
               uint64_t complete_to_us);
/* For a record whose operations are gathered one by one: first the record, as written at `sent_us`, then each of them, also of a closed item. */
void kd_gather_record(kd_central *c, uint64_t sent_us);
void kd_gather_op(kd_central *c, const kd_op *op, uint16_t edge, uint16_t region);

#endif
