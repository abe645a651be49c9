/* wire_columns.c - numbered strings and packed bits. */
#include "common/wire_columns.h"

enum { DIGITS_MAX = 18 };

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

kd_split kd_split_of(kd_bytes s)
{
    size_t at = s.len;
    while (at > 0 && s.len - at < DIGITS_MAX && is_digit(s.data[at - 1])) at--;
    while (at + 1 < s.len && s.data[at] == '0') at++;
    kd_split split = {.prefix_len = (uint32_t)at, .numbered = at < s.len};
    for (; at < s.len; at++) split.number = split.number * 10 + (s.data[at] - '0');
    return split;
}

int kd_split_cmp(kd_bytes a, kd_split a_split, kd_bytes b, kd_split b_split)
{
    int order = kd_bytes_cmp(kd_bytes_of(a.data, a_split.prefix_len), kd_bytes_of(b.data, b_split.prefix_len));
    if (order != 0) return order;
    if (a_split.numbered != b_split.numbered) return a_split.numbered ? 1 : -1;
    return a_split.number < b_split.number ? -1 : a_split.number > b_split.number;
}

static uint32_t shared_len(const kd_strings *state, const uint8_t *prefix, uint32_t len)
{
    uint32_t n = 0, most = KD_MIN(state->prefix_len, len);
    while (n < most && state->prefix[n] == prefix[n]) n++;
    return n;
}

void kd_strings_put(kd_strings *state, kd_buf *out, kd_bytes s, kd_split split)
{
    KD_ASSERT(s.len <= KD_ITEM_KEY_MAX);
    uint32_t shared = shared_len(state, s.data, split.prefix_len);
    bool same = shared == split.prefix_len && shared == state->prefix_len;
    if (same && split.numbered && split.number >= state->number) {
        kd_buf_put_varint(out, 2 + split.number - state->number);
    } else {
        kd_buf_put_varint(out, split.numbered ? 1 : 0);
        kd_buf_put_varint(out, shared);
        kd_buf_put_varint(out, split.prefix_len - shared);
        kd_buf_put(out, s.data + shared, split.prefix_len - shared);
        if (split.numbered) kd_buf_put_varint(out, split.number);
        memcpy(state->prefix, s.data, split.prefix_len);
        state->prefix_len = split.prefix_len;
    }
    state->number = split.number;
}

/* Reads a front-coded prefix; *same if it is the one before. False unless `shared` is as long as it can be. */
static bool read_prefix(kd_strings *state, kd_reader *r, bool *same)
{
    uint64_t shared = kd_read_varint(r), rest = kd_read_varint(r);
    if (shared > state->prefix_len || rest > KD_ITEM_KEY_MAX - shared) return false;
    kd_bytes tail = kd_read_bytes(r, (size_t)rest);
    if (r->bad) return false;
    bool too_short = shared < state->prefix_len && rest > 0 && state->prefix[shared] == tail.data[0];
    if (too_short) return false;
    *same = shared == state->prefix_len && rest == 0;
    if (rest > 0) memcpy(state->prefix + shared, tail.data, tail.len);
    state->prefix_len = (uint32_t)(shared + rest);
    return true;
}

static uint32_t append_string(const kd_strings *state, bool numbered, kd_reader *r, kd_buf *arena)
{
    uint8_t digits[20];
    uint32_t at = sizeof digits;
    uint64_t v = state->number;
    if (numbered) {
        do digits[--at] = (uint8_t)('0' + v % 10);
        while ((v /= 10) > 0);
    }
    uint32_t len = state->prefix_len + (uint32_t)sizeof digits - at;
    if (len == 0 || len > KD_ITEM_KEY_MAX) {
        r->bad = true;
        return 0;
    }
    kd_buf_put(arena, state->prefix, state->prefix_len);
    kd_buf_put(arena, digits + at, sizeof digits - at);
    kd_split split = kd_split_of(kd_bytes_of(arena->data + arena->len - len, len));
    bool canonical = split.numbered == numbered && split.prefix_len == state->prefix_len && split.number == state->number;
    if (!canonical) r->bad = true;
    return len;
}

uint32_t kd_strings_get(kd_strings *state, kd_reader *r, kd_buf *arena)
{
    uint64_t form = kd_read_varint(r), before = state->number;
    if (form >= 2) {
        state->number += form - 2;
        if (state->number < before) r->bad = true;
    } else {
        bool same = false;
        if (!read_prefix(state, r, &same)) r->bad = true;
        state->number = form == 1 ? kd_read_varint(r) : 0;
        if (form == 1 && same && state->number >= before) r->bad = true;
    }
    return r->bad ? 0 : append_string(state, form >= 1, r, arena);
}

uint32_t kd_bits_for(uint32_t values)
{
    uint32_t bits = 0;
    while (bits < 32 && (1ull << bits) < values) bits++;
    return bits;
}

void kd_bits_put(kd_buf *out, const uint32_t *values, uint32_t count, uint32_t bits)
{
    uint64_t pending = 0;
    uint32_t have = 0;
    for (uint32_t i = 0; i < count; i++) {
        pending |= (uint64_t)values[i] << have;
        have += bits;
        for (; have >= 8; have -= 8, pending >>= 8) kd_buf_put_u8(out, (uint8_t)pending);
    }
    if (have > 0) kd_buf_put_u8(out, (uint8_t)pending);
}

void kd_bits_get(kd_reader *r, uint32_t *values, uint32_t count, uint32_t bits)
{
    if (kd_reader_left(r) != ((uint64_t)count * bits + 7) / 8) r->bad = true;
    if (r->bad) return;
    uint64_t pending = 0;
    uint32_t have = 0;
    for (uint32_t i = 0; i < count; i++) {
        for (; have < bits; have += 8) pending |= (uint64_t)*r->p++ << have;
        values[i] = (uint32_t)(pending & ((1ull << bits) - 1));
        pending >>= bits;
        have -= bits;
    }
    if (pending != 0) r->bad = true;
}
