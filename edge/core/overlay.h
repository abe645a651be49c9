/*
 * overlay.h - own deltas above central's counts: shown count = central's count + the deltas that it does not include.
 *
 * A node is what one batch adds to one counter of one item. Invariants:
 * - A node lives from its first operation until central's count of its entry includes it and applied covers its batch. It ends once.
 * - `batch` is NULL once the batch is applied; then only an entry with stale or unknown counts keeps the node.
 * - The sums of an overlay are those of its nodes that are not `in_count`.
 */
#ifndef KUDOS_EDGE_CORE_OVERLAY_H
#define KUDOS_EDGE_CORE_OVERLAY_H

#include "edge/core/forward.h"

typedef struct {
    int64_t delta;
    uint64_t ops;
} kd_tally;

/* The nodes of one entry; an entry without nodes has no overlay. Without the sums a reader would walk the nodes, and a hot item whose batches central
 * is slow to apply has many. */
typedef struct {
    LIST_HEAD(kd_overlay_nodes, kd_node) nodes; /* newest batch first */
    /* batch of the first node, kept here so that the node itself need not be fetched */
    const kd_outgoing *newest;
    uint32_t second, second_ops; /* operations of the entry within that second, modulo 2^32 (viral.c) */
    kd_tally sum[];              /* by counter index */
} kd_overlay;

struct kd_node {
    LIST_ENTRY(kd_node) of_entry;  /* in the overlay */
    SLIST_ENTRY(kd_node) of_batch; /* in the batch */
    kd_entry *entry;               /* NULL: ended; freed with its batch */
    kd_outgoing *batch;            /* NULL: applied; kept by an entry with stale counts */
    kd_position at;                /* of the batch; once applied, the applied that covered it */
    int64_t delta;
    uint32_t ops;
    uint8_t counter; /* index */
    /* the entry's count was read ahead of the snapshots and includes this node, although its batch is outstanding: the node is not in sum[] */
    bool in_count;
};

/* One operation of the open batch `b` changed the shown count by `delta`. `counter` is an index. */
void kd_overlay_add(kd_edge *e, kd_outgoing *b, kd_entry *entry, uint8_t counter, int64_t delta);
/* Central's `applied` covers `b`: its nodes end where the entry's counts include them, else they stay with the entry. */
void kd_overlay_end_batch(kd_edge *e, kd_outgoing *b, kd_position applied);
/* Ends all nodes of `b`, whatever the counts include: the batch moves elsewhere, or the object is closed. */
void kd_overlay_cancel_batch(kd_edge *e, kd_outgoing *b);
/* A snapshot brought the entry's counts, which include operations up to `applied`: nodes up to `applied` end. */
void kd_overlay_confirm(kd_edge *e, kd_entry *entry, kd_position applied);
/* A read brought the entry's counts, ahead of the snapshots. Nodes up to `applied` do not add to the shown count any more, but stay until their batch
 * is applied: when the counts are dropped (rule 15) they count again. */
void kd_overlay_read_ahead(kd_edge *e, kd_entry *entry, kd_position applied);
/* Ends the nodes of applied batches, which only stale counts kept: counts that include them are here, or a restore of central has undone them. */
void kd_overlay_end_kept(kd_edge *e, kd_entry *entry);
/* Drops the entry's counts, in memory and in the store. All of its nodes count again. */
void kd_overlay_forget_count(kd_edge *e, kd_entry *entry);
/* Ends all nodes of the entry, which is about to be freed. */
void kd_overlay_clear(kd_edge *e, kd_entry *entry);
/* Counters were added behind the first `counters_before`: gives all sums a place for them. */
void kd_overlay_widen(kd_edge *e, uint32_t counters_before);

#endif
