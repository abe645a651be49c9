/* applied.h - central's applied for this edge comes in: it ends outbox batches, or tells that another process uses the name (rules 17, 20, 23). */
#ifndef KUDOS_EDGE_CORE_APPLIED_H
#define KUDOS_EDGE_CORE_APPLIED_H

#include "edge/core/forward.h"

/* The row of this edge in a snapshot; NULL: central has never heard of it. A view into `s`. In all functions below `mine` is this row. */
const kd_applied *kd_applied_find(const kd_edge *e, const kd_snapshot *s);
/* Position up to which counts sent with `mine` include our outstanding batches; {0,0} if `mine` is another process's, or while batches move. */
kd_position kd_applied_merged(const kd_edge *e, const kd_part *p, const kd_applied *mine);
/* Takes over applied and watermark: batches up to applied leave the outbox. One that this edge cannot have brought about starts a move (rehome.h), or
 * refuses writes. `undone`: a restore of central has put applied back, take it also where it is smaller. The caller stores the partition. */
void kd_applied_install(kd_edge *e, kd_part *p, const kd_applied *mine, bool undone, uint64_t now_us);
/* Takes over whether central has retired this edge, and stores that. When the edge is taken back its outbox is due at once. */
void kd_applied_retired(kd_edge *e, kd_part *p, const kd_applied *mine);

#endif
