/* entry_stored.c - the counts of an item in the store: put, delete. What may be put is decided in entry.c. */
#include "edge/core/entry.h"
#include "edge/core/keys.h"

void kd_entry_unstore(kd_edge *e, kd_entry *entry)
{
    if (!entry->stored) return;
    entry->stored = false;
    kd_key_item(&e->key, e->parts[entry->part].id, kd_entry_key(entry));
    kd_writes_delete(kd_edge_writes(e), kd_buf_view(&e->key));
}

/* value: version, then (counter id, count) for each counter, and (0, 1) where the item is closed; varints */
void kd_entry_put(kd_edge *e, kd_entry *entry, const uint64_t *counts, uint64_t version, bool closed)
{
    entry->stored = true;
    kd_key_item(&e->key, e->parts[entry->part].id, kd_entry_key(entry));
    kd_buf_clear(&e->value);
    kd_buf_put_varint(&e->value, version);
    for (uint32_t i = 0; i < e->config.counters->count; i++) {
        kd_buf_put_u8(&e->value, kd_edge_counter(e, i)->id);
        kd_buf_put_varint(&e->value, counts[i]);
    }
    if (closed) {
        kd_buf_put_u8(&e->value, KD_STORED_CLOSED);
        kd_buf_put_varint(&e->value, 1);
    }
    kd_writes_put(kd_edge_writes(e), kd_buf_view(&e->key), kd_buf_view(&e->value));
}

void kd_entry_store(kd_edge *e, kd_entry *entry)
{
    uint64_t counts[KD_COUNTERS_MAX];
    if (entry->stored || !kd_entry_fresh(e, entry) || entry->version > e->parts[entry->part].version) return;
    for (uint32_t i = 0; i < e->counters.count; i++) counts[i] = kd_entry_count(entry, i);
    kd_entry_put(e, entry, counts, entry->version, entry->closed);
}
