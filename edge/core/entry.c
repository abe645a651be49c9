/*
 * entry.c - the counts of one item, in memory and in the store; see the header.
 *
 * Only counts of the partition's own version or an older one are stored. A read can be ahead of it: then its counts include operations that are still
 * in the outbox, by an applied that no row tells. After a restart the outbox's deltas would be added to them once more (rule 18).
 *
 * Counts of an item on probation are not stored: anybody may ask for items that do not exist, and likes would wait behind the writes.
 */
#include "edge/core/entry.h"
#include "edge/core/viral.h"
#include "edge/core/watch.h"

/* Most items have likes and nothing else: that count has its place from the first on, so that the entry need not move. */
enum { PLACES_FIRST = 1 };

static size_t entry_size(uint8_t places, bool wide, size_t key_len)
{
    return offsetof(kd_entry, rest) + kd_entry_counts_size(places, wide) + key_len;
}

/* Not in the table yet; with counts of 0. */
static kd_entry *entry_make(kd_edge *e, uint32_t part, kd_bytes item, uint8_t places, bool wide)
{
    kd_entry *entry = kd_slab_take(&e->slab, entry_size(places, wide, item.len));
    entry->part = (uint16_t)(part & 0xfff);
    entry->key_len = (uint8_t)item.len;
    entry->places = places;
    entry->wide = wide;
    memcpy(entry->rest + kd_entry_counts_size(places, wide), item.data, item.len);
    return entry;
}

static void entry_give_back(kd_edge *e, kd_entry *entry)
{
    kd_slab_give(&e->slab, entry, entry_size(entry->places, entry->wide, entry->key_len));
}

kd_entry *kd_entry_create(kd_edge *e, const kd_part *p, kd_bytes item)
{
    kd_entry *entry = entry_make(e, (uint32_t)(p - e->parts), item, PLACES_FIRST, false);
    entry->recent = true;
    kd_table_put(&e->items, entry);
    kd_watch_created(e, entry);
    return entry;
}

void kd_entry_free(kd_edge *e, kd_entry *entry)
{
    if (e->last_found == entry) e->last_found = NULL;
    kd_table_remove(&e->items, kd_entry_key(entry));
    entry_give_back(e, entry);
}

/* All that points to the entry points to `to` from now on, which then stands in its place. Frees the old one. */
static kd_entry *entry_move(kd_edge *e, kd_entry *from, kd_entry *to)
{
    to->told = from->told;
    to->known = from->known;
    to->recent = from->recent;
    to->probation = from->probation;
    to->stored = from->stored;
    to->watched = from->watched;
    to->queried = from->queried;
    to->query = from->query; /* or the overlay */
    to->version = from->version;
    to->closed = from->closed;
    if (to->queried) to->query->entry = to;
    if (from->viral) kd_viral_move(e, from, to);
    kd_overlay_move(e, from, to);
    if (e->last_found == from) e->last_found = to;
    kd_table_put(&e->items, to);
    entry_give_back(e, from);
    return to;
}

static void entry_put_count(kd_entry *entry, uint32_t counter, uint64_t count)
{
    uint8_t bit = (uint8_t)(1u << counter);
    uint8_t *at = entry->rest + kd_entry_counts_size(entry->places & (bit - 1), entry->wide);
    uint32_t narrow = (uint32_t)count;
    if (entry->wide)
        memcpy(at, &count, sizeof count);
    else if (entry->places & bit)
        memcpy(at, &narrow, sizeof narrow);
}

/* Which places these counts need besides those that the entry has. */
static void entry_needs(const kd_edge *e, const uint64_t *counts, uint8_t *places, bool *wide)
{
    for (uint32_t i = 0; i < e->counters.count; i++) {
        if (counts[i] > 0 && !KD_PLANTED(e, KD_PLANT_PLACE_LOST)) *places = (uint8_t)(*places | 1u << i);
        if (counts[i] > UINT32_MAX) *wide = true;
    }
    if (*wide) *places = UINT8_MAX; /* so few are wide that their places do not matter */
}

/* Returns the entry, which may have moved. */
static kd_entry *entry_fill(kd_edge *e, kd_entry *entry, const uint64_t *counts, uint64_t version,
                            bool closed)
{
    uint8_t places = entry->places;
    bool wide = entry->wide;
    entry_needs(e, counts, &places, &wide);
    if (places != entry->places || wide != entry->wide)
        entry = entry_move(e, entry, entry_make(e, entry->part, kd_entry_key(entry), places, wide));
    for (uint32_t i = 0; i < e->counters.count; i++) entry_put_count(entry, i, counts[i]);
    entry->told = (uint16_t)(e->counters.count & 0xf);
    entry->version = version & (UINT64_MAX >> 1);
    entry->closed = closed;
    entry->known = true;
    kd_watch_touch(e, entry);
    return entry;
}

kd_entry *kd_entry_load(kd_edge *e, const kd_part *p, kd_bytes item, const uint64_t *counts, uint64_t version,
                        bool closed)
{
    kd_entry *entry = entry_fill(e, kd_entry_create(e, p, item), counts, version, closed);
    entry->stored = true;
    return entry;
}

kd_inquiry *kd_entry_need_query(kd_edge *e, kd_entry *entry)
{
    if (entry->queried) return entry->query;
    kd_inquiry *query = kd_slab_take(&e->slab, sizeof(*query));
    query->entry = entry;
    query->overlay = entry->overlay;
    entry->query = query;
    entry->queried = true;
    return query;
}

void kd_entry_settle_query(kd_edge *e, kd_entry *entry)
{
    if (!entry->queried || entry->probation || entry->query->asked) return;
    kd_inquiry *query = entry->query;
    entry->queried = false;
    entry->overlay = query->overlay;
    kd_slab_give(&e->slab, query, sizeof(*query));
}

kd_entry *kd_entry_set(kd_edge *e, kd_entry *entry, const kd_item_counts *listed, uint64_t version)
{
    uint64_t counts[KD_COUNTERS_MAX] = {0};
    for (uint8_t i = 0; i < listed->count; i++) {
        int at = kd_counters_by_id(e->config.counters, listed->at[i].counter);
        if (at >= 0) counts[at] = listed->at[i].value;
    }
    uint64_t installed = e->parts[entry->part].version;
    bool behind = entry->known && entry->version > version;
    bool kept = entry->stored || !entry->probation || KD_PLANTED(e, KD_PLANT_PROBATION_STORED);
    if (kept && (version == installed || (version < installed && !behind)))
        kd_entry_put(e, entry, counts, version, listed->closed);
    if (behind) return entry; /* an earlier read was ahead of this snapshot, or this answer is late */
    return entry_fill(e, entry, counts, version, listed->closed);
}
