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
 * When applied covers the batch while the entry is stale or has no counts, the old counts do not include its operations yet. If their deltas ended, a
 * user's own like would vanish from what he is shown. So they stay with the entry, one sum per counter, until counts come that include them.
 * They are kept in memory alone; the stored counts are deleted, lest a restart show them without these operations (rule 18).
 */
#include "edge/core/overlay.h"
#include "edge/core/batch.h"
#include "edge/core/entry.h"
#include "edge/core/part.h"
#include "edge/core/state.h"
#include "edge/core/watch.h"

#include <stdlib.h>

enum { LIVE_FIRST = 16 };

/* ---- batches with nodes ------------------------------------------------------------------------------------------ */

static kd_outgoing **live_slot(const kd_live *l, uint32_t number)
{
    return &l->at[number & (l->cap - 1)];
}

static void live_widen(kd_live *l)
{
    kd_live wide = {.cap = KD_MAX(2 * l->cap, (uint32_t)LIVE_FIRST), .first = l->first, .next = l->next};
    wide.at = kd_alloc(wide.cap * sizeof(kd_outgoing *));
    for (uint32_t n = l->first; n != l->next; n++) *live_slot(&wide, n) = *live_slot(l, n);
    free(l->at);
    *l = wide;
}

static void live_add(kd_live *l, kd_outgoing *b)
{
    if (l->next - l->first == l->cap) live_widen(l);
    b->nodes.number = l->next++;
    *live_slot(l, b->nodes.number) = b;
}

/* Its nodes have ended. */
static void live_remove(kd_live *l, kd_outgoing *b)
{
    if (!b->nodes.at) return;
    *live_slot(l, b->nodes.number) = NULL;
    while (l->first != l->next && !*live_slot(l, l->first)) l->first++;
    free(b->nodes.at);
    b->nodes = (kd_nodes){0};
}

/* NULL: none, or its batch has ended. */
static kd_outgoing *overlay_batch(const kd_part *p, kd_node_ref ref)
{
    const kd_live *l = &p->live;
    return ref.place > 0 && ref.batch - l->first < l->next - l->first ? *live_slot(l, ref.batch) : NULL;
}

/* A node of the entry that has not ended; NULL: none from `ref` on. Moves *ref to it. */
static kd_node *overlay_node(const kd_part *p, kd_node_ref *ref)
{
    const kd_outgoing *b;
    for (; (b = overlay_batch(p, *ref)) != NULL; *ref = b->nodes.at[ref->place - 1].older) {
        kd_node *n = &b->nodes.at[ref->place - 1];
        if (n->entry) return n;
    }
    *ref = (kd_node_ref){0};
    return NULL;
}

/* A walk over the nodes of an overlay, newest first; a node may end when the walk is behind it. */
typedef struct {
    const kd_part *p;
    kd_node_ref ref; /* of the next node */
    kd_position at;  /* of the batch of the node given last */
} node_walk;

static node_walk overlay_walk(const kd_edge *e, const kd_entry *entry)
{
    const kd_overlay *o = kd_entry_overlay(entry);
    return (node_walk){.p = &e->parts[entry->part], .ref = o ? o->newest : (kd_node_ref){0}};
}

static kd_node *overlay_walk_next(node_walk *w)
{
    kd_node *n = overlay_node(w->p, &w->ref);
    if (!n) return NULL;
    w->at = overlay_batch(w->p, w->ref)->at;
    w->ref = n->older;
    return n;
}

/* ---- sums -------------------------------------------------------------------------------------------------------- */

/* Gives the overlay a place for all counters. */
static void overlay_spread(const kd_edge *e, kd_overlay *o)
{
    kd_tallies *all = kd_alloc(sizeof *all + e->counters.count * sizeof(all->at[0]));
    all->count = e->counters.count;
    if (o->many)
        memcpy(all->at, o->tallies->at, o->tallies->count * sizeof(all->at[0]));
    else
        all->at[o->counter].sum = (kd_tally){o->delta, o->ops};
    if (o->many) free(o->tallies);
    o->many = true;
    o->tallies = all;
}

static void overlay_sum_add(const kd_edge *e, kd_overlay *o, uint8_t counter, int64_t delta, uint64_t ops)
{
    if (!o->many && o->ops == 0) o->counter = counter;
    bool fits = o->many ? counter < o->tallies->count : counter == o->counter && ops <= UINT32_MAX - o->ops;
    if (!fits) overlay_spread(e, o);
    if (!o->many) {
        o->delta += delta;
        o->ops += (uint32_t)ops;
        return;
    }
    o->tallies->at[counter].sum.delta += delta;
    o->tallies->at[counter].sum.ops += ops;
}

