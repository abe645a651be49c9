/* counts.c - see the header. */
#include "central/core/counts.h"

#include "kudos/wire.h"

#include <stdlib.h>

static const uint32_t unsent_max = KD_SNAPSHOT_ITEMS_MAX * KD_SNAPSHOT_PARTS_MAX;

static void counts_entry_destroy(kd_count_entry *e)
{
    if (e->parts != e->first) free(e->parts);
    free(e);
}

static kd_bytes counts_key_of(const void *entry)
{
    return kd_count_key(entry);
}

uint64_t kd_counts_hash(const kd_counts *c, kd_bytes item)
{
    return kd_table_hash(&c->table, item);
}

void kd_counts_init(kd_counts *c, const kd_store *store, kd_bloom *filter, uint64_t seed, uint32_t clean_max)
{
    *c = (kd_counts){.store = store, .filter = filter, .clean_max = clean_max};
    kd_table_init(&c->table, counts_key_of, seed);
    TAILQ_INIT(&c->dirty);
    TAILQ_INIT(&c->clean);
}

void kd_counts_finish(kd_counts *c)
{
    size_t cursor = 0;
    kd_count_entry *e;
    while ((e = kd_table_next(&c->table, &cursor)) != NULL) {
        kd_table_remove(&c->table, kd_count_key(e));
        counts_entry_destroy(e);
    }
    kd_table_finish(&c->table);
    free(c->unsent);
    kd_buf_finish(&c->scratch);
    *c = (kd_counts){0};
}

static void counts_pin(kd_counts *c, kd_count_entry *e)
{
    if (e->pins++ > 0) return;
    TAILQ_REMOVE(&c->clean, e, next);
    c->clean_count--;
}

static void counts_evict(kd_counts *c)
{
    kd_count_entry *e = TAILQ_FIRST(&c->clean);
    TAILQ_REMOVE(&c->clean, e, next);
    c->clean_count--;
    kd_table_remove(&c->table, kd_count_key(e));
    counts_entry_destroy(e);
}

void kd_counts_release(kd_counts *c, kd_count_entry *e)
{
    KD_ASSERT(e->pins > 0);
    if (--e->pins > 0) return;
    TAILQ_INSERT_TAIL(&c->clean, e, next);
    c->clean_count++;
    while (c->clean_count > c->clean_max) counts_evict(c);
}

/* ---- count rows ---- */

/* Makes room for one more part. */
static void counts_make_room(kd_count_entry *e)
{
    if (e->part_count < e->part_cap) return;
    bool inside = e->parts == e->first;
    e->part_cap *= 2;
    e->parts = kd_realloc(inside ? NULL : e->parts, e->part_cap * sizeof *e->parts);
    if (inside) memcpy(e->parts, e->first, sizeof e->first);
}

static int counts_append_part(kd_count_entry *e, uint64_t where, uint64_t value)
{
    if (e->part_count > 0 && e->parts[e->part_count - 1].where >= where) return KD_EMALFORMED;
    counts_make_room(e);
    e->parts[e->part_count++] = (kd_count_part){where, value};
    return KD_OK;
}

int kd_count_part_read(kd_reader *r, kd_count_part *part)
{
    uint8_t head = kd_read_u8(r);
    uint64_t id = kd_read_varint(r);
    part->value = kd_read_varint(r);
    if (r->bad || id > UINT32_MAX || ((head & 3) == KD_PART_REGION && id >= KD_REGIONS_MAX))
        return KD_EMALFORMED;
    part->where = kd_part_where(head >> 2, (kd_part_kind)(head & 3), (uint32_t)id);
    return KD_OK;
}

void kd_count_part_put(const kd_count_part *p, kd_buf *out)
{
    if (p->value == 0) return;
    kd_buf_put_u8(out,
                  (uint8_t)((uint32_t)kd_part_counter(p->where) << 2 | (uint32_t)kd_part_kind_of(p->where)));
    kd_buf_put_varint(out, kd_part_id(p->where));
    kd_buf_put_varint(out, p->value);
}

