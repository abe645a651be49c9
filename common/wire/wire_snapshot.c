/*
 * wire_snapshot.c - the record of the counts topic, which is also the answer to a read.
 *
 *     [1, 3, kind, partition, epoch, version, previous, made_us, low_watermark_us, stable_us, part, parts,
 *      [[epoch, last], ...], [[str edge, incarnation, seq, digest, watermark_us], ...], bin counts, [retired, ...], [closed, ...],
 *      read, history, untold, ...]
 *
 * The chain ascends by epoch and ends below the present epoch; edges ascend by name. `retired` holds indices into the list of edges,
 * from 0 and ascending. `closed` holds those of items that are closed, into the items of `counts` in their order. `read` and `history`, a digest, are the history (rule 30),
 * for centrals that follow. Each is left out where it and all behind it are empty, as it is in records of a central from before the field.
 * `counts` holds varints:
 *
 *     count, then for each item, ascending by key: the key as wire_columns.h says,
 *     then for each item: n counters, then n times (counter - the one before it in this item, value)
 *
 * The encoder sorts what it writes (not the caller's arrays), so equal snapshots are equal bytes.
 */
#include "common/wire/wire_columns.h"
#include "common/wire/wire_msgpack.h"
#include "kudos/wire.h"

#include <stdlib.h>

enum { FIELDS = 15, EDGE_FIELDS = 5, LINK_FIELDS = 2 };

static int compare_edges(const void *left, const void *right)
{
    const kd_applied *const *a = left, *const *b = right;
    return kd_bytes_cmp((*a)->edge, (*b)->edge);
}

static int compare_items(const void *left, const void *right)
{
    const kd_item_counts *const *a = left, *const *b = right;
    return kd_bytes_cmp((*a)->item, (*b)->item);
}

/* Pointers to the elements of an array in order, which the caller frees. Two equal elements are a bug of the caller of the encoder. */
static const void **sorted(const void *array, uint32_t count, size_t size,
                           int (*compare)(const void *, const void *))
{
    const void **at = kd_alloc(count * sizeof *at);
    for (uint32_t i = 0; i < count; i++) at[i] = (const uint8_t *)array + i * size;
    if (count) qsort(at, count, sizeof *at, compare);
    for (uint32_t i = 1; i < count; i++) KD_ASSERT(compare(&at[i - 1], &at[i]) < 0);
    return at;
}

static void wire_snapshot_put_edges(const kd_snapshot *s, kd_buf *out)
{
    const void **edges = sorted(s->edges, s->edge_count, sizeof *s->edges, compare_edges);
    kd_msgpack_put_array(out, s->edge_count);
    for (uint32_t i = 0; i < s->edge_count; i++) {
        const kd_applied *e = edges[i];
        kd_msgpack_put_array(out, EDGE_FIELDS);
        kd_msgpack_put_str(out, e->edge);
        kd_msgpack_put_uint(out, e->applied.incarnation);
        kd_msgpack_put_uint(out, e->applied.seq);
        kd_msgpack_put_uint(out, e->digest);
        kd_msgpack_put_uint(out, e->watermark_us);
    }
    free(edges);
}

static uint32_t count_retired(const kd_snapshot *s)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < s->edge_count; i++) count += s->edges[i].retired;
    return count;
}

static void put_retired(const kd_snapshot *s, uint32_t count, kd_buf *out)
{
    const void **edges = sorted(s->edges, s->edge_count, sizeof *s->edges, compare_edges);
    kd_msgpack_put_array(out, count);
    for (uint32_t i = 0; i < s->edge_count; i++)
        if (((const kd_applied *)edges[i])->retired) kd_msgpack_put_uint(out, i);
    free(edges);
}

static uint32_t count_closed(const kd_snapshot *s)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < s->item_count; i++) count += s->items[i].closed;
    return count;
}

static void put_closed(const kd_snapshot *s, uint32_t count, kd_buf *out)
{
    const void **items = sorted(s->items, s->item_count, sizeof *s->items, compare_items);
    kd_msgpack_put_array(out, count);
    for (uint32_t i = 0; i < s->item_count; i++)
        if (((const kd_item_counts *)items[i])->closed) kd_msgpack_put_uint(out, i);
    free(items);
}

