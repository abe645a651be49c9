/*
 * items.c - the table of items; see the header.
 *
 * An item is evicted only while no question about it is under way and no batch in the outbox has a node for it. With the entry its deltas would go,
 * and a user would miss his own like until central has applied it. A viral item (viral.h) is not evicted either.
 *
 * Who reads may name items that do not exist, as many as he likes. So an item is on probation from the first question about it until central tells a
 * count above 0 or an operation is taken (segmented LRU: Karedla et al. 1994). Items on probation are at most items_probation_max, and make room
 * before all others. Items with likes give way to a read only while no item on probation can, because all of them wait for central.
 *
 * Counts of an item on probation are in memory alone, so that such reads never write. The store gets them when the probation ends.
 */
#include "edge/core/items.h"
#include "edge/core/entry.h"
#include "edge/core/keys.h"
#include "edge/core/overlay.h"
#include "edge/core/state.h"
#include "edge/core/viral.h"
#include "edge/core/watch.h"

enum { PROBATION_FEW = 512, PROBATION_LOOKS = 64 };

static kd_bytes items_key(const void *entry)
{
    return kd_entry_key(entry);
}

void kd_items_init(kd_edge *e)
{
    kd_table_init(&e->items, items_key, e->config.seed);
    TAILQ_INIT(&e->probation.waiting);
    kd_watches_init(e);
}

kd_entry *kd_items_find(kd_edge *e, kd_bytes item)
{
    kd_entry *entry = e->last_found;
    if (!entry || !kd_bytes_eq(kd_entry_key(entry), item)) entry = kd_table_find(&e->items, item);
    if (!entry) return NULL;
    entry->recent = true;
    return e->last_found = entry;
}

/* An eighth of all, and in a small table enough for some bulk reads at a time. */
static uint32_t items_probation_max(const kd_edge *e)
{
    uint32_t max = e->config.items_max;
    return KD_MAX(KD_MAX(max / 8, KD_MIN(max / 2, (uint32_t)PROBATION_FEW)), 1u);
}

/* The entry goes behind those that wait already. */
static void probation_wait(kd_edge *e, kd_entry *entry)
{
    TAILQ_INSERT_TAIL(&e->probation.waiting, entry->query, of_probation);
}

static void probation_unwait(kd_edge *e, kd_entry *entry)
{
    if (entry->probation && !entry->query->asked)
        TAILQ_REMOVE(&e->probation.waiting, entry->query, of_probation);
}

static void probation_begin(kd_edge *e, kd_entry *entry)
{
    kd_entry_need_query(e, entry);
    entry->probation = true;
    e->probation.count++;
}

static void probation_end(kd_edge *e, kd_entry *entry)
{
    probation_unwait(e, entry);
    entry->probation = false;
    e->probation.count--;
    kd_entry_settle_query(e, entry);
}

void kd_items_prove(kd_edge *e, kd_entry *entry)
{
    if (!entry->probation) return;
    probation_end(e, entry);
    kd_entry_store(e, entry);
}

static void items_free(kd_edge *e, kd_entry *entry)
{
    if (entry->probation) probation_end(e, entry);
    if (entry->queried) entry->query->asked = false;
    kd_entry_settle_query(e, entry);
    kd_overlay_clear(e, entry);
    if (entry->viral) kd_viral_end(e, entry);
    kd_watch_touch(e, entry);
    kd_entry_free(e, entry);
}

static bool items_evictable(const kd_edge *e, const kd_entry *entry)
{
    if (kd_entry_asked(entry) || entry->viral) return false;
    return KD_PLANTED(e, KD_PLANT_EVICT_ANY) || !kd_entry_outstanding(entry);
}

static void items_evict(kd_edge *e, kd_entry *entry)
{
    kd_entry_unstore(e, entry);
    items_free(e, entry);
    e->stats.evicted++;
}

/* The one that waits longest, of those that nobody has looked up meanwhile; of PROBATION_LOOKS in any case. False: none waits. */
static bool items_evict_probation(kd_edge *e)
{
    const kd_inquiry *first;
    for (int looked = 0; (first = TAILQ_FIRST(&e->probation.waiting)) != NULL; looked++) {
        if (!first->entry->recent || looked == PROBATION_LOOKS) break;
        first->entry->recent = false;
        probation_unwait(e, first->entry);
        probation_wait(e, first->entry);
    }
    if (first) items_evict(e, first->entry);
    return first != NULL;
}

