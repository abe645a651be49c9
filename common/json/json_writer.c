/*
 * json_writer.c - JSON or MessagePack appended to a buffer.
 *
 * Invariant: `comma` is true exactly when the next key or value must be parted from the one before it. A key
 * clears it, an opening bracket clears it, a value and a closing bracket set it; so no stack is needed.
 * MessagePack tells the size of a map or array before its content: there `open` holds, for each one that is
 * not closed, where it began and how much it has got.
 */
#include "common/json/json_writer.h"

#include "common/json/json_packed.h"
#include "common/json/utf8.h"

/* A member is counted by its key. */
static void count_value(kd_json *j)
{
    if (!j->keyed && j->depth > 0) j->open[j->depth - 1].count++;
    j->keyed = false;
}

static void separate(kd_json *j)
{
    if (j->packed)
        count_value(j);
    else if (j->comma)
        kd_buf_put_u8(j->out, ',');
    j->comma = true;
}

static void open_bracket(kd_json *j, uint8_t bracket)
{
    separate(j);
    if (j->packed) {
        KD_ASSERT(j->depth < KD_COUNT(j->open));
        j->open[j->depth].at = j->out->len;
        j->open[j->depth].count = 0;
        kd_packed_open(j->out);
    } else {
        kd_buf_put_u8(j->out, bracket);
    }
    j->depth++;
    j->comma = false;
}

static void close_bracket(kd_json *j, uint8_t bracket)
{
    KD_ASSERT(j->depth > 0);
    j->depth--;
    if (j->packed)
        kd_packed_close(j->out, j->open[j->depth].at, bracket == '}', j->open[j->depth].count);
    else
        kd_buf_put_u8(j->out, bracket);
    j->comma = true;
}

void kd_json_object(kd_json *j)
{
    open_bracket(j, '{');
}

void kd_json_end_object(kd_json *j)
{
    close_bracket(j, '}');
}

void kd_json_array(kd_json *j)
{
    open_bracket(j, '[');
}

void kd_json_end_array(kd_json *j)
{
    close_bracket(j, ']');
}

