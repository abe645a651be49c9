/*
 * overlay.c - own deltas above central's counts: when a node begins, counts, and ends.
 *
 * A node ends when central's count for its entry includes its operations, never before and never twice:
 *
 * - applied covers its batch and the entry is fresh: also when the snapshot does not list the item, for then central decided that nothing changed
 *   (rule 17);
 * - counts arrive whose own applied covers it: from a snapshot that lists the item, or from a read (rule 19). While its batch is outstanding it
 *   stays, marked `in_count`: it adds nothing, keeps the entry from being evicted, and counts again when the counts are dropped.
 *
 * When applied covers the batch while the entry is stale or has no counts, the old counts do not include its operations yet. If the nodes ended, a
 * user's own like would vanish from what he is shown. So they stay with the entry, merged into one per counter, until counts come that include them.
 * They are kept in memory alone; the stored counts are deleted, lest a restart show them without these operations (rule 18).
 */
#include "edge/core/overlay.h"
#include "edge/core/batch.h"
#include "edge/core/entry.h"
#include "edge/core/state.h"

static void node_link(kd_edge *e, kd_node *n, kd_entry *entry)
{
    if (!entry->overlay) entry->overlay = kd_pool_take(&e->overlays);
    kd_overlay *o = entry->overlay;
    n->entry = entry;
    LIST_INSERT_HEAD(&o->nodes, n, of_entry);
    o->newest = n->batch;
}

static void node_add(kd_node *n, int64_t delta, uint32_t ops)
{
    kd_tally *sum = &n->entry->overlay->sum[n->counter];
    n->delta += delta;
    n->ops += ops;
    sum->delta += delta;
    sum->ops += ops;
}

/* Central's count of the entry includes the node's operations, or does so no longer: takes them out of the sum, or puts them back. */
static void node_set_in_count(kd_node *n, bool in_count)
{
    if (n->in_count == in_count) return;
    kd_tally *sum = &n->entry->overlay->sum[n->counter];
    n->in_count = in_count;
    if (!in_count) {
        sum->delta += n->delta;
        sum->ops += n->ops;
        return;
    }
    KD_ASSERT(sum->ops >= n->ops);
    sum->delta -= n->delta;
    sum->ops -= n->ops;
}

static void node_unlink(kd_edge *e, kd_node *n)
{
    kd_entry *entry = n->entry;
    KD_ASSERT(entry); /* a node ends once */
    node_set_in_count(n, true);
    LIST_REMOVE(n, of_entry);
    n->entry = NULL;
    if (!LIST_EMPTY(&entry->overlay->nodes)) return;
    kd_pool_give(&e->overlays, entry->overlay);
    entry->overlay = NULL;
}

/* A node that its batch still lists is freed with the batch. */
static void node_end(kd_edge *e, kd_node *n)
{
    node_unlink(e, n);
    if (!n->batch) kd_pool_give(&e->nodes, n);
}

void kd_overlay_widen(kd_edge *e, uint32_t counters_before)
{
    kd_pool narrow = e->overlays;
    size_t cursor = 0;
    kd_pool_init(&e->overlays, sizeof(kd_overlay) + e->counters.count * sizeof(kd_tally));
    for (kd_entry *entry; (entry = kd_table_next(&e->items, &cursor)) != NULL;) {
        if (!entry->overlay) continue;
        kd_overlay *wide = kd_pool_take(&e->overlays);
        memcpy(wide, entry->overlay, sizeof *wide + counters_before * sizeof(kd_tally));
        /* The first node knows where the head of its list is, and the head has moved. <sys/queue.h> of glibc has no macro for that. */
        LIST_FIRST(&wide->nodes)->of_entry.le_prev = &LIST_FIRST(&wide->nodes);
        entry->overlay = wide;
    }
    kd_pool_finish(&narrow);
}

void kd_overlay_confirm(kd_edge *e, kd_entry *entry, kd_position applied)
{
    if (KD_PLANTED(e, KD_PLANT_OVERLAY_NEVER_ENDS)) return;
    for (kd_node *n = kd_entry_nodes(entry), *next; n; n = next) {
        next = LIST_NEXT(n, of_entry);
        if (!n->batch || kd_position_cmp(n->at, applied) <= 0) node_end(e, n);
    }
}

