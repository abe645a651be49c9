/*
 * wire_changes.c - the record of the changes topic.
 *
 *     [1, 4, partition, epoch, version, first, bin changes, ...]
 *
 * `changes` holds varints, and the bytes of names:
 *
 *     count, then the names of edges and of regions, each list: how many, then for each its length and its
 *     bytes; names in the order of their first use
 *     for each change, in order:
 *         head      counter * 4 + liked * 2 + is a sum
 *         item      as wire_columns.h says
 *         edge      index of its name
 *         region    index of its name
 *     and then for a set counter
 *         user      as wire_columns.h says
 *         time      zigzag(stamp - the one before; 0 at first)
 *     or for a sum
 *         day       zigzag(day - the one before; 0 at first)
 *         amount
 */
#include "common/wire/wire_columns.h"
#include "common/wire/wire_msgpack.h"
#include "kudos/wire.h"

#include <stdlib.h>

enum { FIELDS = 7, CHANGE_BYTES_MIN = 6, LIKED = 2, SUM = 1 };

/* Names in the order of their first use. */
typedef struct {
    kd_bytes at[KD_EDGES_MAX];
    uint32_t count;
    uint32_t used; /* while reading: how many names were used; the next unused one must be this index */
} names;

typedef struct {
    names edges, regions;
    kd_string_column items, users;
    uint64_t time_us;
    uint32_t day;
} coder;

/* Of an edge or a region, or of the author of a decision in an edge's place. */
static bool wire_changes_name_valid(kd_bytes name)
{
    return kd_name_valid(name) || kd_author_valid(name);
}

static uint32_t name_index(names *n, kd_bytes name)
{
    for (uint32_t i = n->count; i-- > 0;)
        if (kd_bytes_eq(n->at[i], name)) return i;
    KD_ASSERT(n->count < KD_COUNT(n->at) && wire_changes_name_valid(name));
    n->at[n->count] = name;
    return n->count++;
}

static void put_names(const names *n, kd_buf *out)
{
    kd_buf_put_varint(out, n->count);
    for (uint32_t i = 0; i < n->count; i++) {
        kd_buf_put_varint(out, n->at[i].len);
        kd_buf_put(out, n->at[i].data, n->at[i].len);
    }
}

static void put_change(coder *k, const kd_change *c, kd_buf *out)
{
    bool sum = c->user.len == 0;
    KD_ASSERT(c->counter >= 1 && c->counter <= KD_COUNTER_ID_MAX && !(sum && c->liked));
    kd_buf_put_varint(out, c->counter * 4u + (c->liked ? LIKED : 0u) + (sum ? SUM : 0u));
    kd_string_column_put(&k->items, out, c->item, kd_split_of(c->item));
    kd_buf_put_varint(out, name_index(&k->edges, c->edge));
    kd_buf_put_varint(out, name_index(&k->regions, c->region));
    if (sum) {
        KD_ASSERT(c->amount >= 1 && c->amount <= KD_AMOUNT_TOTAL_MAX);
        kd_buf_put_varint(out, kd_zigzag((int64_t)c->day - (int64_t)k->day));
        kd_buf_put_varint(out, c->amount);
        k->day = c->day;
    } else {
        KD_ASSERT(c->time_us >= 1 && c->time_us < KD_TIME_END_US);
        kd_string_column_put(&k->users, out, c->user, kd_split_of(c->user));
        kd_buf_put_varint(out, kd_zigzag((int64_t)c->time_us - (int64_t)k->time_us));
        k->time_us = c->time_us;
    }
}

void kd_changes_encode(const kd_changes *c, kd_buf *out)
{
    KD_ASSERT(c->change_count <= KD_BATCH_OPS_MAX && c->partition < KD_PARTITIONS_MAX && c->epoch >= 1);
    coder *k = kd_alloc(sizeof *k);
    kd_buf changes = {0}, bin = {0};
    for (uint32_t i = 0; i < c->change_count; i++) put_change(k, &c->changes[i], &changes);
    kd_buf_put_varint(&bin, c->change_count);
    put_names(&k->edges, &bin);
    put_names(&k->regions, &bin);
    kd_buf_put(&bin, changes.data, changes.len);
    const uint64_t head[FIELDS - 1] = {KD_WIRE_SCHEMA, KD_RECORD_CHANGES, c->partition,
                                       c->epoch,       c->version,        c->first};
    kd_msgpack_put_array(out, FIELDS);
    for (size_t i = 0; i < KD_COUNT(head); i++) kd_msgpack_put_uint(out, head[i]);
    kd_msgpack_put_bin(out, kd_buf_view(&bin));
    kd_buf_finish(&changes);
    kd_buf_finish(&bin);
    free(k);
}

static void wire_changes_read_names(kd_reader *r, names *n)
{
    uint64_t count = kd_read_varint(r);
    if (count > KD_COUNT(n->at)) r->bad = true;
    for (uint64_t i = 0; i < count && !r->bad; i++) {
        uint64_t len = kd_read_varint(r);
        kd_bytes name = kd_read_bytes(r, (size_t)len);
        if (r->bad || !wire_changes_name_valid(name)) r->bad = true;
        n->at[n->count++] = name;
    }
    for (uint32_t i = 0; i < n->count; i++)
        for (uint32_t j = 0; j < i; j++)
            if (kd_bytes_eq(n->at[i], n->at[j])) r->bad = true;
}

