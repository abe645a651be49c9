/* wire_columns.c - strings with numbers and UUIDs at their ends, and packed bits. */
#include "common/wire/wire_columns.h"

#include <endian.h>

enum { DIGITS_MAX = 18, UUID_TEXT = 36, UUID_BYTES = 16, WORD = sizeof(uint64_t) };
enum { FORM_NEW_UUID = KD_TAIL_UUID, FORM_UUID = 3, FORM_GAP = 4 };

/* Value of a lower-case hexadecimal digit, or -1. */
static int wire_columns_nibble(uint8_t c)
{
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_dash(int at)
{
    return at == 8 || at == 13 || at == 18 || at == 23;
}

static bool is_uuid(const uint8_t *text)
{
    if (text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-') return false;
    for (int i = 0; i < UUID_TEXT; i++)
        if (!is_dash(i) && wire_columns_nibble(text[i]) < 0) return false;
    return true;
}

static void put_uuid(kd_buf *out, const uint8_t *text)
{
    for (int i = 0; i < UUID_TEXT; i += 2) {
        if (is_dash(i)) i++;
        int high = wire_columns_nibble(text[i]), low = wire_columns_nibble(text[i + 1]);
        kd_buf_put_u8(out, (uint8_t)(high * 16 + low));
    }
}

static void uuid_text(const uint8_t *bytes, uint8_t *text)
{
    static const char hex[] = "0123456789abcdef";
    for (int i = 0; i < UUID_TEXT; i += 2, bytes++) {
        if (is_dash(i)) text[i++] = '-';
        text[i] = (uint8_t)hex[*bytes >> 4];
        text[i + 1] = (uint8_t)hex[*bytes & 15];
    }
}

/* Whether these are WORD digits; then *number is theirs. Neighbours are joined three times: digits to pairs, pairs to fours, fours to one number. */
static bool word_is_number(const uint8_t *at, uint64_t *number)
{
    const uint64_t high = 0xf0f0f0f0f0f0f0f0, six = 0x0606060606060606, threes = 0x3030303030303030;
    uint64_t word;
    memcpy(&word, at, sizeof word);
    word = le64toh(word); /* the first digit is the lowest byte */
    if ((word & high) != threes || ((word + six) & high) != threes) return false;
    word -= threes;
    word = (word * 10 + (word >> 8)) & 0x00ff00ff00ff00ff;
    word = (word * 100 + (word >> 16)) & 0x0000ffff0000ffff;
    *number = (uint32_t)(word * 10000 + (word >> 32));
    return true;
}

kd_split kd_split_of(kd_bytes s)
{
    if (s.len >= UUID_TEXT && is_uuid(s.data + s.len - UUID_TEXT))
        return (kd_split){.prefix_len = (uint32_t)s.len - UUID_TEXT, .tail = KD_TAIL_UUID};
    size_t at = s.len;
    uint64_t number = 0, place = 1, eight;
    for (; at >= WORD && s.len - at + WORD <= DIGITS_MAX && word_is_number(s.data + at - WORD, &eight);
         at -= WORD, place *= 100000000)
        number += place * eight;
    for (; at > 0 && s.len - at < DIGITS_MAX && s.data[at - 1] >= '0' && s.data[at - 1] <= '9';
         at--, place *= 10)
        number += place * (uint64_t)(s.data[at - 1] - '0');
    while (at + 1 < s.len && s.data[at] == '0') at++;
    return (kd_split){
        .prefix_len = (uint32_t)at, .tail = at < s.len ? KD_TAIL_NUMBER : KD_TAIL_NONE, .number = number};
}

int kd_split_cmp(kd_bytes a, kd_split a_split, kd_bytes b, kd_split b_split)
{
    uint32_t a_len = a_split.prefix_len, b_len = b_split.prefix_len;
    int order = kd_bytes_cmp(kd_bytes_of(a.data, a_len), kd_bytes_of(b.data, b_len));
    if (order != 0) return order;
    if (a_split.tail != b_split.tail) return a_split.tail < b_split.tail ? -1 : 1;
    if (a_split.tail == KD_TAIL_UUID) return memcmp(a.data + a_len, b.data + b_len, UUID_TEXT);
    return a_split.number < b_split.number ? -1 : a_split.number > b_split.number;
}

static uint32_t shared_len(const kd_string_column *state, const uint8_t *prefix, uint32_t len)
{
    uint32_t n = 0, most = KD_MIN(state->prefix_len, len);
    while (n < most && state->prefix[n] == prefix[n]) n++;
    return n;
}

static void put_prefix(kd_string_column *state, kd_buf *out, kd_bytes prefix, uint32_t shared, kd_tail tail)
{
    kd_buf_put_varint(out, tail);
    kd_buf_put_varint(out, shared);
    kd_buf_put_varint(out, prefix.len - shared);
    kd_buf_put(out, prefix.data + shared, prefix.len - shared);
    memcpy(state->prefix, prefix.data, prefix.len);
    state->prefix_len = (uint32_t)prefix.len;
}

void kd_string_column_put(kd_string_column *state, kd_buf *out, kd_bytes s, kd_split split)
{
    KD_ASSERT(s.len >= 1 && s.len <= KD_ITEM_KEY_MAX);
    uint32_t shared = shared_len(state, s.data, split.prefix_len);
    bool same = shared == split.prefix_len && shared == state->prefix_len;
    if (same && split.tail == KD_TAIL_NUMBER && split.number >= state->number) {
        kd_buf_put_varint(out, FORM_GAP + split.number - state->number);
    } else {
        if (same && split.tail == KD_TAIL_UUID)
            kd_buf_put_varint(out, FORM_UUID);
        else
            put_prefix(state, out, kd_bytes_of(s.data, split.prefix_len), shared, split.tail);
        if (split.tail == KD_TAIL_NUMBER) kd_buf_put_varint(out, split.number);
        if (split.tail == KD_TAIL_UUID) put_uuid(out, s.data + split.prefix_len);
    }
    state->number = split.number;
}

/* Reads a front-coded prefix; *same: it equals the prefix before. False unless `shared` is as long as it can be. */
static bool read_prefix(kd_string_column *state, kd_reader *r, bool *same)
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

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* Whether kd_split_of divides a string that was put together of prefix and tail in the same place. The tail's digits have no zero in front. So only
 * digits at the end of the prefix, or a UUID that both form, can move the place. Zeros there do not: kd_split_of leaves them to the prefix. */
static bool splits_alike(kd_bytes s, const kd_string_column *state)
{
    size_t at = state->prefix_len;
    if (state->tail == KD_TAIL_UUID) return true;
    if (s.len >= UUID_TEXT && is_uuid(s.data + s.len - UUID_TEXT)) return false;
    if (state->tail == KD_TAIL_NONE) return !is_digit(s.data[s.len - 1]);
    if (s.len - at > DIGITS_MAX) return false;
    while (at > 0 && s.len - at < DIGITS_MAX && s.data[at - 1] == '0') at--;
    return at == 0 || s.len - at == DIGITS_MAX || !is_digit(s.data[at - 1]);
}

/* Appends prefix and tail. Bad unless kd_split_of gives the same two again: else a string would have two encodings. */
static uint32_t append_string(const kd_string_column *state, kd_bytes tail, kd_reader *r, kd_buf *arena)
{
    size_t len = state->prefix_len + tail.len;
    if (len == 0 || len > KD_ITEM_KEY_MAX) {
        r->bad = true;
        return 0;
    }
    kd_buf_reserve(arena, len);
    uint8_t *text = arena->data + arena->len;
    memcpy(text, state->prefix, state->prefix_len);
    if (tail.len) memcpy(text + state->prefix_len, tail.data, tail.len);
    arena->len += len;
    if (!splits_alike(kd_bytes_of(text, len), state)) r->bad = true;
    return (uint32_t)len;
}

static uint32_t append_number(const kd_string_column *state, kd_reader *r, kd_buf *arena)
{
    uint8_t digits[20];
    size_t at = sizeof digits;
    uint64_t v = state->number;
    do digits[--at] = (uint8_t)('0' + v % 10);
    while ((v /= 10) > 0);
    return append_string(state, kd_bytes_of(digits + at, sizeof digits - at), r, arena);
}

static uint32_t append_uuid(const kd_string_column *state, kd_reader *r, kd_buf *arena)
{
    uint8_t text[UUID_TEXT];
    kd_bytes bytes = kd_read_bytes(r, UUID_BYTES);
    if (r->bad) return 0;
    uuid_text(bytes.data, text);
    return append_string(state, kd_bytes_of(text, sizeof text), r, arena);
}

uint32_t kd_string_column_get(kd_string_column *state, kd_reader *r, kd_buf *arena)
{
    uint64_t form = kd_read_varint(r), before = state->number;
    bool same = false;
    if (form < FORM_UUID && !read_prefix(state, r, &same)) r->bad = true;
    state->tail = form >= FORM_GAP ? KD_TAIL_NUMBER : form == FORM_UUID ? KD_TAIL_UUID : (kd_tail)form;
    if (form >= FORM_GAP)
        state->number += form - FORM_GAP;
    else
        state->number = form == KD_TAIL_NUMBER ? kd_read_varint(r) : 0;
    bool wrapped = form >= FORM_GAP && state->number < before;
    bool longer_than_needed =
        same && (form == FORM_NEW_UUID || (form == KD_TAIL_NUMBER && state->number >= before));
    if (wrapped || longer_than_needed) r->bad = true;
    if (r->bad) return 0;
    if (state->tail == KD_TAIL_NONE) return append_string(state, (kd_bytes){0}, r, arena);
    return state->tail == KD_TAIL_UUID ? append_uuid(state, r, arena) : append_number(state, r, arena);
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