static void put_item_counts(const kd_item_counts *c, kd_buf *counts)
{
    uint64_t listed[KD_COUNTER_ID_MAX + 1] = {0};
    bool is_listed[KD_COUNTER_ID_MAX + 1] = {false};
    KD_ASSERT(c->count <= KD_COUNTERS_MAX);
    for (int i = 0; i < c->count; i++) {
        uint8_t id = c->at[i].counter;
        KD_ASSERT(id >= 1 && id <= KD_COUNTER_ID_MAX && !is_listed[id] && c->at[i].value < KD_TIME_END_US);
        is_listed[id] = true;
        listed[id] = c->at[i].value;
    }
    kd_buf_put_varint(counts, c->count);
    uint32_t before = 0;
    for (uint32_t id = 1; id <= KD_COUNTER_ID_MAX; id++) {
        if (!is_listed[id]) continue;
        kd_buf_put_varint(counts, id - before);
        kd_buf_put_varint(counts, listed[id]);
        before = id;
    }
}

static void put_counts(const kd_snapshot *s, kd_buf *out)
{
    const void **items = sorted(s->items, s->item_count, sizeof *s->items, compare_items);
    kd_buf counts = {0};
    kd_string_column strings = {0};
    kd_buf_put_varint(&counts, s->item_count);
    for (uint32_t i = 0; i < s->item_count; i++) {
        kd_bytes key = ((const kd_item_counts *)items[i])->item;
        kd_string_column_put(&strings, &counts, key, kd_split_of(key));
    }
    for (uint32_t i = 0; i < s->item_count; i++) put_item_counts(items[i], &counts);
    kd_msgpack_put_bin(out, kd_buf_view(&counts));
    kd_buf_finish(&counts);
    free(items);
}

static bool chain_valid(const kd_snapshot *s)
{
    for (uint32_t i = 0; i < s->chain_count; i++) {
        uint64_t above = i + 1 < s->chain_count ? s->chain[i + 1].epoch : s->epoch;
        if (s->chain[i].epoch < 1 || s->chain[i].epoch >= above) return false;
    }
    return true;
}

static bool head_valid(const kd_snapshot *s)
{
    bool known = s->kind == KD_SNAPSHOT_DELTA || s->kind == KD_SNAPSHOT_READ;
    bool read_stands = s->kind != KD_SNAPSHOT_READ || s->previous == s->version;
    return known && read_stands && s->epoch >= 1 && s->previous <= s->version && s->part < s->parts;
}

void kd_snapshot_encode(const kd_snapshot *s, kd_buf *out)
{
    KD_ASSERT(head_valid(s) && chain_valid(s) && s->partition < KD_PARTITIONS_MAX);
    KD_ASSERT(s->chain_count <= KD_CHAIN_MAX && s->edge_count <= KD_EDGES_MAX);
    KD_ASSERT(s->item_count <= KD_SNAPSHOT_ITEMS_MAX && s->parts <= KD_SNAPSHOT_PARTS_MAX);
    const uint64_t head[FIELDS - 3] = {
        KD_WIRE_SCHEMA, KD_RECORD_SNAPSHOT, (uint64_t)s->kind,   s->partition, s->epoch, s->version,
        s->previous,    s->made_us,         s->low_watermark_us, s->stable_us, s->part,  s->parts};
    uint32_t retired = count_retired(s), closed = count_closed(s);
    uint32_t behind = s->history.read > 0 ? 4 + (s->untold > 0) : closed > 0 ? 2 : retired > 0;
    kd_msgpack_put_array(out, FIELDS + behind);
    for (size_t i = 0; i < KD_COUNT(head); i++) kd_msgpack_put_uint(out, head[i]);
    kd_msgpack_put_array(out, s->chain_count);
    for (uint32_t i = 0; i < s->chain_count; i++) {
        kd_msgpack_put_array(out, LINK_FIELDS);
        kd_msgpack_put_uint(out, s->chain[i].epoch);
        kd_msgpack_put_uint(out, s->chain[i].last);
    }
    wire_snapshot_put_edges(s, out);
    put_counts(s, out);
    if (behind > 0) put_retired(s, retired, out);
    if (behind > 1) put_closed(s, closed, out);
    if (behind > 2) kd_msgpack_put_uint(out, s->history.read);
    if (behind > 2) kd_msgpack_put_uint(out, s->history.digest);
    if (behind > 4) kd_msgpack_put_uint(out, s->untold);
}

