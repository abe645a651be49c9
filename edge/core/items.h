/* items.h - the table of items whose counts this edge keeps, bounded by items_max: look up, make room, load. */
#ifndef KUDOS_EDGE_CORE_ITEMS_H
#define KUDOS_EDGE_CORE_ITEMS_H

#include "edge/core/forward.h"

/* An empty table. */
void kd_items_init(kd_edge *e);
/* NULL: not kept here. */
kd_entry *kd_items_find(kd_edge *e, kd_bytes item);
/* Finds the entry or makes one. Where the table is full another item that nobody waits for makes room; NULL: none could. */
kd_entry *kd_items_obtain(kd_edge *e, kd_part *p, kd_bytes item);
/* As kd_items_obtain, but exceeds items_max where no item makes room: for items with operations in the outbox, which must be shown. Never NULL. */
kd_entry *kd_items_need(kd_edge *e, kd_part *p, kd_bytes item);
/* Reads the stored counts. Those that lack a configured counter are deleted. KD_EMALFORMED, KD_EIO. */
int kd_items_load(kd_edge *e);
void kd_items_finish(kd_edge *e); /* frees all entries and nodes */

#endif