static void overlay_sum_subtract(kd_overlay *o, uint8_t counter, int64_t delta, uint64_t ops)
{
    KD_ASSERT(kd_overlay_sum(o, counter).ops >= ops);
    if (!o->many) {
        o->delta -= delta;
        o->ops -= (uint32_t)ops;
        return;
    }
    o->tallies->at[counter].sum.delta -= delta;
    o->tallies->at[counter].sum.ops -= ops;
}

static bool overlay_keeps(const kd_overlay *o)
{
    for (uint32_t i = 0; o->many && i < o->tallies->count; i++)
        if (o->tallies->at[i].kept.ops > 0) return true;
    return false;
}

static kd_overlay *overlay_need(kd_edge *e, kd_entry *entry)
{
    kd_overlay *o = kd_entry_overlay(entry);
    if (o) return o;
    o = kd_slab_take(&e->slab, sizeof(*o));
    kd_entry_set_overlay(entry, o);
    return o;
}

/* Frees the overlay if nothing is left of it. */
static void overlay_settle(kd_edge *e, kd_entry *entry)
{
    kd_overlay *o = kd_entry_overlay(entry);
    if (!o || o->newest.place > 0 || overlay_keeps(o)) return;
    if (o->many) free(o->tallies);
    kd_slab_give(&e->slab, o, sizeof(*o));
    kd_entry_set_overlay(entry, NULL);
}

/* ---- nodes ------------------------------------------------------------------------------------------------------- */

/* Central's count of the entry includes the node's operations, or does so no longer: takes them out of the sum, or puts them back. */
static void node_set_in_count(const kd_edge *e, kd_node *n, bool in_count)
{
    if (n->in_count == in_count) return;
    kd_overlay *o = kd_entry_overlay(n->entry);
    n->in_count = in_count;
    if (in_count)
        overlay_sum_subtract(o, n->counter, n->delta, n->ops);
    else
        overlay_sum_add(e, o, n->counter, n->delta, n->ops);
}

static void node_end(kd_edge *e, kd_node *n)
{
    kd_entry *entry = n->entry;
    KD_ASSERT(entry); /* a node ends once */
    node_set_in_count(e, n, true);
    if (!KD_PLANTED(e, KD_PLANT_WATCH_DEAF)) kd_watch_touch(e, entry);
    n->entry = NULL;
    kd_overlay *o = kd_entry_overlay(entry);
    overlay_node(&e->parts[entry->part], &o->newest);
    overlay_settle(e, entry);
}

void kd_overlay_move(kd_edge *e, const kd_entry *from, kd_entry *to)
{
    node_walk w = overlay_walk(e, to);
    for (kd_node *n; (n = overlay_walk_next(&w));) {
        KD_ASSERT(n->entry == from);
        n->entry = to;
    }
}

void kd_overlay_confirm(kd_edge *e, kd_entry *entry, kd_position applied)
{
    if (KD_PLANTED(e, KD_PLANT_OVERLAY_NEVER_ENDS)) return;
    kd_overlay_end_kept(e, entry);
    kd_watch_touch(e, entry);
    node_walk w = overlay_walk(e, entry);
    for (kd_node *n; (n = overlay_walk_next(&w));)
        if (kd_position_cmp(w.at, applied) <= 0) node_end(e, n);
}

void kd_overlay_read_ahead(kd_edge *e, kd_entry *entry, kd_position applied)
{
    if (KD_PLANTED(e, KD_PLANT_READ_ENDS)) kd_overlay_confirm(e, entry, applied);
    if (KD_PLANTED(e, KD_PLANT_OVERLAY_NEVER_ENDS | KD_PLANT_READ_ENDS)) return;
    kd_overlay_end_kept(e, entry);
    node_walk w = overlay_walk(e, entry);
    for (kd_node *n; (n = overlay_walk_next(&w));)
        if (kd_position_cmp(w.at, applied) <= 0) node_set_in_count(e, n, true);
}

void kd_overlay_end_kept(kd_edge *e, kd_entry *entry)
{
    kd_overlay *o = kd_entry_overlay(entry);
    if (!o || !o->many) return;
    kd_watch_touch(e, entry);
    for (uint32_t i = 0; i < o->tallies->count; i++) {
        kd_tally *kept = &o->tallies->at[i].kept;
        overlay_sum_subtract(o, (uint8_t)i, kept->delta, kept->ops);
        *kept = (kd_tally){0};
    }
    overlay_settle(e, entry);
}

void kd_overlay_clear(kd_edge *e, kd_entry *entry)
{
    kd_overlay_end_kept(e, entry);
    node_walk w = overlay_walk(e, entry);
    for (kd_node *n; (n = overlay_walk_next(&w));) node_end(e, n);
}

