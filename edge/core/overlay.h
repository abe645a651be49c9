/*
 * overlay.h - own deltas above central's counts: shown count = central's count + the deltas that it does not include.
 *
 * A node is what one batch adds to one counter of one item. The nodes of a batch lie in one array, in the order of their first operations. The nodes of
 * an item are linked, newest first, by the number of their batch and their place in its array. So a batch that ends frees its nodes at once and nobody
 * unlinks them: a link to a batch that has ended is the end of the list.
 *
 * Invariants:
 * - A node lives from its first operation until its batch ends; it has ended before if central's count of its entry includes it.
 * - The batches of a partition that have nodes end in the order of their numbers.
 * - `newest` names a node that has not ended. An entry whose nodes have all ended has no overlay, unless deltas are kept for its stale counts.
 * - The sums of an overlay are those of its nodes that have not ended and are not `in_count`, and of the deltas kept.
 */
#ifndef KUDOS_EDGE_CORE_OVERLAY_H
#define KUDOS_EDGE_CORE_OVERLAY_H

#include "edge/core/forward.h"

typedef struct {
    int64_t delta;
    uint64_t ops;
} kd_tally;

/* Names a node of a partition. */
typedef struct {
    uint32_t batch; /* number (kd_live) */
    uint32_t place; /* in its array, from 1; 0: none */
} kd_node_ref;

struct kd_node {
    kd_entry *entry; /* NULL: ended */
    kd_node_ref older;
    int64_t delta;
    uint32_t ops;
    uint8_t counter; /* index */
    /* the entry's count was read ahead of the snapshots and includes this node, although its batch is outstanding: the node is not in the sums */
    bool in_count;
};

/* The nodes of a batch. */
typedef struct {
    kd_node *at;
    uint32_t count, cap;
    uint32_t number; /* of the batch, if it has nodes */
} kd_nodes;

/* Batches of a partition with nodes, by number: a ring. A batch that has ended is NULL, or no longer in it. */
typedef struct {
    kd_outgoing **at;
    uint32_t cap; /* 0 or a power of two */
    uint32_t first, next;
} kd_live;

/* The sums of several counters, or of one with deltas kept. */
typedef struct {
    uint32_t count; /* counters that it has room for */
    struct {
        kd_tally sum;
        kd_tally kept; /* part of the sum: of batches that are applied, while the entry's counts lack them */
    } at[];
} kd_tallies;

/* What is on its way for one entry. Without the sums a reader would walk the nodes, and a hot item whose batches central is slow to apply has many.
 * Nearly all overlays are of one counter. */
struct kd_overlay {
    kd_node_ref newest;
    uint32_t second, second_ops; /* operations of the entry within that second, modulo 2^32 (viral.c) */
    union {
        int64_t delta;       /* of `counter` */
        kd_tallies *tallies; /* if `many`; owned */
    };
    uint32_t ops;
    uint8_t counter; /* index */
    bool many;
};

/* The sums of one counter; those of an entry without overlay (NULL) are 0. */
static inline kd_tally kd_overlay_sum(const kd_overlay *o, uint32_t counter)
{
    if (!o) return (kd_tally){0};
    if (o->many) return counter < o->tallies->count ? o->tallies->at[counter].sum : (kd_tally){0};
    return counter == o->counter ? (kd_tally){o->delta, o->ops} : (kd_tally){0};
}

/* One operation of the partition's open batch `b` changed the shown count by `delta`. `counter` is an index. The entry has an overlay then. */
void kd_overlay_add(kd_edge *e, kd_part *p, kd_outgoing *b, kd_entry *entry, uint8_t counter, int64_t delta);
/* `b` takes no more operations: gives back the room for more nodes. */
void kd_overlay_sealed(kd_outgoing *b);
/* Central's `applied` covers `b`: its nodes end. Where the entry's counts do not include them their deltas stay with the entry. */
void kd_overlay_end_batch(kd_edge *e, kd_part *p, kd_outgoing *b);
/* Ends all nodes of `b`, whatever the counts include: the batch moves elsewhere, or the object is closed. */
void kd_overlay_cancel_batch(kd_edge *e, kd_part *p, kd_outgoing *b);
/* A snapshot brought the entry's counts, which include operations up to `applied`: nodes up to `applied` end. */
void kd_overlay_confirm(kd_edge *e, kd_entry *entry, kd_position applied);
/* A read brought the entry's counts, ahead of the snapshots. Nodes up to `applied` do not add to the shown count any more, but stay until their batch
 * is applied: when the counts are dropped (rule 15) they count again. */
void kd_overlay_read_ahead(kd_edge *e, kd_entry *entry, kd_position applied);
/* Drops the deltas of applied batches, which only stale counts kept: counts that include them are here, or a restore of central has undone them. */
void kd_overlay_end_kept(kd_edge *e, kd_entry *entry);
/* Drops the entry's counts, in memory and in the store. All of its nodes count again. */
void kd_overlay_forget_count(kd_edge *e, kd_entry *entry);
/* Ends all nodes of the entry, which is about to be freed. */
void kd_overlay_clear(kd_edge *e, kd_entry *entry);
/* The overlay that `from` had is that of `to` already: tells its nodes. */
void kd_overlay_move(kd_edge *e, const kd_entry *from, kd_entry *to);

#endif