static int wire_snapshot_read_head(kd_reader *r, kd_snapshot *s)
{
    s->kind = (kd_snapshot_kind)kd_msgpack_uint(r, KD_SNAPSHOT_READ);
    s->partition = (uint32_t)kd_msgpack_uint(r, KD_PARTITIONS_MAX - 1);
    s->epoch = kd_msgpack_uint(r, KD_TIME_END_US - 1);
    s->version = kd_msgpack_uint(r, KD_TIME_END_US - 1);
    s->previous = kd_msgpack_uint(r, KD_TIME_END_US - 1);
    s->made_us = kd_msgpack_uint(r, KD_TIME_END_US - 1);
    s->low_watermark_us = kd_msgpack_uint(r, KD_TIME_END_US - 1);
    s->stable_us = kd_msgpack_uint(r, KD_TIME_END_US - 1);
    s->part = (uint32_t)kd_msgpack_uint(r, KD_SNAPSHOT_PARTS_MAX - 1);
    s->parts = (uint32_t)kd_msgpack_uint(r, KD_SNAPSHOT_PARTS_MAX);
    return r->bad || !head_valid(s) ? KD_EMALFORMED : KD_OK;
}

static int read_chain(kd_reader *r, kd_snapshot *s)
{
    s->chain_count = kd_msgpack_array(r);
    if (s->chain_count > KD_CHAIN_MAX) return KD_ETOOBIG;
    s->chain = kd_alloc(s->chain_count * sizeof *s->chain);
    for (uint32_t i = 0; i < s->chain_count; i++) {
        if (kd_msgpack_array(r) != LINK_FIELDS) r->bad = true;
        s->chain[i].epoch = kd_msgpack_uint(r, KD_TIME_END_US - 1);
        s->chain[i].last = kd_msgpack_uint(r, KD_TIME_END_US - 1);
    }
    return r->bad || !chain_valid(s) ? KD_EMALFORMED : KD_OK;
}

static bool applied_valid(const kd_applied *e)
{
    bool nothing = e->applied.incarnation == 0 && e->applied.seq == 0;
    return kd_name_valid(e->edge) && (nothing || (e->applied.incarnation >= 1 && e->applied.seq >= 1));
}

static int wire_snapshot_read_edges(kd_reader *r, kd_snapshot *s)
{
    s->edge_count = kd_msgpack_array(r);
    if (s->edge_count > KD_EDGES_MAX) return KD_ETOOBIG;
    s->edges = kd_alloc(s->edge_count * sizeof *s->edges);
    for (uint32_t i = 0; i < s->edge_count && !r->bad; i++) {
        kd_applied *e = &s->edges[i];
        if (kd_msgpack_array(r) != EDGE_FIELDS) r->bad = true;
        e->edge = kd_msgpack_str(r, KD_NAME_MAX);
        e->applied.incarnation = kd_msgpack_uint(r, KD_TIME_END_US - 1);
        e->applied.seq = kd_msgpack_uint(r, KD_TIME_END_US - 1);
        e->digest = kd_msgpack_uint(r, UINT64_MAX);
        e->watermark_us = kd_msgpack_uint(r, KD_TIME_END_US - 1);
        if (!applied_valid(e) || (i > 0 && kd_bytes_cmp(e[-1].edge, e->edge) >= 0)) r->bad = true;
    }
    return r->bad ? KD_EMALFORMED : KD_OK;
}

/* Reads indices below `end`, ascending, and calls mark() for each. */
static void read_indices(kd_reader *r, kd_snapshot *s, uint32_t end,
                         void (*mark)(kd_snapshot *s, uint32_t at))
{
    uint32_t count = kd_msgpack_array(r), next = 0;
    if (count > end) r->bad = true;
    for (uint32_t i = 0; i < count && !r->bad; i++) {
        uint64_t at = kd_msgpack_uint(r, end - 1);
        if (r->bad || at < next) {
            r->bad = true;
            return;
        }
        mark(s, (uint32_t)at);
        next = (uint32_t)at + 1;
    }
}

static void mark_retired(kd_snapshot *s, uint32_t at)
{
    s->edges[at].retired = true;
}
static void mark_closed(kd_snapshot *s, uint32_t at)
{
    s->items[at].closed = true;
}

static void read_item_counts(kd_reader *r, kd_item_counts *c)
{
    uint64_t count = kd_read_varint(r), id = 0;
    if (count > KD_COUNTERS_MAX) r->bad = true;
    for (uint64_t i = 0; i < count && !r->bad; i++) {
        uint64_t step = kd_read_varint(r);
        if (step < 1 || step > KD_COUNTER_ID_MAX - id) r->bad = true;
        id += step;
        c->at[i].counter = (uint8_t)id;
        c->at[i].value = kd_read_varint(r);
        if (c->at[i].value >= KD_TIME_END_US) r->bad = true;
    }
    c->count = (uint8_t)count;
}

