/*
 * membership.c - what this edge knows of (counter, item, user): look up, record, load.
 *
 * Three layers answer, in this order: rows of groups that are not durable yet (staged), a filter that says "surely
 * none", the store. A row is at most a cache of what is central's to know; no row means unknown (rule 2).
 *
 *     value: liked:1 stamp:8
 */
#include "edge/core/internal.h"

#include <stdlib.h>

static kd_bytes staged_key(const kd_staged *s)
{
    return kd_bytes_of(s->key, (size_t)s->key_len_hi << 8 | s->key_len_lo);
}

static int parse_value(kd_bytes value, kd_row *row)
{
    kd_reader r = kd_reader_of(value);
    row->known = true;
    row->liked = kd_read_u8(&r) != 0;
    row->stamp_us = kd_read_be64(&r);
    return r.bad || kd_reader_left(&r) != 0 ? KD_EMALFORMED : KD_OK;
}

int kd_membership_look_up(kd_edge *e, const kd_part *p, uint8_t counter_id, kd_bytes item, kd_bytes user, kd_row *row)
{
    *row = (kd_row){0};
    kd_key_row(&e->key, p->id, counter_id, item, user);
    kd_bytes key = kd_buf_view(&e->key);
    const kd_staged *s = e->staged.count ? kd_table_find(&e->staged, key) : NULL;
    if (s) {
        *row = (kd_row){.known = true, .liked = s->liked, .stamp_us = s->stamp_us};
        return KD_OK;
    }
    if (!kd_bloom_maybe(&e->filter, kd_hash(key))) return KD_OK;
    int err = e->store.get(e->store.ctx, key, &e->value);
    if (err == KD_ENOTFOUND) return KD_OK;
    if (err != KD_OK) return err;
    return parse_value(kd_buf_view(&e->value), row) == KD_OK ? KD_OK : KD_EIO;
}

static kd_staged *stage(kd_edge *e, kd_bytes key)
{
    kd_staged *s = kd_table_find(&e->staged, key);
    if (s) return s;
    s = kd_alloc(sizeof(*s) + key.len);
    s->key_len_hi = (uint8_t)(key.len >> 8);
    s->key_len_lo = (uint8_t)key.len;
    memcpy(s->key, key.data, key.len);
    kd_table_put(&e->staged, s);
    return s;
}

void kd_membership_record(kd_edge *e, const kd_part *p, uint8_t counter_id, kd_bytes item, kd_bytes user,
                          const kd_row *row)
{
    kd_key_row(&e->key, p->id, counter_id, item, user);
    kd_bytes key = kd_buf_view(&e->key);
    kd_staged *s = stage(e, key);
    s->liked = row->liked;
    s->stamp_us = row->stamp_us;
    if (s->group != e->open_group) {
        s->group = e->open_group;
        kd_staged_list *list = &e->staged_of[e->gathering];
        list->at = kd_grow(list->at, list->count, &list->cap, sizeof(list->at[0]));
        list->at[list->count++] = s;
    }
    kd_buf_clear(&e->value);
    kd_buf_put_u8(&e->value, row->liked);
    kd_buf_put_be64(&e->value, row->stamp_us);
    kd_writes_put(kd_edge_writes(e), key, kd_buf_view(&e->value));
    uint64_t hash = kd_hash(key);
    if (!kd_bloom_maybe(&e->filter, hash)) kd_bloom_add(&e->filter, hash);
}

void kd_membership_durable(kd_edge *e, kd_staged_list *list, uint64_t group)
{
    for (uint32_t i = 0; i < list->count; i++) {
        kd_staged *s = list->at[i];
        if (s->group != group) continue; /* a later group wrote it again */
        kd_table_remove(&e->staged, staged_key(s));
        free(s);
    }
    list->count = 0;
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

static kd_bytes staged_key_of(const void *entry)
{
    return staged_key(entry);
}

int kd_membership_load(kd_edge *e)
{
    kd_table_init(&e->staged, staged_key_of, e->config.seed);
    kd_bloom_init(&e->filter, 1 << 16, UINT64_C(1) << 36);
    return kd_keys_scan(e, 'm', UINT32_MAX, load_row, e);
}
