/* summary.c - see the header. */
#include "central/core/summary.h"

#include <stdlib.h>

#include "kudos/id.h"

_Static_assert(KD_SUMMARY_ITEMS < UINT8_MAX, "a place holds an index + 1");
_Static_assert((KD_SUMMARY_PLACES & (KD_SUMMARY_PLACES - 1)) == 0, "places wrap by a mask");

uint32_t kd_summary_tag(kd_bytes id)
{
    return (uint32_t)kd_hash(id);
}

void kd_summary_finish(kd_summary *s)
{
    for (uint32_t i = 0; i < KD_SUMMARY_ITEMS; i++) free(s->at[i].id);
    *s = (kd_summary){0};
}

/* ---- places: linear probing, kept without gaps ---- */

static uint32_t summary_next(uint32_t place)
{
    return (place + 1) % KD_SUMMARY_PLACES;
}

static kd_summary_entry *summary_find(kd_summary *s, kd_bytes id, uint32_t tag)
{
    for (uint32_t p = tag % KD_SUMMARY_PLACES; s->places[p]; p = summary_next(p)) {
        kd_summary_entry *e = &s->at[s->places[p] - 1];
        if (e->tag == tag && kd_bytes_eq(kd_summary_id(e), id)) return e;
    }
    return NULL;
}

static void summary_link(kd_summary *s, uint32_t slot)
{
    uint32_t p = s->at[slot].tag % KD_SUMMARY_PLACES;
    while (s->places[p]) p = summary_next(p);
    s->places[p] = (uint8_t)(slot + 1);
}

/* Whether an entry whose search begins at `home` is found in `gap`, which lies before its place `p`. */
static bool summary_may_fill(uint32_t home, uint32_t gap, uint32_t p)
{
    return (p - home) % KD_SUMMARY_PLACES >= (p - gap) % KD_SUMMARY_PLACES;
}

static void summary_unlink(kd_summary *s, uint32_t slot)
{
    uint32_t gap = s->at[slot].tag % KD_SUMMARY_PLACES;
    while (s->places[gap] != slot + 1) gap = summary_next(gap);
    s->places[gap] = 0;
    for (uint32_t p = summary_next(gap); s->places[p]; p = summary_next(p)) {
        if (!summary_may_fill(s->at[s->places[p] - 1].tag % KD_SUMMARY_PLACES, gap, p)) continue;
        s->places[gap] = s->places[p];
        s->places[p] = 0;
        gap = p;
    }
}

const kd_summary_entry *kd_summary_held(kd_summary *s, kd_bytes id, uint32_t tag)
{
    return summary_find(s, id, tag);
}

/* ---- adding and taking back ---- */

/* The next entry from the cursor on whose count is at most `missed`; KD_SUMMARY_ITEMS: none. */
static uint32_t summary_spare(kd_summary *s)
{
    for (uint32_t i = 0; i < KD_SUMMARY_ITEMS; i++) {
        uint32_t slot = (s->cursor + i) % KD_SUMMARY_ITEMS;
        if (s->at[slot].count > s->missed) continue;
        s->cursor = (slot + 1) % KD_SUMMARY_ITEMS;
        return slot;
    }
    return KD_SUMMARY_ITEMS;
}

/* The entry to give to another item, of a summary that is full. */
static uint32_t summary_evict(kd_summary *s)
{
    uint32_t slot = summary_spare(s);
    if (slot == KD_SUMMARY_ITEMS) {
        s->missed = s->at[0].count;
        for (uint32_t i = 1; i < KD_SUMMARY_ITEMS; i++) s->missed = KD_MIN(s->missed, s->at[i].count);
        slot = summary_spare(s);
    }
    summary_unlink(s, slot);
    return slot;
}

static void summary_set(kd_summary *s, uint32_t slot, kd_bytes id, uint32_t tag)
{
    kd_summary_entry *e = &s->at[slot];
    if (id.len > e->cap) {
        e->cap = (uint8_t)KD_MIN((id.len + 15) / 16 * 16, KD_ID_MAX);
        e->id = kd_realloc(e->id, e->cap);
    }
    memcpy(e->id, id.data, id.len);
    e->len = (uint8_t)id.len;
    e->tag = tag;
    summary_link(s, slot);
}

