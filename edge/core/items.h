/* items.h - the table of items whose counts this edge keeps, bounded by items_max: look up, make room, load. */
#ifndef KUDOS_EDGE_CORE_ITEMS_H
#define KUDOS_EDGE_CORE_ITEMS_H

#include <sys/queue.h>

#include "edge/core/forward.h"

/* Items that nobody is known to have liked. */
typedef struct {
    TAILQ_HEAD(kd_probation_queue, kd_inquiry) waiting; /* those that may make room, longest there first */
    uint32_t count;                                     /* with those that are asked about */
} kd_probation;

/* An empty table. */
void kd_items_init(kd_edge *e);
/* NULL: not kept here. */
kd_entry *kd_items_find(kd_edge *e, kd_bytes item);
/* For an operation: finds the entry or makes one, and ends its probation. Where the table is full another item that nobody waits for makes room, one on
 * probation first; NULL: none could. */
kd_entry *kd_items_obtain(kd_edge *e, kd_part *p, kd_bytes item);
/* For a question to central, at once before it: finds the entry or makes one, which is on probation. NULL: no item makes room for it. */
kd_entry *kd_items_ask(kd_edge *e, kd_part *p, kd_bytes item);
/* The question about the entry has ended. */
void kd_items_answered(kd_edge *e, kd_entry *entry);
/* As kd_entry_set. Probation ends with a count above 0. */
kd_entry *kd_items_set(kd_edge *e, kd_entry *entry, const kd_item_counts *counts, uint64_t version);
/* The item has an operation now: probation ends, if it is on it, and fresh counts of it are stored. Before the operation is shown. */
void kd_items_prove(kd_edge *e, kd_entry *entry);
/* As kd_items_obtain, but exceeds items_max where no item makes room: for items with operations in the outbox, which must be shown. Never NULL. */
kd_entry *kd_items_need(kd_edge *e, kd_part *p, kd_bytes item);
/* Reads the stored counts. Those that lack a configured counter are deleted. KD_EMALFORMED, KD_EIO. */
int kd_items_load(kd_edge *e);
void kd_items_finish(kd_edge *e); /* frees all entries; the batches' nodes have ended */

#endif
