/* audit_load.c - see the header. */
#include "central/core/audit_load.h"

#include "central/core/meta.h"
#include "central/core/row.h"

#include <stdlib.h>

static int audit_load_meta(kd_audit *a)
{
    const uint8_t key[] = {KD_ROW_META};
    kd_meta_head head;
    int err = a->store->get(a->store->ctx, kd_bytes_of(key, 1), &a->meta);
    if (err != KD_OK) return err;
    err = kd_meta_head_read(kd_buf_view(&a->meta), &head);
    if (err != KD_OK)
        return err == KD_EMALFORMED ? kd_audit_broken(a, "the row of identity and version") : err;
    a->result->partition = head.partition;
    a->result->partitions = head.partitions;
    a->result->epoch = head.epoch;
    a->result->version = head.version;
    return KD_OK;
}

static int audit_load_region(void *arg, kd_bytes key, kd_bytes value)
{
    kd_audit *a = arg;
    if (key.len != 3 || a->region_count == KD_REGIONS_MAX || !kd_name_valid(value))
        return kd_audit_broken(a, "the names of regions");
    kd_region *r = &a->regions[a->region_count++];
    r->name_len = (uint8_t)value.len;
    memcpy(r->name, value.data, value.len);
    return 0;
}

static int audit_load_edge(void *arg, kd_bytes key, kd_bytes value)
{
    kd_audit *a = arg;
    (void)key;
    (void)value;
    a->edge_count++;
    return 0;
}

/* ---- redo ---- */

static kd_bytes audit_load_key_of(const void *entry)
{
    const kd_audit_redo *l = entry;
    return kd_bytes_of(l->key, l->key_len);
}

/* The version at which the count row of the item is accurate; 0: it has none. */
static int audit_load_accurate(kd_audit *a, kd_bytes item, uint64_t *accurate)
{
    int err = a->store->get(a->store->ctx, kd_key_named(&a->key, KD_ROW_COUNTS, item), &a->value);
    *accurate = 0;
    if (err == KD_ENOTFOUND) return KD_OK;
    if (err != KD_OK) return err;
    kd_reader r = kd_reader_of(kd_buf_view(&a->value));
    *accurate = kd_read_be64(&r);
    return r.bad ? kd_audit_broken(a, "a row of counts") : KD_OK;
}

static int audit_load_item(kd_audit *a, kd_bytes item, kd_audit_redo **out)
{
    *out = kd_table_find(&a->redo_by_item, item);
    if (*out) return KD_OK;
    uint64_t accurate;
    int err = audit_load_accurate(a, item, &accurate);
    if (err != KD_OK) return err;
    kd_audit_redo *l = kd_alloc(sizeof *l + item.len);
    l->accurate = accurate;
    l->key_len = (uint8_t)item.len;
    memcpy(l->key, item.data, item.len);
    kd_table_put(&a->redo_by_item, l);
    a->redo_items = kd_grow(a->redo_items, a->redo_count, &a->redo_cap, sizeof(kd_audit_redo *));
    a->redo_items[a->redo_count++] = l;
    *out = l;
    return KD_OK;
}

static int audit_load_effect(kd_audit *a, const kd_effect *e, uint64_t version)
{
    kd_audit_redo *l;
    if (e->region >= a->region_count || e->old_region >= a->region_count) return KD_EMALFORMED;
    int err = audit_load_item(a, e->item, &l);
    if (err != KD_OK || version <= l->accurate) return err;
    bool after = a->config->shown && version > a->config->shown->version;
    kd_parts_effect(after ? &l->after : &l->redo, e);
    return KD_OK;
}

static int audit_load_effects(kd_audit *a, kd_bytes row, uint64_t version)
{
    kd_effects_reader er;
    kd_effect e;
    kd_effects_open(&er, row);
    for (;;) {
        int err = kd_effects_next(&er, &e);
        if (err == KD_ENOTFOUND) return KD_OK;
        if (err == KD_OK) err = audit_load_effect(a, &e, version);
        if (err != KD_OK) return err;
    }
}

static int audit_load_redo(void *arg, kd_bytes key, kd_bytes value)
{
    kd_audit *a = arg;
    kd_reader r = kd_reader_of(key);
    kd_read_u8(&r);
    uint64_t version = kd_read_be64(&r);
    if (!kd_audit_row(a)) return KD_EAGAIN;
    if (r.bad || kd_reader_left(&r) != 0 || version > a->result->version)
        return kd_audit_broken(a, "the key of a redo row");
    int err = audit_load_effects(a, value, version);
    return err == KD_EMALFORMED && a->result->broken[0] == '\0' ? kd_audit_broken(a, "a redo row") : err;
}

static int audit_load_compare(const void *left, const void *right)
{
    return kd_bytes_cmp(audit_load_key_of(*(kd_audit_redo *const *)left),
                        audit_load_key_of(*(kd_audit_redo *const *)right));
}

/* ---- all of it ---- */

static int audit_load_scan(kd_audit *a, uint8_t kind, kd_scan_fn fn)
{
    const uint8_t from[] = {kind}, to[] = {(uint8_t)(kind + 1)};
    return a->store->scan(a->store->ctx, kd_bytes_of(from, 1), kd_bytes_of(to, 1), fn, a);
}

int kd_audit_load(kd_audit *a)
{
    kd_table_init(&a->redo_by_item, audit_load_key_of, 0);
    int err = audit_load_meta(a);
    if (err == KD_ENOTFOUND) return KD_OK; /* nothing was ever committed */
    if (err == KD_OK) err = audit_load_scan(a, KD_ROW_REGION, audit_load_region);
    if (err == KD_OK) err = audit_load_scan(a, KD_ROW_EDGE, audit_load_edge);
    if (err == KD_OK) err = audit_load_scan(a, KD_ROW_REDO, audit_load_redo);
    if (err == KD_OK && a->redo_count)
        qsort(a->redo_items, a->redo_count, sizeof(kd_audit_redo *), audit_load_compare);
    return err;
}

void kd_audit_unload(kd_audit *a)
{
    for (uint32_t i = 0; i < a->redo_count; i++) {
        kd_parts_finish(&a->redo_items[i]->redo);
        kd_parts_finish(&a->redo_items[i]->after);
        free(a->redo_items[i]);
    }
    free(a->redo_items);
    kd_table_finish(&a->redo_by_item);
    kd_buf_finish(&a->meta);
}
