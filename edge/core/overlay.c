/*
 * overlay.c - shown count = central's number + this edge's own deltas above applied.
 *
 * An entry is one item: the number that central last gave, and a list of nodes, one per batch and counter
 * that touched it. A node ends when central's number for that entry holds its operations, never before and
 * never twice:
 *
 * - applied covers its batch and the entry follows the snapshots: listed or not (rule 17);
 * - a number arrives whose own applied covers it: from a snapshot that lists the item, or from a read (rule
 * 19). While its batch is outstanding it stays as told: it counts no more, holds the entry, and counts again
 * when the number is dropped.
 *
 * When applied covers the batch of an entry that is stale or unknown, the old number does not hold the
 * operation yet: the node stays with the entry, merged into one per counter, until a number that does hold it
 * is there. Otherwise a missed snapshot would make a user's own like vanish from what he is shown. That is kept in memory alone, so
 * the old number must not come back from the disk.
 */
#include "edge/core/internal.h"

#include <stdlib.h>

kd_bytes kd_entry_key(const kd_entry *entry)
{
    return kd_bytes_of((const uint8_t *)entry + entry->key_at, entry->key_len);
}

kd_entry *kd_entry_find(kd_edge *e, kd_bytes item)
{
    kd_entry *entry = e->last_found;
    if (!entry || !kd_bytes_eq(kd_entry_key(entry), item)) entry = kd_table_find(&e->items, item);
    if (!entry) return NULL;
    entry->recent = true;
    return e->last_found = entry;
}

/* How many counters it has a place for. */
static uint32_t entry_counters(const kd_entry *entry)
{
    return (uint32_t)((entry->key_at - sizeof(kd_entry)) / sizeof(uint64_t));
}

static bool entry_fresh(const kd_edge *e, const kd_entry *entry)
{
    return entry->known && entry_counters(entry) == e->counters.count &&
           entry->version >= e->parts[entry->part].floor_version;
}

/* ---- nodes, and their sum
 * ----------------------------------------------------------------------------------- */

