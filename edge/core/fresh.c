/* fresh.c - see the header. */
#include "edge/core/fresh.h"

#include "kudos/id.h"

#include <stdlib.h>

enum { SLOTS_FIRST = 1024, ROW_HEAD = KD_ROW_VALUE + 2 };

int kd_fresh_row_parse(kd_bytes value, kd_fresh_row *row)
{
    kd_reader r = kd_reader_of(value);
    row->known = true;
    row->liked = kd_read_u8(&r) != 0;
    row->stamp_us = kd_read_be64(&r);
    return r.bad || kd_reader_left(&r) != 0 ? KD_EMALFORMED : KD_OK;
}

static void fresh_write_value(uint8_t *out, const kd_fresh_row *row)
{
    uint64_t stamp = __builtin_bswap64(row->stamp_us);
    out[0] = row->liked;
    memcpy(out + 1, &stamp, sizeof stamp);
}

static kd_bytes fresh_value_at(const kd_fresh *f, uint32_t place)
{
    return kd_bytes_of(f->rows.data + place, KD_ROW_VALUE);
}

static kd_bytes fresh_key_at(const kd_fresh *f, uint32_t place)
{
    uint16_t len;
    memcpy(&len, f->rows.data + place + KD_ROW_VALUE, sizeof len);
    return kd_bytes_of(f->rows.data + place + ROW_HEAD, len);
}

/* The slot of a key, or the empty slot that it would take. The low bits of the hash choose the slot, the high ones are the tag. */
static kd_fresh_slot *fresh_slot_of(const kd_fresh *f, kd_bytes key, uint64_t hash)
{
    for (uint32_t i = (uint32_t)hash;; i++) {
        kd_fresh_slot *slot = &f->slots[i & (f->slot_cap - 1)];
        if (slot->place == 0) return slot;
        if (slot->tag == (uint32_t)(hash >> 32) && kd_bytes_eq(fresh_key_at(f, slot->place - 1), key))
            return slot;
    }
}

bool kd_fresh_find(const kd_fresh *f, kd_bytes key, uint64_t hash, kd_fresh_row *row)
{
    if (f->count == 0) return false;
    const kd_fresh_slot *slot = fresh_slot_of(f, key, hash);
    if (slot->place == 0) return false;
    KD_ASSERT(kd_fresh_row_parse(fresh_value_at(f, slot->place - 1), row) == KD_OK);
    return true;
}

void kd_fresh_prefetch(const kd_fresh *f, uint64_t hash)
{
    if (f->slot_cap) __builtin_prefetch(&f->slots[hash & (f->slot_cap - 1)]);
}

static void fresh_widen(kd_fresh *f)
{
    kd_fresh_slot *old = f->slots;
    uint32_t old_cap = f->slot_cap;
    f->slot_cap = KD_MAX(old_cap * 2, (uint32_t)SLOTS_FIRST);
    f->slots = kd_alloc(f->slot_cap * sizeof(f->slots[0]));
    for (uint32_t i = 0; i < old_cap; i++) {
        if (old[i].place == 0) continue;
        uint32_t at = (uint32_t)kd_hash(fresh_key_at(f, old[i].place - 1));
        while (f->slots[at & (f->slot_cap - 1)].place != 0) at++;
        f->slots[at & (f->slot_cap - 1)] = old[i];
    }
    free(old);
}

void kd_fresh_put(kd_fresh *f, kd_bytes key, uint64_t hash, const kd_fresh_row *row)
{
    if (f->count >= f->slot_cap / 2) fresh_widen(f);
    kd_fresh_slot *slot = fresh_slot_of(f, key, hash);
    if (slot->place) {
        fresh_write_value(f->rows.data + slot->place - 1, row);
        return;
    }
    uint8_t head[ROW_HEAD];
    uint16_t len = (uint16_t)key.len;
    fresh_write_value(head, row);
    memcpy(head + KD_ROW_VALUE, &len, sizeof len);
    uint32_t place = (uint32_t)f->rows.len;
    KD_ASSERT(f->rows.len < UINT32_MAX - ROW_HEAD - UINT16_MAX);
    kd_buf_put(&f->rows, head, sizeof head);
    kd_buf_put(&f->rows, key.data, key.len);
    *slot = (kd_fresh_slot){.tag = (uint32_t)(hash >> 32), .place = place + 1};
    f->refs = kd_grow(f->refs, f->count, &f->ref_cap, sizeof(f->refs[0]));
    f->refs[f->count++] = (kd_ranked){.index = place};
}