void kd_summary_add(kd_summary *s, kd_bytes id, uint32_t tag)
{
    kd_summary_entry *e = summary_find(s, id, tag);
    if (!e) {
        uint32_t slot = s->count < KD_SUMMARY_ITEMS ? s->count++ : summary_evict(s);
        e = &s->at[slot];
        e->count = e->error = s->missed;
        summary_set(s, slot, id, tag);
    }
    e->count++;
}

/* A count of 0 is left where the like was added before this summary began to be kept. */
void kd_summary_take(kd_summary *s, kd_bytes id, uint32_t tag)
{
    kd_summary_entry *e = summary_find(s, id, tag);
    if (e && e->count > 0) e->count--;
}

/* ---- merging ---- */

static int summary_compare(const void *left, const void *right)
{
    const kd_summary_entry *a = left, *b = right;
    if (a->count != b->count) return a->count > b->count ? -1 : 1;
    return kd_bytes_cmp(kd_summary_id(a), kd_summary_id(b));
}

/* Adds `more` to an entry, of which the other summary has `other`, or NULL. */
static void summary_join(kd_summary_entry *e, const kd_summary_entry *other, uint64_t missed)
{
    e->count += other ? other->count : missed;
    e->error += other ? other->error : missed;
}

/* Moves the entries of both to `all`; returns how many. Their ids go along. */
static uint32_t summary_gather(kd_summary *s, kd_summary *from, kd_summary_entry *all)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->count; i++) {
        all[n] = s->at[i];
        summary_join(&all[n++], summary_find(from, kd_summary_id(&s->at[i]), s->at[i].tag), from->missed);
    }
    for (uint32_t i = 0; i < from->count; i++) {
        if (summary_find(s, kd_summary_id(&from->at[i]), from->at[i].tag)) continue;
        all[n] = from->at[i];
        summary_join(&all[n++], NULL, s->missed);
        from->at[i].id = NULL;
    }
    for (uint32_t i = 0; i < s->count; i++) s->at[i].id = NULL;
    return n;
}

void kd_summary_merge(kd_summary *s, kd_summary *from)
{
    kd_summary_entry all[2 * KD_SUMMARY_ITEMS];
    uint64_t missed = s->missed + from->missed;
    uint32_t n = summary_gather(s, from, all);
    qsort(all, n, sizeof all[0], summary_compare);
    kd_summary_finish(s);
    kd_summary_finish(from);
    for (uint32_t i = 0; i < n && i < KD_SUMMARY_ITEMS; i++) {
        s->at[s->count++] = all[i];
        summary_link(s, i);
    }
    for (uint32_t i = KD_SUMMARY_ITEMS; i < n; i++) {
        missed = KD_MAX(missed, all[i].count);
        free(all[i].id);
    }
    s->missed = missed;
}

/* ---- the stored form ---- */

void kd_summary_encode(const kd_summary *s, kd_buf *out)
{
    kd_buf_put_varint(out, s->missed);
    kd_buf_put_varint(out, s->cursor);
    kd_buf_put_varint(out, s->count);
    for (uint32_t i = 0; i < s->count; i++) {
        const kd_summary_entry *e = &s->at[i];
        kd_buf_put_u8(out, e->len);
        kd_buf_put(out, e->id, e->len);
        kd_buf_put_varint(out, e->count);
        kd_buf_put_varint(out, e->error);
    }
}

bool kd_summary_decode(kd_summary *s, kd_reader *r)
{
    s->missed = kd_read_varint(r);
    s->cursor = (uint32_t)kd_read_varint(r);
    uint64_t count = kd_read_varint(r);
    if (r->bad || count > KD_SUMMARY_ITEMS || s->cursor >= KD_SUMMARY_ITEMS) return false;
    for (uint32_t i = 0; i < count; i++) {
        kd_bytes id = kd_read_bytes(r, kd_read_u8(r));
        uint64_t n = kd_read_varint(r), error = kd_read_varint(r);
        if (r->bad || id.len > KD_ID_MAX || !kd_id_valid(id)) return false;
        s->at[i].count = n;
        s->at[i].error = error;
        summary_set(s, i, id, kd_summary_tag(id));
        s->count++;
    }
    return true;
}
