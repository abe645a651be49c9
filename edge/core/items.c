/*
 * items.c - the table of items; see the header.
 *
 * An item is evicted only while no question about it is under way and no batch in the outbox has a node for it. With the entry its deltas would go,
 * and a user would miss his own like until central has applied it.
 */
#include "edge/core/items.h"
#include "edge/core/entry.h"
#include "edge/core/keys.h"
#include "edge/core/overlay.h"
#include "edge/core/state.h"

#include <stdlib.h>

static kd_bytes items_key(const void *entry)
{
    return kd_entry_key(entry);
}

void kd_items_init(kd_edge *e)
{
    kd_table_init(&e->items, items_key, e->config.seed);
    kd_pool_init(&e->nodes, sizeof(kd_node));
    kd_pool_init(&e->overlays, sizeof(kd_overlay) + e->counters.count * sizeof(kd_tally));
}

kd_entry *kd_items_find(kd_edge *e, kd_bytes item)
{
    kd_entry *entry = e->last_found;
    if (!entry || !kd_bytes_eq(kd_entry_key(entry), item)) entry = kd_table_find(&e->items, item);
    if (!entry) return NULL;
    entry->recent = true;
    return e->last_found = entry;
}

static void items_free(kd_edge *e, kd_entry *entry)
{
    kd_overlay_clear(e, entry);
    if (e->last_found == entry) e->last_found = NULL;
    kd_table_remove(&e->items, kd_entry_key(entry));
    free(entry);
}

static bool items_evictable(const kd_edge *e, const kd_entry *entry)
{
    if (entry->asked) return false;
    if (KD_PLANTED(e, KD_PLANT_EVICT_ANY)) return true;
    for (const kd_node *n = kd_entry_nodes(entry); n; n = LIST_NEXT(n, of_entry))
        if (n->batch) return false;
    return true;
}

/* Second chance (CLOCK, Corbato 1968). Bounded, so that a table full of items in use does not stop the loop. */
static bool items_evict_one(kd_edge *e)
{
    for (uint32_t looked = 0; looked < 4096; looked++) {
        kd_entry *entry = kd_table_next(&e->items, &e->evict_cursor);
        if (!entry) {
            e->evict_cursor = 0;
            continue;
        }
        bool recent = entry->recent;
        entry->recent = false;
        if (recent || !items_evictable(e, entry)) continue;
        kd_entry_unstore(e, entry);
        items_free(e, entry);
        e->stats.evicted++;
        return true;
    }
    return false;
}

kd_entry *kd_items_obtain(kd_edge *e, kd_part *p, kd_bytes item)
{
    kd_entry *entry = kd_items_find(e, item);
    if (entry) return entry;
    if (e->items.count >= e->config.items_max && !items_evict_one(e)) return NULL;
    if (e->items.count >= e->config.items_max)
        items_evict_one(e); /* shrinks a table that was stored under a larger bound */
    return kd_entry_create(e, p, item);
}

kd_entry *kd_items_need(kd_edge *e, kd_part *p, kd_bytes item)
{
    kd_entry *entry = kd_items_obtain(e, p, item);
    return entry ? entry : kd_entry_create(e, p, item);
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
    kd_entry *entry = kd_entry_create(e, p, kd_bytes_of(key.data + 3, key.len - 3));
    entry->version = version;
    entry->known = true;
    memcpy(entry->counts, counts, e->config.counters->count * sizeof(counts[0]));
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
    kd_pool_finish(&e->nodes);
    kd_pool_finish(&e->overlays);
}