/* Reads the item keys into the arena, one behind the other. The arena moves while it grows, so the items get their pointers at the end. */
static void read_keys(kd_reader *r, kd_snapshot *s)
{
    kd_string_column strings = {0};
    uint32_t before = 0;
    for (uint32_t i = 0; i < s->item_count; i++) {
        uint32_t len = kd_string_column_get(&strings, r, &s->arena);
        if (r->bad) return;
        kd_bytes key = kd_bytes_of(s->arena.data + s->arena.len - len, len);
        kd_item item;
        bool ascends = i == 0 || kd_bytes_cmp(kd_bytes_of(key.data - before, before), key) < 0;
        if (!ascends || kd_item_from_key(&item, key) != KD_OK) r->bad = true;
        s->items[i].item.len = before = len;
    }
    const uint8_t *p = s->arena.data;
    for (uint32_t i = 0; i < s->item_count; p += s->items[i++].item.len) s->items[i].item.data = p;
}

static int read_counts(kd_bytes counts, kd_snapshot *s)
{
    kd_reader r = kd_reader_of(counts);
    uint64_t count = kd_read_varint(&r);
    if (r.bad || count > kd_reader_left(&r) / 2) return KD_EMALFORMED;
    if (count > KD_SNAPSHOT_ITEMS_MAX) return KD_ETOOBIG;
    s->item_count = (uint32_t)count;
    s->items = kd_alloc(s->item_count * sizeof *s->items);
    read_keys(&r, s);
    for (uint32_t i = 0; i < s->item_count && !r.bad; i++) read_item_counts(&r, &s->items[i]);
    return r.bad || kd_reader_left(&r) != 0 ? KD_EMALFORMED : KD_OK;
}

/* What stands behind `counts`. */
static void read_behind(kd_reader *r, uint32_t fields, kd_snapshot *s)
{
    if (fields > 0) read_indices(r, s, s->edge_count, mark_retired);
    if (fields > 1) read_indices(r, s, s->item_count, mark_closed);
    if (fields > 2) s->history.read = kd_msgpack_uint(r, KD_TIME_END_US - 1);
    if (fields > 2) s->history.digest = kd_msgpack_uint(r, UINT64_MAX);
    if (fields > 4) s->untold = kd_msgpack_uint(r, s->history.read);
    if (fields == 3 || (fields > 3 && s->history.read == 0)) r->bad = true; /* never one without the other */
    if (fields > 4 && s->untold == 0) r->bad = true;
}

static int read_snapshot(kd_reader *r, uint32_t extra, kd_snapshot *s)
{
    int err = wire_snapshot_read_head(r, s);
    if (err == KD_OK) err = read_chain(r, s);
    if (err == KD_OK) err = wire_snapshot_read_edges(r, s);
    if (err != KD_OK) return err;
    err = read_counts(kd_msgpack_bin(r), s);
    if (err != KD_OK) return r->bad ? KD_EMALFORMED : err;
    uint32_t fields = KD_MIN(extra, 5u);
    read_behind(r, fields, s);
    return r->bad ? KD_EMALFORMED : kd_record_close(r, extra - fields);
}

int kd_snapshot_decode(kd_bytes record, kd_snapshot *s)
{
    kd_reader r;
    uint32_t extra;
    *s = (kd_snapshot){0};
    int err = kd_record_open(&r, record, KD_RECORD_BYTES_MAX, KD_RECORD_SNAPSHOT, FIELDS, &extra);
    if (err == KD_OK) err = read_snapshot(&r, extra, s);
    if (err != KD_OK) kd_snapshot_finish(s);
    return err;
}

int kd_snapshot_peek(kd_bytes record, kd_snapshot *s)
{
    kd_reader r;
    uint32_t extra;
    *s = (kd_snapshot){0};
    int err = kd_record_open(&r, record, KD_RECORD_BYTES_MAX, KD_RECORD_SNAPSHOT, FIELDS, &extra);
    return err == KD_OK ? wire_snapshot_read_head(&r, s) : err;
}

void kd_snapshot_finish(kd_snapshot *s)
{
    free(s->chain);
    free(s->edges);
    free(s->items);
    kd_buf_finish(&s->arena);
    *s = (kd_snapshot){0};
}