void kd_overlay_read_ahead(kd_edge *e, kd_entry *entry, kd_position applied)
{
    if (KD_PLANTED(e, KD_PLANT_READ_ENDS)) kd_overlay_confirm(e, entry, applied);
    if (KD_PLANTED(e, KD_PLANT_OVERLAY_NEVER_ENDS | KD_PLANT_READ_ENDS)) return;
    kd_overlay_end_kept(e, entry);
    for (kd_node *n = kd_entry_nodes(entry); n; n = LIST_NEXT(n, of_entry))
        if (kd_position_cmp(n->at, applied) <= 0) node_set_in_count(n, true);
}

void kd_overlay_end_kept(kd_edge *e, kd_entry *entry)
{
    for (kd_node *n = kd_entry_nodes(entry), *next; n; n = next) {
        next = LIST_NEXT(n, of_entry);
        if (!n->batch) node_end(e, n);
    }
}

void kd_overlay_clear(kd_edge *e, kd_entry *entry)
{
    while (entry->overlay) node_end(e, LIST_FIRST(&entry->overlay->nodes));
}

void kd_overlay_forget_count(kd_edge *e, kd_entry *entry)
{
    entry->known = false;
    entry->version = 0;
    for (kd_node *n = kd_entry_nodes(entry); n; n = LIST_NEXT(n, of_entry)) node_set_in_count(n, false);
    kd_entry_unstore(e, entry);
}

/* Only the newest batch of a partition takes operations, so its nodes stand first. */
void kd_overlay_add(kd_edge *e, kd_outgoing *b, kd_entry *entry, uint8_t counter, int64_t delta)
{
    kd_node *n = entry->overlay && entry->overlay->newest == b ? LIST_FIRST(&entry->overlay->nodes) : NULL;
    while (n && n->batch == b && n->counter != counter) n = LIST_NEXT(n, of_entry);
    if (!n || n->batch != b || n->in_count) {
        n = kd_pool_take(&e->nodes);
        *n = (kd_node){.batch = b, .at = b->at, .counter = counter};
        SLIST_INSERT_HEAD(&b->nodes, n, of_batch);
        node_link(e, n, entry);
    }
    node_add(n, delta, 1);
}

/* The store is about to learn that applied covers the node's batch, but its counts of the item do not include that batch: they must go. */
static void node_unstore_lacking(kd_edge *e, const kd_node *n)
{
    if (n->entry->known && n->delta != 0 && !KD_PLANTED(e, KD_PLANT_ROW_LACKS_OWN))
        kd_entry_unstore(e, n->entry);
}

/* Central has applied the node's batch, but the entry's counts do not include it: the node stays, merged with the one kept for the same counter. */
static void node_keep(kd_edge *e, kd_node *n, kd_position applied)
{
    n->batch = NULL;
    n->at = applied;
    node_unstore_lacking(e, n);
    for (kd_node *other = kd_entry_nodes(n->entry); other; other = LIST_NEXT(other, of_entry)) {
        if (other == n || other->batch || other->counter != n->counter) continue;
        node_add(n, other->delta, other->ops);
        node_end(e, other);
        return;
    }
}

/* The counts in memory came by a read and include the node; the stored ones need not. They do, unless a snapshot was missed just now: a snapshot that
 * follows either lists the item, or says that it did not change. */
static void node_end_in_count(kd_edge *e, kd_node *n)
{
    const kd_part *p = &e->parts[n->entry->part];
    if (p->floor_version == p->version) node_unstore_lacking(e, n);
    node_end(e, n);
}

void kd_overlay_end_batch(kd_edge *e, kd_outgoing *b, kd_position applied)
{
    bool never = KD_PLANTED(e, KD_PLANT_OVERLAY_NEVER_ENDS | KD_PLANT_OVERLAY_LISTED_ONLY);
    for (kd_node *n; (n = SLIST_FIRST(&b->nodes));) {
        SLIST_REMOVE_HEAD(&b->nodes, of_batch);
        n->batch = NULL;
        if (!n->entry)
            kd_pool_give(&e->nodes, n);
        else if (n->in_count)
            node_end_in_count(e, n);
        else if (never || !kd_entry_fresh(e, n->entry))
            node_keep(e, n, applied);
        else
            node_end(e, n);
    }
}

void kd_overlay_cancel_batch(kd_edge *e, kd_outgoing *b)
{
    for (kd_node *n; (n = SLIST_FIRST(&b->nodes));) {
        SLIST_REMOVE_HEAD(&b->nodes, of_batch);
        n->batch = NULL;
        if (n->entry)
            node_end(e, n);
        else
            kd_pool_give(&e->nodes, n);
    }
}
