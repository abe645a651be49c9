/*
 * viral.h - items with at least viral_rate operations within a second at this shard: their batches are sealed sooner and say so to central
 * (rules 6, 14), and the items are not evicted.
 *
 * Each item has a counter of its own, so no item is taken for another. A counter covers a second of the clock (a fixed window): a peak of less than
 * two seconds that lies on both sides of a full second may pass unnoticed, one that lasts is noticed after two seconds at the latest. The counter of
 * an item that is not viral stands in its overlay and begins anew with it: when all operations of the item are applied. An edge with room for
 * counters of a few items alone would share them among all (Space-Saving: Metwally et al. 2005), and count operations of others by mistake.
 *
 * Invariant: `entry->viral` exactly for the entries in `at`; p->viral is the number of those of partition p.
 */
#ifndef KUDOS_EDGE_CORE_VIRAL_H
#define KUDOS_EDGE_CORE_VIRAL_H

#include "edge/core/forward.h"

/* The present second and those before it: KD_VIRAL_SECONDS that are over, and more only so that the ring is a power of two. */
enum { KD_VIRAL_RING = 64 };

typedef struct {
    kd_entry *entry;
    uint64_t since_us;
    uint64_t second; /* the newest second of the ring, since 1970 */
    uint32_t ops
        [KD_VIRAL_RING]; /* by second modulo KD_VIRAL_RING; 0 before the second in which the item was noticed */
} kd_viral;

typedef struct {
    kd_viral at[KD_VIRAL_MAX]; /* in the order in which they were noticed */
    uint32_t count;
    uint32_t found; /* where the last one was found that was looked for */
} kd_virals;

/* An operation on the item was taken; the entry has an overlay. Whether the item is viral, now or before. */
bool kd_viral_count(kd_edge *e, kd_entry *entry, uint64_t now_us);
/* Items that were quiet are viral no more. Returns when to look again, UINT64_MAX: when there are viral items. */
uint64_t kd_viral_tick(kd_edge *e, uint64_t now_us);
/* The viral item's entry is `to` from now on. */
void kd_viral_move(kd_edge *e, const kd_entry *from, kd_entry *to);
/* The item is viral no more. */
void kd_viral_end(kd_edge *e, kd_entry *entry);

#endif
