/* lives.h - which of a user's own operations this store can know: the lives of the edge's process that it has seen (kudos/seen.h). */
#ifndef KUDOS_EDGE_CORE_LIVES_H
#define KUDOS_EDGE_CORE_LIVES_H

#include "kudos/edge.h"

/* Reads the lives, adds the present one and stores the list. Call after `last` was read: it bounds the life before. KD_EMALFORMED, KD_EIO. */
int kd_lives_open(kd_edge *e);
/* The latest time at which the user may have acted at another edge, by his session token; also at this edge, where its disk has lost the operation.
 * 0: never, or no token (`seen` is NULL). */
uint64_t kd_lives_elsewhere_us(const kd_edge *e, const kd_seen *seen);
/* Reads row E of a store whose `last` is last_us into `lives`, behind the place of the present life. KD_EMALFORMED. */
int kd_lives_decode(kd_bytes row, uint64_t last_us, kd_lives *lives);
/* Writes row E to the cleared *row: the present life is the one that writes it. */
void kd_lives_encode(const kd_lives *lives, kd_buf *row);
/* Adds the earlier lives of `others`; of one that both know the longer time stands. */
void kd_lives_merge(kd_lives *lives, const kd_lives *others);

#endif