static void put_escape(kd_buf *out, uint8_t c)
{
    static const char hex[] = "0123456789abcdef";
    static const char shorts[] = "\"\"\\\\\nn\rr\tt\bb\ff"; /* character and letter, in pairs */
    for (size_t i = 0; i + 1 < sizeof shorts; i += 2) {
        if ((uint8_t)shorts[i] != c) continue;
        kd_buf_put(out, (char[]){'\\', shorts[i + 1]}, 2);
        return;
    }
    kd_buf_put(out, (char[]){'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]}, 6);
}

static bool is_plain(uint8_t c)
{
    return c >= 0x20 && c < 0x7F && c != '"' && c != '\\';
}

/* Not 0 where one of the eight bytes is 0: the lowest bit that is set stands in the first of them. */
static uint64_t zero_bytes(uint64_t word)
{
    return (word - 0x0101010101010101u) & ~word & 0x8080808080808080u;
}

/* Whether one of these eight bytes is not plain. */
static bool word_is_odd(const uint8_t *at)
{
    const uint64_t each = 0x0101010101010101u;
    uint64_t word;
    memcpy(&word, at, sizeof word);
    uint64_t odd = zero_bytes(word ^ each * '"') | zero_bytes(word ^ each * '\\') |
                   zero_bytes(word ^ each * 0x7F) | ((word - each * 0x20) & ~word) | word;
    return (odd & each * 0x80) != 0;
}

/* Eight bytes at a time, since names are mostly plain to the end. */
static bool all_plain(kd_bytes s)
{
    size_t n = 0;
    for (; n + 8 <= s.len; n += 8)
        if (word_is_odd(s.data + n)) return false;
    if (s.len >= 8) return n == s.len || !word_is_odd(s.data + s.len - 8);
    while (n < s.len && is_plain(s.data[n])) n++;
    return n == s.len;
}

/* The first byte, which is not plain: returns how many were taken. */
static size_t put_odd(kd_buf *out, kd_bytes s)
{
    if (s.data[0] < 0x80) {
        put_escape(out, s.data[0]);
        return 1;
    }
    size_t length = kd_utf8_length(s.data, s.len);
    if (length > 0)
        kd_buf_put(out, s.data, length);
    else
        kd_buf_put(out, KD_UTF8_REPLACEMENT, 3);
    return KD_MAX(length, (size_t)1);
}

static void put_string_slowly(kd_buf *out, kd_bytes s)
{
    kd_buf_put_u8(out, '"');
    while (s.len > 0) {
        size_t n = 0;
        while (n < s.len && is_plain(s.data[n])) n++;
        if (n > 0)
            kd_buf_put(out, s.data, n);
        else
            n = put_odd(out, s);
        s = kd_bytes_of(s.data + n, s.len - n);
    }
    kd_buf_put_u8(out, '"');
}

static void put_string(kd_buf *out, kd_bytes s)
{
    if (!all_plain(s)) {
        put_string_slowly(out, s);
        return;
    }
    if (s.len + 2 > out->cap - out->len) kd_buf_reserve(out, s.len + 2);
    uint8_t *to = out->data + out->len;
    to[0] = '"';
    if (s.len > 0) memcpy(to + 1, s.data, s.len);
    to[s.len + 1] = '"';
    out->len += s.len + 2;
}

static void put_packed_key(kd_json *j, kd_bytes key)
{
    separate(j);
    kd_packed_str(j->out, key);
    j->keyed = true;
}

void kd_json_key_bytes(kd_json *j, kd_bytes key)
{
    if (j->packed) {
        put_packed_key(j, key);
        return;
    }
    separate(j);
    put_string(j->out, key);
    kd_buf_put_u8(j->out, ':');
    j->comma = false;
}

void kd_json_key_plain(kd_json *j, const char *key, size_t len)
{
    if (j->packed) {
        put_packed_key(j, kd_bytes_of(key, len));
        return;
    }
    kd_buf_reserve(j->out, len + 4);
    separate(j);
    uint8_t *to = j->out->data + j->out->len; /* an answer has a dozen keys: one check of room each */
    to[0] = '"';
    memcpy(to + 1, key, len);
    to[len + 1] = '"';
    to[len + 2] = ':';
    j->out->len += len + 3;
    j->comma = false;
}

void kd_json_str(kd_json *j, kd_bytes value)
{
    separate(j);
    if (j->packed)
        kd_packed_str(j->out, value);
    else
        put_string(j->out, value);
}

void kd_json_cstr(kd_json *j, const char *value)
{
    kd_json_str(j, kd_bytes_str(value));
}

/* By the number of its bits, which gives the number of digits or one less. */
static size_t decimal_length(uint64_t v)
{
    static const uint64_t least[] = {0,
                                     10,
                                     100,
                                     1000,
                                     10000,
                                     100000,
                                     1000000,
                                     10000000,
                                     100000000,
                                     1000000000,
                                     10000000000,
                                     100000000000,
                                     1000000000000,
                                     10000000000000,
                                     100000000000000,
                                     1000000000000000,
                                     10000000000000000,
                                     100000000000000000,
                                     1000000000000000000,
                                     10000000000000000000u};
    size_t n = (64 - (size_t)__builtin_clzll(v | 1)) * 1233 >> 12;
    return n + (v >= least[n]);
}

size_t kd_decimal(uint64_t v, char *out)
{
    size_t len = v < 10 ? 1 : decimal_length(v);
    for (size_t at = len; at > 1; v /= 10) out[--at] = (char)('0' + v % 10);
    out[0] = (char)('0' + v);
    return len;
}

void kd_json_u64(kd_json *j, uint64_t value)
{
    char digits[20];
    separate(j);
    if (j->packed)
        kd_packed_u64(j->out, value);
    else
        kd_buf_put(j->out, digits, kd_decimal(value, digits));
}

static void put_negative(kd_buf *out, int64_t value)
{
    char digits[21] = "-";
    size_t len = kd_decimal(0 - (uint64_t)value, digits + 1); /* -INT64_MIN is no int64_t */
    kd_buf_put(out, digits, 1 + len);
}

void kd_json_i64(kd_json *j, int64_t value)
{
    if (value >= 0) {
        kd_json_u64(j, (uint64_t)value);
        return;
    }
    separate(j);
    if (j->packed)
        kd_packed_i64(j->out, value);
    else
        put_negative(j->out, value);
}

static void put_word(kd_json *j, const char *word)
{
    kd_buf_put(j->out, word, strlen(word));
}

void kd_json_raw(kd_json *j, kd_bytes value)
{
    KD_ASSERT(!j->packed);
    separate(j);
    kd_buf_put(j->out, value.data, value.len);
}

void kd_json_bool(kd_json *j, bool value)
{
    separate(j);
    if (j->packed)
        kd_packed_bool(j->out, value);
    else
        put_word(j, value ? "true" : "false");
}

void kd_json_null(kd_json *j)
{
    separate(j);
    if (j->packed)
        kd_packed_null(j->out);
    else
        put_word(j, "null");
}
