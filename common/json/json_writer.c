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

static void put_string(kd_buf *out, kd_bytes s)
{
    kd_buf_reserve(out, s.len + 2);
    kd_buf_put_u8(out, '"');
    for (size_t i = 0, run; i < s.len; i += run) {
        for (run = 0; i + run < s.len && is_plain(s.data[i + run]);) run++;
        kd_buf_put(out, s.data + i, run);
        if (run > 0) continue;
        run = 1;
        if (s.data[i] < 0x80) {
            put_escape(out, s.data[i]);
            continue;
        }
        size_t length = kd_utf8_length(s.data + i, s.len - i);
        if (length > 0)
            kd_buf_put(out, s.data + i, run = length);
        else
            kd_buf_put(out, KD_UTF8_REPLACEMENT, 3);
    }
    kd_buf_put_u8(out, '"');
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

size_t kd_decimal(uint64_t v, char *out)
{
    char digits[20];
    size_t at = sizeof digits;
    do digits[--at] = (char)('0' + v % 10);
    while ((v /= 10) != 0);
    memcpy(out, digits + at, sizeof digits - at);
    return sizeof digits - at;
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
