/*
 * membership.c - what this edge knows of (counter, item, user): look up, record, load.
 *
 * Three layers answer, in this order: a filter that says "surely none", the rows of groups that are not
 * durable yet (staged: found in the group's own writes, the gathering one first), the store. The filter holds
 * every row from its recording on. A row is at most a cache of what is central's to know; no row means
 * unknown (rule 2).
 *
 *     value: liked:1 stamp:8
 */
#include "edge/core/internal.h"

#include <stdlib.h>

enum { FILTER_ROWS = 1 << 20 }; /* 1.5 MiB before the filter grows its first link */

static int parse_value(kd_bytes value, kd_row *row)
{
    kd_reader r = kd_reader_of(value);
    row->known = true;
    row->liked = kd_read_u8(&r) != 0;
    row->stamp_us = kd_read_be64(&r);
    return r.bad || kd_reader_left(&r) != 0 ? KD_EMALFORMED : KD_OK;
}

/* ---- rows of one group, found in its writes
 * ---------------------------------------------------------------- */

enum { STAGED_FIRST = 1024, STAGED_SPARSE = 16 };

/* The slot of a key, or the empty one where it would be. Masks begin with the low bits, tags are the high
 * ones. */
static kd_staged_slot *staged_slot(const kd_staged *s, const kd_writes *w, const kd_row_key *key)
{
    kd_bytes found, value;
    for (uint32_t i = (uint32_t)key->hash;; i++) {
        kd_staged_slot *slot = &s->slots[i & (s->cap - 1)];
        if (slot->place == 0) return slot;
        if (slot->tag != (uint32_t)(key->hash >> 32)) continue;
        kd_writes_row(w, slot->place - 1, &found, &value);
        if (kd_bytes_eq(found, kd_row_key_view(key))) return slot;
    }
}

static bool staged_find(const kd_edge *e, uint32_t index, const kd_row_key *key, kd_row *row)
{
    const kd_staged *s = &e->staged[index];
    if (s->count == 0) return false;
    const kd_staged_slot *slot = staged_slot(s, &e->writes[index], key);
    if (slot->place == 0) return false;
    kd_bytes found, value;
    kd_writes_row(&e->writes[index], slot->place - 1, &found, &value);
    KD_ASSERT(parse_value(value, row) == KD_OK);
    return true;
}

static void staged_widen(kd_staged *s, const kd_writes *w)
{
    kd_staged old = *s;
    s->cap = KD_MAX(old.cap * 2, (uint32_t)STAGED_FIRST);
    s->slots = kd_alloc(s->cap * sizeof(s->slots[0]));
    for (uint32_t i = 0; i < old.cap; i++) {
        if (old.slots[i].place == 0) continue;
        kd_bytes key, value;
        kd_writes_row(w, old.slots[i].place - 1, &key, &value);
        uint32_t at = (uint32_t)kd_hash(key);
        while (s->slots[at & (s->cap - 1)].place != 0) at++;
        s->slots[at & (s->cap - 1)] = old.slots[i];
    }
    free(old.slots);
}

static void staged_put(kd_staged *s, const kd_writes *w, const kd_row_key *key, size_t at)
{
    KD_ASSERT(at < UINT32_MAX);
    if (s->count * 2 >= s->cap) staged_widen(s, w);
    kd_staged_slot *slot = staged_slot(s, w, key);
    s->count += slot->place == 0;
    *slot = (kd_staged_slot){.tag = (uint32_t)(key->hash >> 32), .place = (uint32_t)at + 1};
}

void kd_membership_durable(kd_edge *e, uint32_t index)
{
    kd_staged *s = &e->staged[index];
    if (s->cap > STAGED_FIRST &&
        s->count * STAGED_SPARSE < s->cap) { /* one large group is not to be paid for by all */
        free(s->slots);
        *s = (kd_staged){0};
    }
    if (s->count) memset(s->slots, 0, s->cap * sizeof(s->slots[0]));
    s->count = 0;
}

/* ---- look up, record
 * ---------------------------------------------------------------------------------------- */

int kd_membership_look_up(kd_edge *e, const kd_row_key *key, kd_row *row)
{
    *row = (kd_row){0};
    if (!kd_bloom_maybe(&e->filter, key->hash)) return KD_OK;
    if (staged_find(e, e->gathering, key, row) || staged_find(e, e->gathering ^ 1, key, row)) return KD_OK;
    int err = e->store.get(e->store.ctx, kd_row_key_view(key), &e->value);
    if (err == KD_ENOTFOUND) return KD_OK;
    if (err != KD_OK) return err;
    return parse_value(kd_buf_view(&e->value), row) == KD_OK ? KD_OK : KD_EIO;
}

void kd_membership_record(kd_edge *e, const kd_row_key *key, const kd_row *row)
{
    uint8_t value[9] = {row->liked};
    for (int i = 0; i < 8; i++) value[1 + i] = (uint8_t)(row->stamp_us >> (56 - 8 * i));
    kd_writes *w = kd_edge_writes(e);
    size_t at = kd_writes_put(w, kd_row_key_view(key), kd_bytes_of(value, sizeof value));
    staged_put(&e->staged[e->gathering], w, key, at);
    kd_bloom_add(&e->filter, key->hash);
}

int kd_membership_parse(kd_bytes key, kd_bytes value, kd_member_row *row)
{
    kd_reader r = kd_reader_of(key);
    kd_read_bytes(&r, 3);
    row->counter_id = kd_read_u8(&r);
    const uint8_t *start = r.p;
    kd_read_bytes(&r, kd_read_u8(&r));
    kd_read_bytes(&r, kd_read_u8(&r));
    row->item = kd_bytes_of(start, (size_t)(r.p - start));
    row->user = kd_read_bytes(&r, kd_read_u8(&r));
    if (r.bad || kd_reader_left(&r) != 0) return KD_EMALFORMED;
    return parse_value(value, &row->row);
}

static int load_row(void *arg, kd_bytes key, kd_bytes value)
{
    kd_edge *e = arg;
    (void)value;
    kd_bloom_add(&e->filter, kd_hash(key));
    return 0;
}

int kd_membership_load(kd_edge *e)
{
    kd_bloom_init(&e->filter, FILTER_ROWS, UINT64_C(1) << 36);
    return kd_keys_scan(e, 'm', UINT32_MAX, load_row, e);
}

void kd_membership_finish(kd_edge *e)
{
    for (int i = 0; i < 2; i++) free(e->staged[i].slots);
    kd_bloom_finish(&e->filter);
}