static void node_link(kd_edge *e, kd_node *n, kd_entry *entry)
{
    if (!entry->overlay) entry->overlay = kd_pool_take(&e->overlays);
    kd_overlay *o = entry->overlay;
    n->entry = entry;
    n->entry_next = o->nodes;
    n->entry_prev = &o->nodes;
    if (o->nodes) o->nodes->entry_prev = &n->entry_next;
    o->nodes = n;
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

/* The number of its entry holds it, or does no longer. */
static void node_tell(kd_node *n, bool told)
{
    if (n->told == told) return;
    kd_tally *sum = &n->entry->overlay->sum[n->counter];
    n->told = told;
    if (!told) {
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
    node_tell(n, true);
    *n->entry_prev = n->entry_next;
    if (n->entry_next) n->entry_next->entry_prev = n->entry_prev;
    n->entry = NULL;
    if (entry->overlay->nodes) return;
    kd_pool_give(&e->overlays, entry->overlay);
    entry->overlay = NULL;
}

/* A node that its batch still lists is freed with the batch. */
static void node_end(kd_edge *e, kd_node *n)
{
    node_unlink(e, n);
    if (!n->batch) kd_pool_give(&e->nodes, n);
}

static kd_node *first_node(const kd_entry *entry)
{
    return entry->overlay ? entry->overlay->nodes : NULL;
}

/* ---- entries
 * ------------------------------------------------------------------------------------------------ */

static kd_entry *overlay_entry_create(kd_edge *e, kd_part *p, kd_bytes item)
{
    size_t key_at = sizeof(kd_entry) + e->config.counters->count * sizeof(uint64_t);
    kd_entry *entry = kd_alloc(key_at + item.len);
    entry->key_at = (uint16_t)key_at;
    entry->part = (uint16_t)(p - e->parts);
    entry->key_len = (uint8_t)item.len;
    entry->recent = true;
    memcpy((uint8_t *)entry + key_at, item.data, item.len);
    kd_table_put(&e->items, entry);
    return entry;
}

/* In place of one that was made before a counter was added. */
static kd_entry *entry_widen(kd_edge *e, kd_entry *narrow)
{
    kd_table_remove(&e->items, kd_entry_key(narrow));
    kd_entry *entry = overlay_entry_create(e, &e->parts[narrow->part], kd_entry_key(narrow));
    entry->overlay = narrow->overlay;
    entry->version = narrow->version;
    entry->asked_version = narrow->asked_version;
    entry->asked_epoch = narrow->asked_epoch;
    entry->known = narrow->known;
    entry->asked = narrow->asked;
    entry->recent = narrow->recent;
    memcpy(entry->counts, narrow->counts, entry_counters(narrow) * sizeof(narrow->counts[0]));
    for (kd_node *n = first_node(entry); n; n = n->entry_next) n->entry = entry;
    if (e->last_found == narrow) e->last_found = entry;
    free(narrow);
    return entry;
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
        wide->nodes->entry_prev = &wide->nodes;
        entry->overlay = wide;
    }
    kd_pool_finish(&narrow);
}

static void unstore(kd_edge *e, const kd_entry *entry)
{
    kd_key_item(&e->key, e->parts[entry->part].id, kd_entry_key(entry));
    kd_writes_delete(kd_edge_writes(e), kd_buf_view(&e->key));
}

static void entry_free(kd_edge *e, kd_entry *entry)
{
    while (entry->overlay) node_end(e, entry->overlay->nodes);
    if (e->last_found == entry) e->last_found = NULL;
    kd_table_remove(&e->items, kd_entry_key(entry));
    free(entry);
}

/* Nobody waits for it, and nothing of it is still on its way. */
static bool entry_evictable(const kd_edge *e, const kd_entry *entry)
{
    if (entry->asked) return false;
    if (KD_PLANTED(e, KD_PLANT_EVICT_ANY)) return true;
    for (const kd_node *n = first_node(entry); n; n = n->entry_next)
        if (n->batch) return false;
    return true;
}

/* Second chance (CLOCK, Corbato 1968); gives up after two rounds of what it may look at. */
static bool evict_one(kd_edge *e)
{
    for (uint32_t looked = 0; looked < 4096; looked++) {
        kd_entry *entry = kd_table_next(&e->items, &e->evict_cursor);
        if (!entry) {
            e->evict_cursor = 0;
            continue;
        }
        bool recent = entry->recent;
        entry->recent = false;
        if (recent || !entry_evictable(e, entry)) continue;
        unstore(e, entry);
        entry_free(e, entry);
        e->stats.evicted++;
        return true;
    }
    return false;
}

kd_entry *kd_entry_obtain(kd_edge *e, kd_part *p, kd_bytes item)
{
    kd_entry *entry = kd_entry_find(e, item);
    if (entry) return entry;
    if (e->items.count >= e->config.items_max && !evict_one(e)) return NULL;
    if (e->items.count >= e->config.items_max) evict_one(e); /* the bound was larger when they were stored */
    return overlay_entry_create(e, p, item);
}

kd_entry *kd_entry_need(kd_edge *e, kd_part *p, kd_bytes item)
{
    kd_entry *entry = kd_entry_obtain(e, p, item);
    return entry ? entry : overlay_entry_create(e, p, item);
}

/* value: version, then (counter id, count) for each counter; varints */
static void entry_put(kd_edge *e, const kd_entry *entry, const uint64_t *counts, uint64_t version)
{
    kd_key_item(&e->key, e->parts[entry->part].id, kd_entry_key(entry));
    kd_buf_clear(&e->value);
    kd_buf_put_varint(&e->value, version);
    for (uint32_t i = 0; i < e->config.counters->count; i++) {
        kd_buf_put_u8(&e->value, kd_edge_counter(e, i)->id);
        kd_buf_put_varint(&e->value, counts[i]);
    }
    kd_writes_put(kd_edge_writes(e), kd_buf_view(&e->key), kd_buf_view(&e->value));
}

/*
 * The disk holds numbers of the partition's own version alone: a number that came by a read and is ahead of
 * it belongs to an applied that no row tells, and with it a restart would show the deltas of the outbox
 * twice.
 */
kd_entry *kd_entry_set(kd_edge *e, kd_entry *entry, const kd_item_counts *listed, uint64_t version)
{
    uint64_t counts[KD_COUNTERS_MAX] = {0};
    for (uint8_t i = 0; i < listed->count; i++) {
        int at = kd_counters_by_id(e->config.counters, listed->at[i].counter);
        if (at >= 0) counts[at] = listed->at[i].value;
    }
    uint64_t installed = e->parts[entry->part].version;
    bool behind = entry->known && entry->version > version;
    if (version == installed || (version < installed && !behind)) entry_put(e, entry, counts, version);
    if (behind) return entry; /* a read was ahead of this snapshot, or this answer is late */
    if (entry_counters(entry) < e->counters.count) entry = entry_widen(e, entry);
    memcpy(entry->counts, counts, e->config.counters->count * sizeof(counts[0]));
    entry->version = version;
    entry->known = true;
    return entry;
}

void kd_entry_confirm(kd_edge *e, kd_entry *entry, kd_position applied)
{
    if (KD_PLANTED(e, KD_PLANT_OVERLAY_NEVER_ENDS)) return;
    for (kd_node *n = first_node(entry), *next; n; n = next) {
        next = n->entry_next;
        if (!n->batch || kd_position_cmp(n->at, applied) <= 0) node_end(e, n);
    }
}

void kd_entry_tell(kd_edge *e, kd_entry *entry, kd_position applied)
{
    if (KD_PLANTED(e, KD_PLANT_READ_ENDS)) kd_entry_confirm(e, entry, applied);
    if (KD_PLANTED(e, KD_PLANT_OVERLAY_NEVER_ENDS | KD_PLANT_READ_ENDS)) return;
    kd_entry_end_kept(e, entry);
    for (kd_node *n = first_node(entry); n; n = n->entry_next)
        if (kd_position_cmp(n->at, applied) <= 0) node_tell(n, true);
}

void kd_entry_end_kept(kd_edge *e, kd_entry *entry)
{
    for (kd_node *n = first_node(entry), *next; n; n = next) {
        next = n->entry_next;
        if (!n->batch) node_end(e, n);
    }
}

void kd_entry_forget_counts(kd_edge *e, kd_entry *entry)
{
    entry->known = false;
    entry->version = 0;
    for (kd_node *n = first_node(entry); n; n = n->entry_next) node_tell(n, false);
    unstore(e, entry);
}

/* Only the newest batch of a partition takes operations, so its nodes stand first. */
void kd_overlay_add(kd_edge *e, kd_outgoing *b, kd_entry *entry, uint8_t counter, int64_t delta)
{
    kd_node *n = entry->overlay && entry->overlay->newest == b ? entry->overlay->nodes : NULL;
    while (n && n->batch == b && n->counter != counter) n = n->entry_next;
    if (!n || n->batch != b || n->told) {
        n = kd_pool_take(&e->nodes);
        *n = (kd_node){.batch = b, .batch_next = b->nodes, .at = b->at, .counter = counter};
        b->nodes = n;
        node_link(e, n, entry);
    }
    node_add(n, delta, 1);
}

/* The disk knows of applied and not of what is kept, nor of a number that came by a read: the one that it has would lack the operation. */
static void unstore_lacking(kd_edge *e, const kd_node *n)
{
    if (n->entry->known && n->delta != 0 && !KD_PLANTED(e, KD_PLANT_ROW_LACKS_OWN)) unstore(e, n->entry);
}

/* Central has it, but the number that this entry shows does not: keep it, one node per counter. */
static void node_keep(kd_edge *e, kd_node *n, kd_position applied)
{
    n->batch = NULL;
    n->at = applied;
    unstore_lacking(e, n);
    for (kd_node *other = first_node(n->entry); other; other = other->entry_next) {
        if (other == n || other->batch || other->counter != n->counter) continue;
        node_add(n, other->delta, other->ops);
        node_end(e, other);
        return;
    }
}

/* Unless a snapshot was missed just now the disk has a number that holds it: it was listed, or it was not changed. */
static void node_end_told(kd_edge *e, kd_node *n)
{
    const kd_part *p = &e->parts[n->entry->part];
    if (p->floor_version == p->version) unstore_lacking(e, n);
    node_end(e, n);
}

void kd_overlay_end_batch(kd_edge *e, kd_outgoing *b, kd_position applied)
{
    bool never = KD_PLANTED(e, KD_PLANT_OVERLAY_NEVER_ENDS | KD_PLANT_OVERLAY_LISTED_ONLY);
    for (kd_node *n = b->nodes, *next; n; n = next) {
        next = n->batch_next;
        n->batch = NULL;
        if (!n->entry)
            kd_pool_give(&e->nodes, n);
        else if (n->told)
            node_end_told(e, n);
        else if (never || !entry_fresh(e, n->entry))
            node_keep(e, n, applied);
        else
            node_end(e, n);
    }
    b->nodes = NULL;
}

void kd_overlay_cancel_batch(kd_edge *e, kd_outgoing *b)
{
    for (kd_node *n = b->nodes, *next; n; n = next) {
        next = n->batch_next;
        n->batch = NULL;
        if (n->entry)
            node_end(e, n);
        else
            kd_pool_give(&e->nodes, n);
    }
    b->nodes = NULL;
}

static uint64_t overlay_as_of(const kd_edge *e, const kd_part *p)
{
    return p->low_watermark_us > e->config.drift_us ? p->low_watermark_us - e->config.drift_us : 0;
}

/* How old its number is. Of one that missed two gaps nobody knows, and what has no age is not shown: false. */
static bool view_age(const kd_edge *e, const kd_entry *entry, kd_view *view)
{
    const kd_part *p = &e->parts[entry->part];
    if (!entry->known || (entry->version < p->floor_version && entry->version < p->stale_floor)) return false;
    bool follows = entry->version >= p->floor_version;
    view->made_us = follows ? p->made_us : p->stale_made_us;
    view->as_of_us = follows || KD_PLANTED(e, KD_PLANT_STALE_AS_OF) ? overlay_as_of(e, p) : p->stale_as_of_us;
    return true;
}

/*
 * While operations are sent again or moved (rules 15, 20) nobody here knows which of them central's number holds. A delta that rests on the row of one
 * may take a like out of the number that was never in it, so no as_of is told beside it.
 */
static bool own_in_doubt(const kd_part *p, const kd_entry *entry)
{
    return p->held && entry->overlay;
}

int kd_edge_view(kd_edge *e, kd_bytes item, kd_view *view)
{
    *view = (kd_view){0};
    if (e->poisoned) return KD_EIO;
    kd_entry *entry = kd_entry_find(e, item);
    if (entry && view_age(e, entry, view)) view->told = entry_counters(entry);
    if (KD_PLANTED(e, KD_PLANT_INVENT_NUMBER)) view->told = e->counters.count;
    view->known = view->told > 0;
    if (!entry) return KD_EAGAIN;
    view->fresh = entry_fresh(e, entry);
    for (uint32_t i = 0; i < e->config.counters->count; i++) {
        kd_tally own = entry->overlay ? entry->overlay->sum[i] : (kd_tally){0};
        int64_t shown = (entry->known && i < view->told ? (int64_t)entry->counts[i] : 0) + own.delta;
        view->count[i] = shown > 0 ? (uint64_t)shown : 0;
        view->pending[i] = (uint32_t)KD_MIN(own.ops, (uint64_t)UINT32_MAX);
    }
    if (own_in_doubt(&e->parts[entry->part], entry)) view->as_of_us = 0;
    return view->fresh ? KD_OK : KD_EAGAIN;
}

/* A counter that is new in the configuration is not in the number: nobody has said that it is none. */
static int load_entry(void *arg, kd_bytes key, kd_bytes value)
{
    kd_edge *e = arg;
    if (key.len < 4) return KD_EMALFORMED;
    kd_part *p = kd_edge_part_by_id(e, (uint32_t)key.data[1] << 8 | key.data[2]);
    if (!p) return KD_EMALFORMED;
    uint64_t counts[KD_COUNTERS_MAX] = {0};
    uint32_t named = 0;
    kd_reader r = kd_reader_of(value);
    uint64_t version = kd_read_varint(&r);
    while (kd_reader_left(&r) > 0 && !r.bad) {
        int at = kd_counters_by_id(e->config.counters, kd_read_u8(&r));
        uint64_t count = kd_read_varint(&r);
        if (at >= 0) counts[at] = count;
        named += at >= 0;
    }
    if (r.bad) return KD_EMALFORMED;
    if (named < e->config.counters->count) {
        kd_writes_delete(kd_edge_writes(e), key);
        return 0;
    }
    kd_entry *entry = overlay_entry_create(e, p, kd_bytes_of(key.data + 3, key.len - 3));
    entry->version = version;
    entry->known = true;
    memcpy(entry->counts, counts, e->config.counters->count * sizeof(counts[0]));
    return 0;
}

int kd_entries_load(kd_edge *e)
{
    return kd_keys_scan(e, 'n', UINT32_MAX, load_entry, e);
}

void kd_overlay_finish(kd_edge *e)
{
    size_t cursor = 0;
    for (kd_entry *entry; (entry = kd_table_next(&e->items, &cursor)) != NULL;) entry_free(e, entry);
    kd_table_finish(&e->items);
    kd_pool_finish(&e->nodes);
    kd_pool_finish(&e->overlays);
}
