/* forward.h - names of the core's structs, for headers that only point to them. */
#ifndef KUDOS_EDGE_CORE_FORWARD_H
#define KUDOS_EDGE_CORE_FORWARD_H

#include <sys/queue.h>

#include "kudos/edge.h"

typedef struct kd_part kd_part;         /* part.h: a partition of this shard */
typedef struct kd_entry kd_entry;       /* entry.h: an item with central's counts */
typedef struct kd_inquiry kd_inquiry;   /* entry.h: a question about an item, or its probation */
typedef struct kd_node kd_node;         /* overlay.h: the delta of one batch for one counter of one item */
typedef struct kd_overlay kd_overlay;   /* overlay.h: what is on its way for one entry */
typedef struct kd_outgoing kd_outgoing; /* batch.h: a batch, open or sealed */

/* Batches in the order of their positions, linked by their `next`. kd_part_init_all makes those of a partition. */
typedef TAILQ_HEAD(kd_batches, kd_outgoing) kd_batches;

#endif
