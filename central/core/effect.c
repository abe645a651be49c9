/* effect.c - see the header. */
#include "central/core/effect.h"

enum { FLAG_SUM = 1, FLAG_WAS = 2, FLAG_IS = 4, FLAG_PASSED = 8 };

static uint8_t effect_flags(const kd_effect *e)
{
    return (uint8_t)((kd_effect_is_sum(e) ? FLAG_SUM : 0) | (e->was ? FLAG_WAS : 0) | (e->is ? FLAG_IS : 0) |
                     (e->passed ? FLAG_PASSED : 0));
}

static void effect_put_key(kd_bytes before, kd_bytes key, kd_buf *out)
{
    size_t shared = kd_bytes_shared(before, key);
    kd_buf_put_varint(out, shared);
    kd_buf_put_varint(out, key.len - shared);
    kd_buf_put(out, key.data + shared, key.len - shared);
}

static void effect_put(const kd_effect *e, uint64_t time_before, kd_bytes key_before, kd_bytes key,
                       kd_buf *out)
{
    bool sum = kd_effect_is_sum(e);
    kd_buf_put_u8(out, effect_flags(e));
    effect_put_key(key_before, key, out);
    kd_buf_put_varint(out, e->edge);
    kd_buf_put_varint(out, e->region);
    if (sum) {
        kd_buf_put_varint(out, e->amount);
        kd_buf_put_varint(out, e->day);
        return;
    }
    kd_buf_put_varint(out, kd_zigzag((int64_t)e->time_us - (int64_t)time_before));
    if (!e->was) return;
    kd_buf_put_varint(out, e->old_region);
    kd_buf_put_varint(out, e->old_day);
}

void kd_effects_encode(const kd_effect *effects, uint32_t count, kd_buf *out)
{
    kd_buf keys[2] = {{0}, {0}};
    uint64_t time_us = 0;
    kd_buf_put_varint(out, count);
    for (uint32_t i = 0; i < count; i++) {
        const kd_effect *e = &effects[i];
        kd_buf *key = &keys[i & 1], *before = &keys[~i & 1];
        kd_buf_clear(key);
        kd_member_key_put(key, e->counter, e->item, e->user);
        effect_put(e, time_us, kd_buf_view(before), kd_buf_view(key), out);
        if (!kd_effect_is_sum(e)) time_us = e->time_us;
    }
    kd_buf_finish(&keys[0]);
    kd_buf_finish(&keys[1]);
}

void kd_effects_open(kd_effects_reader *er, kd_bytes row)
{
    *er = (kd_effects_reader){.r = kd_reader_of(row)};
    er->left = kd_read_varint(&er->r);
}

static bool effect_read_key(kd_effects_reader *er)
{
    uint64_t shared = kd_read_varint(&er->r), rest = kd_read_varint(&er->r);
    if (er->r.bad || shared > er->key_len || rest > sizeof er->key - shared) return false;
    kd_bytes bytes = kd_read_bytes(&er->r, (size_t)rest);
    if (er->r.bad) return false;
    if (rest) memcpy(er->key + shared, bytes.data, (size_t)rest);
    er->key_len = (size_t)(shared + rest);
    return kd_member_key_valid(kd_bytes_of(er->key, er->key_len));
}

static uint64_t effect_read_below(kd_reader *r, uint64_t end)
{
    uint64_t v = kd_read_varint(r);
    if (v >= end) r->bad = true;
    return v;
}

static void effect_read_set(kd_effects_reader *er, kd_effect *e)
{
    kd_reader *r = &er->r;
    er->time_us += (uint64_t)kd_unzigzag(kd_read_varint(r));
    e->time_us = er->time_us;
    e->day = kd_day_of(e->time_us);
    if (!e->was) return;
    e->old_region = (uint16_t)effect_read_below(r, KD_REGIONS_MAX);
    e->old_day = (uint32_t)effect_read_below(r, UINT32_MAX);
}

int kd_effects_next(kd_effects_reader *er, kd_effect *effect)
{
    kd_reader *r = &er->r;
    if (r->bad) return KD_EMALFORMED;
    if (er->left == 0) return kd_reader_left(r) == 0 ? KD_ENOTFOUND : KD_EMALFORMED;
    er->left--;
    uint8_t flags = kd_read_u8(r);
    if (!effect_read_key(er)) return KD_EMALFORMED;
    kd_effect e = {.was = flags & FLAG_WAS, .is = flags & FLAG_IS, .passed = flags & FLAG_PASSED};
    kd_member_key_parse(kd_bytes_of(er->key, er->key_len), &e.counter, &e.item, &e.user);
    e.edge = (uint16_t)effect_read_below(r, KD_EDGES_MAX);
    e.region = (uint16_t)effect_read_below(r, KD_REGIONS_MAX);
    if (flags & FLAG_SUM) {
        e.amount = kd_read_varint(r);
        e.day = (uint32_t)effect_read_below(r, (uint64_t)UINT32_MAX + 1);
    } else {
        effect_read_set(er, &e);
    }
    if (r->bad || kd_effect_is_sum(&e) != ((flags & FLAG_SUM) != 0)) return KD_EMALFORMED;
    *effect = e;
    return KD_OK;
}