void kd_overlay_forget_count(kd_edge *e, kd_entry *entry)
{
    entry->known = false;
    entry->version = 0;
    kd_watch_touch(e, entry);
    node_walk w = overlay_walk(e, entry);
    for (kd_node *n; (n = overlay_walk_next(&w));) node_set_in_count(e, n, false);
    kd_entry_unstore(e, entry);
}

/* The entry's node of this batch and counter that counts; NULL: none. Only the newest batch of a partition takes operations, so its nodes stand
 * first. */
static kd_node *overlay_find(const kd_part *p, const kd_overlay *o, const kd_outgoing *b, uint8_t counter)
{
    kd_node_ref ref = o->newest;
    while (b->nodes.at && overlay_batch(p, ref) == b) {
        kd_node *n = &b->nodes.at[ref.place - 1];
        if (n->entry && n->counter == counter) return n->in_count ? NULL : n;
        ref = n->older;
    }
    return NULL;
}

void kd_overlay_add(kd_edge *e, kd_part *p, kd_outgoing *b, kd_entry *entry, uint8_t counter, int64_t delta)
{
    kd_overlay *o = overlay_need(e, entry);
    kd_node *n = overlay_find(p, o, b, counter);
    if (!n) {
        if (!b->nodes.at) live_add(&p->live, b);
        b->nodes.at = kd_grow(b->nodes.at, b->nodes.count, &b->nodes.cap, sizeof(*n));
        n = &b->nodes.at[b->nodes.count++];
        *n = (kd_node){.entry = entry, .older = o->newest, .counter = counter};
        o->newest = (kd_node_ref){b->nodes.number, b->nodes.count};
    }
    n->delta += delta;
    n->ops++;
    overlay_sum_add(e, o, counter, delta, 1);
    kd_watch_touch(e, entry);
}

void kd_overlay_sealed(kd_outgoing *b)
{
    if (b->nodes.count == b->nodes.cap) return;
    b->nodes.at = kd_realloc(b->nodes.at, b->nodes.count * sizeof(b->nodes.at[0]));
    b->nodes.cap = b->nodes.count;
}

/* The store is about to learn that applied covers the node's batch, but its counts of the item do not include that batch: they must go. */
static void node_unstore_lacking(kd_edge *e, const kd_node *n)
{
    if (n->entry->known && n->delta != 0 && !KD_PLANTED(e, KD_PLANT_ROW_LACKS_OWN))
        kd_entry_unstore(e, n->entry);
}

/* Central has applied the node's batch, but the entry's counts do not include it: its delta stays. */
static void node_keep(kd_edge *e, kd_node *n)
{
    kd_overlay *o = kd_entry_overlay(n->entry);
    node_unstore_lacking(e, n);
    if (KD_PLANTED(e, KD_PLANT_KEPT_FORGOTTEN)) {
        node_end(e, n);
        return;
    }
    if (!o->many || n->counter >= o->tallies->count) overlay_spread(e, o);
    kd_tally *kept = &o->tallies->at[n->counter].kept;
    kept->delta += n->delta;
    kept->ops += n->ops;
    overlay_sum_add(e, o, n->counter, n->delta, n->ops); /* what ends below is subtracted */
    node_end(e, n);
}

/* The counts in memory came by a read and include the node; the stored ones need not. They do, unless a snapshot was missed just now: a snapshot that
 * follows either lists the item, or says that it did not change. */
static void node_end_in_count(kd_edge *e, kd_node *n)
{
    const kd_part *p = &e->parts[n->entry->part];
    if (p->floor_version == p->version) node_unstore_lacking(e, n);
    node_end(e, n);
}

void kd_overlay_end_batch(kd_edge *e, kd_part *p, kd_outgoing *b)
{
    bool never = KD_PLANTED(e, KD_PLANT_OVERLAY_NEVER_ENDS | KD_PLANT_OVERLAY_LISTED_ONLY);
    for (uint32_t i = 0; i < b->nodes.count; i++) {
        kd_node *n = &b->nodes.at[i];
        if (!n->entry) continue;
        if (KD_PLANTED(e, KD_PLANT_CLOSED_STAYS) && n->entry->closed)
            node_keep(e, n);
        else if (n->in_count)
            node_end_in_count(e, n);
        else if (never || !kd_entry_fresh(e, n->entry))
            node_keep(e, n);
        else
            node_end(e, n);
    }
    live_remove(&p->live, b);
}

void kd_overlay_cancel_batch(kd_edge *e, kd_part *p, kd_outgoing *b)
{
    for (uint32_t i = 0; i < b->nodes.count; i++)
        if (b->nodes.at[i].entry) node_end(e, &b->nodes.at[i]);
    live_remove(&p->live, b);
}
