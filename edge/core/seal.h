/* seal.h - the open batch is closed for good and joins the outbox (rule 6). */
#ifndef KUDOS_EDGE_CORE_SEAL_H
#define KUDOS_EDGE_CORE_SEAL_H

#include "edge/core/forward.h"

/* Seals the partition's open batch, which must exist. The seal is in the open group; the batch is sent when that group is durable. */
void kd_seal_batch(kd_edge *e, kd_part *p, uint64_t now_us);
/* Seals a batch without operations: by its complete_to central learns that an idle partition has nothing older to send (rule 8). Doubles the time to
 * the partition's next empty batch. */
void kd_seal_empty(kd_edge *e, kd_part *p, uint64_t now_us);

#endif