/* ---- order ---------------------------------------------------------------------------------------------------- */

static kd_bytes fresh_key_of_ref(const void *f, uint32_t i)
{
    return fresh_key_at(f, ((const kd_fresh *)f)->refs[i].index);
}

static void fresh_sort_run(kd_fresh *f, uint32_t end)
{
    kd_ranked scratch[KD_FRESH_RUN];
    if (f->sorted == 0) f->ranked = kd_rank_places_of(fresh_key_of_ref, f, end);
    for (uint32_t i = f->sorted; i < end; i++)
        f->refs[i].rank = kd_rank_of(&f->ranked, fresh_key_at(f, f->refs[i].index));
    kd_rank_sort(f->refs + f->sorted, scratch, end - f->sorted);
    f->sorted = end;
}

void kd_fresh_sort(kd_fresh *f, bool all)
{
    while (f->count - f->sorted >= KD_FRESH_RUN) fresh_sort_run(f, f->sorted + KD_FRESH_RUN);
    if (all && f->count > f->sorted) fresh_sort_run(f, f->count);
}

void kd_fresh_clear(kd_fresh *f, uint32_t usual)
{
    if (f->count > usual) {
        kd_fresh_finish(f);
        return;
    }
    if (f->count) memset(f->slots, 0, f->slot_cap * sizeof(f->slots[0]));
    kd_buf_clear(&f->rows);
    f->count = f->sorted = 0;
}

void kd_fresh_finish(kd_fresh *f)
{
    kd_buf_finish(&f->rows);
    free(f->slots);
    free(f->refs);
    *f = (kd_fresh){0};
}

/* ---- walk ----------------------------------------------------------------------------------------------------- */

void kd_fresh_walk_begin(kd_fresh_walk *w, const kd_fresh *f)
{
    KD_ASSERT(f->sorted == f->count);
    *w = (kd_fresh_walk){.fresh = f, .left = f->count, .runs = (f->count + KD_FRESH_RUN - 1) / KD_FRESH_RUN};
    w->heads = kd_alloc(KD_MAX(w->runs, 1u) * sizeof(w->heads[0]));
    for (uint32_t i = 0; i < w->runs; i++)
        w->heads[i] = (kd_fresh_head){f->refs[i * KD_FRESH_RUN].rank, i * KD_FRESH_RUN};
}

/* Moves the head of a run to its next row. At the end of the run the last head takes this one's place. */
static void fresh_advance(kd_fresh_walk *w, kd_fresh_head *head)
{
    const kd_fresh *f = w->fresh;
    uint32_t next = head->next + 1;
    if (next == f->count || next % KD_FRESH_RUN == 0) {
        *head = w->heads[--w->runs];
        return;
    }
    *head = (kd_fresh_head){f->refs[next].rank, next};
    __builtin_prefetch(f->rows.data + f->refs[next].index);
}

bool kd_fresh_walk_next(kd_fresh_walk *w, kd_bytes *key, kd_bytes *value)
{
    if (w->left == 0) return false;
    kd_fresh_head *least = w->heads;
    for (uint32_t i = 1; i < w->runs; i++)
        if (w->heads[i].rank < least->rank) least = &w->heads[i];
    uint32_t place = w->fresh->refs[least->next].index;
    *key = fresh_key_at(w->fresh, place);
    *value = fresh_value_at(w->fresh, place);
    fresh_advance(w, least);
    w->left--;
    return true;
}

void kd_fresh_walk_finish(kd_fresh_walk *w)
{
    free(w->heads);
    *w = (kd_fresh_walk){0};
}