static kd_bytes wire_changes_read_name(kd_reader *r, names *n)
{
    uint64_t i = kd_read_varint(r);
    if (r->bad || i >= n->count || i > n->used) {
        r->bad = true;
        return (kd_bytes){0};
    }
    if (i == n->used) n->used++;
    return n->at[i];
}

static void wire_changes_read_sum(kd_reader *r, coder *k, kd_change *c)
{
    int64_t step = kd_unzigzag(kd_read_varint(r)), day = (int64_t)k->day;
    c->amount = kd_read_varint(r);
    if (step < -day || step > UINT32_MAX - day) r->bad = true;
    if (c->amount < 1 || c->amount > KD_AMOUNT_TOTAL_MAX || c->liked) r->bad = true;
    if (r->bad) return;
    c->day = k->day = (uint32_t)(day + step);
}

static void wire_changes_read_op(kd_reader *r, coder *k, kd_change *c, kd_buf *arena)
{
    uint32_t len = kd_string_column_get(&k->users, r, arena);
    int64_t step = kd_unzigzag(kd_read_varint(r)), time = (int64_t)k->time_us;
    if (r->bad || !kd_id_valid(kd_bytes_of(arena->data + arena->len - len, len))) r->bad = true;
    if (step <= -time || step >= (int64_t)KD_TIME_END_US - time) r->bad = true;
    if (r->bad) return;
    c->user.len = len;
    c->time_us = k->time_us = (uint64_t)(time + step);
}

static void read_change(kd_reader *r, coder *k, kd_change *c, kd_buf *arena)
{
    uint64_t head = kd_read_varint(r);
    uint32_t len = kd_string_column_get(&k->items, r, arena);
    kd_item item;
    if (r->bad || head / 4 < 1 || head / 4 > KD_COUNTER_ID_MAX)
        r->bad = true;
    else if (kd_item_from_key(&item, kd_bytes_of(arena->data + arena->len - len, len)) != KD_OK)
        r->bad = true;
    c->counter = (uint8_t)(head / 4);
    c->liked = (head & LIKED) != 0;
    c->item.len = len;
    c->edge = wire_changes_read_name(r, &k->edges);
    c->region = wire_changes_read_name(r, &k->regions);
    if (r->bad) return;
    if (head & SUM)
        wire_changes_read_sum(r, k, c);
    else
        wire_changes_read_op(r, k, c, arena);
}

/* Sets the pointers of items and users, which lie in the arena in the order in which they were read. The arena does not move any more. */
static void wire_changes_deal_views(kd_changes *c)
{
    const uint8_t *p = c->arena.data;
    for (uint32_t i = 0; i < c->change_count; i++) {
        c->changes[i].item.data = p;
        p += c->changes[i].item.len;
        if (c->changes[i].user.len == 0) continue;
        c->changes[i].user.data = p;
        p += c->changes[i].user.len;
    }
}

static int read_changes(kd_bytes bin, kd_changes *c, coder *k)
{
    kd_reader r = kd_reader_of(bin);
    uint64_t count = kd_read_varint(&r);
    if (r.bad || count > kd_reader_left(&r) / CHANGE_BYTES_MIN) return KD_EMALFORMED;
    if (count > KD_BATCH_OPS_MAX) return KD_ETOOBIG;
    wire_changes_read_names(&r, &k->edges);
    if (!r.bad) wire_changes_read_names(&r, &k->regions);
    if (r.bad) return KD_EMALFORMED;
    c->change_count = (uint32_t)count;
    c->changes = kd_alloc(c->change_count * sizeof *c->changes);
    for (uint32_t i = 0; i < c->change_count && !r.bad; i++) read_change(&r, k, &c->changes[i], &c->arena);
    bool all_used = k->edges.used == k->edges.count && k->regions.used == k->regions.count;
    if (r.bad || kd_reader_left(&r) != 0 || !all_used) return KD_EMALFORMED;
    wire_changes_deal_views(c);
    return KD_OK;
}

int kd_changes_decode(kd_bytes record, kd_changes *c)
{
    kd_reader r;
    uint32_t extra;
    *c = (kd_changes){0};
    int err = kd_record_open(&r, record, KD_RECORD_BYTES_MAX, KD_RECORD_CHANGES, FIELDS, &extra);
    if (err != KD_OK) return err;
    c->partition = (uint32_t)kd_msgpack_uint(&r, KD_PARTITIONS_MAX - 1);
    c->epoch = kd_msgpack_uint(&r, KD_TIME_END_US - 1);
    c->version = kd_msgpack_uint(&r, KD_TIME_END_US - 1);
    c->first = (uint32_t)kd_msgpack_uint(&r, UINT32_MAX);
    kd_bytes bin = kd_msgpack_bin(&r);
    err = kd_record_close(&r, extra);
    if (err == KD_OK && c->epoch == 0) err = KD_EMALFORMED;
    if (err == KD_OK) {
        coder *k = kd_alloc(sizeof *k);
        err = read_changes(bin, c, k);
        free(k);
    }
    if (err != KD_OK) kd_changes_finish(c);
    return err;
}

void kd_changes_finish(kd_changes *c)
{
    free(c->changes);
    kd_buf_finish(&c->arena);
    *c = (kd_changes){0};
}