/* Second chance (CLOCK, Corbato 1968). Bounded, so that a table full of items in use does not stop the loop. */
static bool items_evict_unless(kd_edge *e, bool watched)
{
    for (uint32_t looked = 0; looked < 4096; looked++) {
        kd_entry *entry = kd_table_next(&e->items, &e->evict_cursor);
        if (!entry) {
            e->evict_cursor = 0;
            continue;
        }
        bool recent = entry->recent;
        entry->recent = false;
        if (recent || (watched && entry->watched) || !items_evictable(e, entry)) continue;
        items_evict(e, entry);
        return true;
    }
    return false;
}

/* One that streams show only where there is no other: a watched item that is not kept has to be asked about again and again. */
static bool items_evict_one(kd_edge *e)
{
    return items_evict_probation(e) || items_evict_unless(e, true) || items_evict_unless(e, false);
}

/* NULL: no room. */
static kd_entry *items_make(kd_edge *e, const kd_part *p, kd_bytes item)
{
    if (e->items.count >= e->config.items_max && !items_evict_one(e)) return NULL;
    if (e->items.count >= e->config.items_max)
        items_evict_one(e); /* shrinks a table that was stored under a larger bound */
    return kd_entry_create(e, p, item);
}

kd_entry *kd_items_obtain(kd_edge *e, kd_part *p, kd_bytes item)
{
    kd_entry *entry = kd_items_find(e, item);
    if (!entry) return items_make(e, p, item);
    kd_items_prove(e, entry);
    return entry;
}

kd_entry *kd_items_need(kd_edge *e, kd_part *p, kd_bytes item)
{
    kd_entry *entry = kd_items_obtain(e, p, item);
    return entry ? entry : kd_entry_create(e, p, item);
}

kd_entry *kd_items_ask(kd_edge *e, kd_part *p, kd_bytes item)
{
    kd_entry *entry = kd_items_find(e, item);
    if (entry) {
        probation_unwait(e, entry);
        return entry;
    }
    uint32_t max = items_probation_max(e);
    if (e->probation.count >= max && !items_evict_probation(e)) return NULL;
    if (e->probation.count >= max) items_evict_probation(e); /* there were more at the start */
    entry = items_make(e, p, item);
    if (entry) probation_begin(e, entry);
    return entry;
}

void kd_items_answered(kd_edge *e, kd_entry *entry)
{
    entry->query->asked = false;
    if (entry->probation)
        probation_wait(e, entry);
    else
        kd_entry_settle_query(e, entry);
}

static bool items_any_count(const kd_edge *e, const kd_entry *entry)
{
    for (uint32_t i = 0; i < e->counters.count; i++)
        if (kd_entry_count(entry, i) > 0) return true;
    return false;
}

kd_entry *kd_items_set(kd_edge *e, kd_entry *entry, const kd_item_counts *counts, uint64_t version)
{
    entry = kd_entry_set(e, entry, counts, version);
    if (!entry->probation) return entry;
    if (items_any_count(e, entry)) kd_items_prove(e, entry);
    return entry;
}

/* Stored counts that lack a configured counter are deleted: the counter is new here, and central's count of it need not be 0. */
static int items_load_row(void *arg, kd_bytes key, kd_bytes value)
{
    kd_edge *e = arg;
    if (key.len < 4) return KD_EMALFORMED;
    kd_part *p = kd_edge_part_by_id(e, (uint32_t)key.data[1] << 8 | key.data[2]);
    if (!p) return KD_EMALFORMED;
    uint64_t counts[KD_COUNTERS_MAX] = {0};
    uint32_t named = 0;
    bool closed = false;
    kd_reader r = kd_reader_of(value);
    uint64_t version = kd_read_varint(&r);
    while (kd_reader_left(&r) > 0 && !r.bad) {
        uint8_t id = kd_read_u8(&r);
        int at = id == KD_STORED_CLOSED ? -1 : kd_counters_by_id(e->config.counters, id);
        closed |= id == KD_STORED_CLOSED;
        uint64_t count = kd_read_varint(&r);
        if (at >= 0) counts[at] = count;
        named += at >= 0;
    }
    if (r.bad) return KD_EMALFORMED;
    if (named < e->config.counters->count) {
        kd_writes_delete(kd_edge_writes(e), key);
        return 0;
    }
    kd_entry *entry = kd_entry_load(e, p, kd_bytes_of(key.data + 3, key.len - 3), counts, version, closed);
    if (!items_any_count(e, entry)) {
        probation_begin(e, entry);
        probation_wait(e, entry);
    }
    return 0;
}

int kd_items_load(kd_edge *e)
{
    return kd_keys_scan(e, 'n', UINT32_MAX, items_load_row, e);
}

void kd_items_finish(kd_edge *e)
{
    size_t cursor = 0;
    for (kd_entry *entry; (entry = kd_table_next(&e->items, &cursor)) != NULL;) items_free(e, entry);
    kd_table_finish(&e->items);
    kd_slab_finish(&e->slab);
    kd_watches_finish(e);
}