uint32_t kd_count_part_seek(const kd_count_part *at, uint32_t count, uint64_t where)
{
    uint32_t low = 0, high = count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (at[middle].where < where)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int counts_row_decode(kd_count_entry *e, kd_bytes value)
{
    kd_reader r = kd_reader_of(value);
    e->accurate = kd_read_be64(&r);
    while (!r.bad && kd_reader_left(&r) > 0) {
        kd_count_part part;
        int err = kd_count_part_read(&r, &part);
        if (err == KD_OK && part.value >= KD_TIME_END_US) err = KD_EMALFORMED; /* no snapshot can say it */
        if (err == KD_OK) err = counts_append_part(e, part.where, part.value);
        if (err != KD_OK) return err;
    }
    return r.bad ? KD_EMALFORMED : KD_OK;
}

static void counts_row_encode(const kd_count_entry *e, uint64_t version, kd_buf *out)
{
    kd_buf_put_be64(out, version);
    for (uint32_t i = 0; i < e->part_count; i++) kd_count_part_put(&e->parts[i], out);
}

/* ---- entries ---- */

static kd_count_entry *counts_entry_create(kd_bytes item)
{
    kd_count_entry *e = kd_realloc(NULL, sizeof *e + item.len);
    *e = (kd_count_entry){.part_cap = KD_COUNT_PARTS_FIRST, .key_len = (uint8_t)item.len};
    e->parts = e->first;
    memcpy(e->key, item.data, item.len);
    return e;
}

static int counts_load(kd_counts *c, kd_bytes item, uint64_t hash, bool create, kd_count_entry **out)
{
    int err = KD_ENOTFOUND;
    /* An item that the filter does not know has no count row, so the store is not read. This spares most items their first like's read. */
    if (create ? kd_bloom_learn(c->filter, hash) : kd_bloom_maybe(c->filter, hash)) {
        kd_bytes key = kd_key_named(&c->scratch, KD_ROW_COUNTS, item);
        kd_buf value = {0};
        err = c->store->get(c->store->ctx, key, &value);
        if (err == KD_OK) {
            *out = counts_entry_create(item);
            err = counts_row_decode(*out, kd_buf_view(&value));
            if (err != KD_OK) counts_entry_destroy(*out);
        }
        kd_buf_finish(&value);
        if (err == KD_OK) return KD_OK;
    }
    if (err != KD_ENOTFOUND || !create) return err;
    *out = counts_entry_create(item);
    return KD_OK;
}

int kd_counts_acquire(kd_counts *c, kd_bytes item, bool create, kd_count_entry **out)
{
    if (*out) {
        counts_pin(c, *out);
        return KD_OK;
    }
    uint64_t hash = kd_counts_hash(c, item);
    kd_count_entry *e = kd_table_find_hashed(&c->table, item, hash);
    if (e) {
        counts_pin(c, e);
    } else {
        int err = counts_load(c, item, hash, create, &e);
        if (err != KD_OK) return err;
        e->pins = 1;
        kd_table_add_hashed(&c->table, e, hash);
    }
    *out = e;
    return KD_OK;
}

void kd_counts_prefetch(const kd_counts *c, uint64_t hash)
{
    kd_table_prefetch_hashed(&c->table, hash);
    kd_bloom_prefetch(c->filter, hash);
}

uint64_t kd_counts_value(const kd_count_entry *e, uint64_t where)
{
    uint32_t i = kd_count_part_seek(e->parts, e->part_count, where);
    return i < e->part_count && e->parts[i].where == where ? e->parts[i].value : 0;
}

/* The part, which is made where it is not there. *from: a part at that index or behind, because all parts in front lie below; becomes the index
 * behind. Most items have one region and day, so the next part is the one that is wanted. */
static uint64_t *counts_part(kd_count_entry *e, uint32_t *from, uint64_t where)
{
    uint32_t i = *from;
    if (i < e->part_count && e->parts[i].where < where)
        i += kd_count_part_seek(e->parts + i, e->part_count - i, where);
    *from = i + 1;
    if (i < e->part_count && e->parts[i].where == where) return &e->parts[i].value;
    counts_make_room(e);
    if (i < e->part_count) memmove(&e->parts[i + 1], &e->parts[i], (e->part_count - i) * sizeof *e->parts);
    e->parts[i] = (kd_count_part){where, 0};
    e->part_count++;
    return &e->parts[i].value;
}

static void counts_add(kd_count_entry *e, uint8_t counter, uint16_t region, uint32_t day, uint64_t amount)
{
    const uint64_t where[] = {kd_part_where(counter, KD_PART_TOTAL, 0),
                              kd_part_where(counter, KD_PART_REGION, region),
                              kd_part_where(counter, KD_PART_DAY, day)};
    uint32_t from = 0;
    for (size_t i = 0; i < KD_COUNT(where); i++) {
        uint64_t *value = counts_part(e, &from, where[i]);
        KD_ASSERT(!__builtin_add_overflow(*value, amount, value));
    }
}

static void counts_take(kd_counts *c, kd_count_entry *e, uint8_t counter, uint16_t region, uint32_t day,
                        uint64_t amount)
{
    const uint64_t where[] = {kd_part_where(counter, KD_PART_TOTAL, 0),
                              kd_part_where(counter, KD_PART_REGION, region),
                              kd_part_where(counter, KD_PART_DAY, day)};
    uint32_t from = 0;
    for (size_t i = 0; i < KD_COUNT(where); i++) {
        uint64_t *value = counts_part(e, &from, where[i]);
        if (c->forgiving && *value == 0) continue; /* a planted bug counts on, for the checkers to find */
        KD_ASSERT(*value >= amount);
        *value -= amount;
    }
}

void kd_counts_apply(kd_counts *c, kd_count_entry *e, const kd_effect *effect, uint64_t version)
{
    if (kd_effect_is_sum(effect) && effect->was) {
        counts_take(c, e, effect->counter, effect->region, effect->day, effect->amount);
    } else if (kd_effect_is_sum(effect)) {
        counts_add(e, effect->counter, effect->region, effect->day, effect->amount);
    } else {
        if (effect->was) counts_take(c, e, effect->counter, effect->old_region, effect->old_day, 1);
        if (effect->is) counts_add(e, effect->counter, effect->region, effect->day, 1);
    }
    if (e->dirty_since != 0) return;
    e->dirty_since = version;
    const kd_count_entry *last = TAILQ_LAST(&c->dirty, kd_count_list);
    KD_ASSERT(!last || last->dirty_since <= version); /* the queue ascends */
    counts_pin(c, e);
    TAILQ_INSERT_TAIL(&c->dirty, e, next);
}

void kd_counts_mark_unsent(kd_counts *c, kd_count_entry *e)
{
    if (e->unsent || c->unsent_lost) return;
    if (c->unsent_count == unsent_max) { /* a million items: let the edges read anew instead */
        kd_counts_clear_unsent(c);
        c->unsent_lost = true;
        return;
    }
    e->unsent = true;
    counts_pin(c, e);
    c->unsent = kd_grow(c->unsent, c->unsent_count, &c->unsent_cap, sizeof *c->unsent);
    c->unsent[c->unsent_count++] = e;
}

void kd_counts_clear_unsent(kd_counts *c)
{
    for (uint32_t i = 0; i < c->unsent_count; i++) {
        c->unsent[i]->unsent = false;
        kd_counts_release(c, c->unsent[i]);
    }
    c->unsent_count = 0;
    c->unsent_lost = false;
}

uint64_t kd_counts_floor(const kd_counts *c, uint64_t after)
{
    const kd_count_entry *first = TAILQ_FIRST(&c->dirty);
    return first ? first->dirty_since : after;
}

kd_count_entry *kd_counts_write_back(kd_counts *c, uint64_t version, kd_writes *writes)
{
    kd_count_entry *e = TAILQ_FIRST(&c->dirty);
    if (!e) return NULL;
    TAILQ_REMOVE(&c->dirty, e, next);
    e->dirty_since = 0;
    kd_buf value = {0};
    counts_row_encode(e, version, &value);
    kd_writes_put(writes, kd_key_named(&c->scratch, KD_ROW_COUNTS, kd_count_key(e)), kd_buf_view(&value));
    kd_buf_finish(&value);
    return e;
}
