/* rehome.h - another process has used this edge's name: its own batches move to a new incarnation (rule 20). */
#ifndef KUDOS_EDGE_CORE_REHOME_H
#define KUDOS_EDGE_CORE_REHOME_H

#include "edge/core/forward.h"

typedef struct {
    bool active; /* nothing of the partition is sent meanwhile */
    /* batches of this incarnation and of lower ones move, later ones stay; meaningful while active */
    uint64_t rival;
    uint64_t
        ended; /* the group that holds the end of the last move: nothing is sent before it is durable. 0: none since the start */
} kd_rehome;

/* Central has applied a batch that this edge never sealed: raises the alarm and begins the move. A second alarm within a minute refuses writes
 * instead. */
void kd_rehome_begin(kd_edge *e, kd_part *p, const kd_applied *theirs, uint64_t now_us);
/* Begins the move, or begins it again with a higher rival `theirs`, in all partitions: mints an incarnation above it. `noticed` is the partition
 * whose applied told of the rival. */
void kd_rehome_above(kd_edge *e, const kd_part *noticed, uint64_t theirs, uint64_t now_us);
/* Moves some batches, when all that move are durable. After the last one the move ends. KD_EIO. */
int kd_rehome_step(kd_edge *e, kd_part *p, uint64_t now_us);

#endif
