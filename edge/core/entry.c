/*
 * entry.c - the counts of one item, in memory and in the store; see the header.
 *
 * Only counts of the partition's own version or an older one are stored. A read can be ahead of it: then its counts include operations that are still
 * in the outbox, by an applied that no row tells. After a restart the outbox's deltas would be added to them once more (rule 18).
 *
 * Counts of an item on probation are not stored: anybody may ask for items that do not exist, and likes would wait behind the writes.
 */
#include "edge/core/entry.h"
#include "edge/core/keys.h"
#include "edge/core/viral.h"

#include <stdlib.h>

kd_entry *kd_entry_create(kd_edge *e, const kd_part *p, kd_bytes item)
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

/* Replaces an entry made before a counter was added by one with a place for it. Frees the old one. */
static kd_entry *entry_widen(kd_edge *e, kd_entry *narrow)
{
    kd_table_remove(&e->items, kd_entry_key(narrow));
    kd_entry *entry = kd_entry_create(e, &e->parts[narrow->part], kd_entry_key(narrow));
    entry->overlay = narrow->overlay;
    entry->version = narrow->version;
    entry->asked_version = narrow->asked_version;
    entry->asked_epoch = narrow->asked_epoch;
    entry->known = narrow->known;
    entry->asked = narrow->asked;
    entry->recent = narrow->recent;
    entry->probation = narrow->probation;
    if (narrow->viral) kd_viral_move(e, narrow, entry);
    entry->stored = narrow->stored;
    memcpy(entry->counts, narrow->counts, kd_entry_counters(narrow) * sizeof(narrow->counts[0]));
    for (kd_node *n = kd_entry_nodes(entry); n; n = LIST_NEXT(n, of_entry)) n->entry = entry;
    if (e->last_found == narrow) e->last_found = entry;
    free(narrow);
    return entry;
}

void kd_entry_unstore(kd_edge *e, kd_entry *entry)
{
    if (!entry->stored) return;
    entry->stored = false;
    kd_key_item(&e->key, e->parts[entry->part].id, kd_entry_key(entry));
    kd_writes_delete(kd_edge_writes(e), kd_buf_view(&e->key));
}

/* value: version, then (counter id, count) for each counter; varints */
static void entry_put(kd_edge *e, kd_entry *entry, const uint64_t *counts, uint64_t version)
{
    entry->stored = true;
    kd_key_item(&e->key, e->parts[entry->part].id, kd_entry_key(entry));
    kd_buf_clear(&e->value);
    kd_buf_put_varint(&e->value, version);
    for (uint32_t i = 0; i < e->config.counters->count; i++) {
        kd_buf_put_u8(&e->value, kd_edge_counter(e, i)->id);
        kd_buf_put_varint(&e->value, counts[i]);
    }
    kd_writes_put(kd_edge_writes(e), kd_buf_view(&e->key), kd_buf_view(&e->value));
}

void kd_entry_store(kd_edge *e, kd_entry *entry)
{
    if (entry->stored || !kd_entry_fresh(e, entry) || entry->version > e->parts[entry->part].version) return;
    entry_put(e, entry, entry->counts, entry->version);
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
        entry_put(e, entry, counts, version);
    if (behind) return entry; /* an earlier read was ahead of this snapshot, or this answer is late */
    if (kd_entry_counters(entry) < e->counters.count) entry = entry_widen(e, entry);
    memcpy(entry->counts, counts, e->config.counters->count * sizeof(counts[0]));
    entry->version = version;
    entry->known = true;
    return entry;
}
