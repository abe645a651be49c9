/*
 * json_writer.c - JSON appended to a buffer.
 *
 * Invariant: `comma` is true exactly when the next key or value must be parted from the one before it. A key
 * clears it, an opening bracket clears it, a value and a closing bracket set it; so no stack is needed.
 */
#include "common/json/json_writer.h"

static void separate(kd_json *j)
{
    if (j->comma) kd_buf_put_u8(j->out, ',');
    j->comma = true;
}

static void open_bracket(kd_json *j, uint8_t bracket)
{
    separate(j);
    kd_buf_put_u8(j->out, bracket);
    j->depth++;
    j->comma = false;
}

static void close_bracket(kd_json *j, uint8_t bracket)
{
    KD_ASSERT(j->depth > 0);
    kd_buf_put_u8(j->out, bracket);
    j->depth--;
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

/* Length of the valid UTF-8 sequence at p (Unicode 15, table 3-7), or 0. Overlong forms and surrogates are
 * not valid. */
static size_t utf8_length(const uint8_t *p, size_t left)
{
    uint8_t low = 0x80, high = 0xBF;
    size_t length = p[0] < 0x80   ? 1
                    : p[0] < 0xC2 ? 0
                    : p[0] < 0xE0 ? 2
                    : p[0] < 0xF0 ? 3
                    : p[0] < 0xF5 ? 4
                                  : 0;
    if (length == 0 || length > left) return 0;
    if (p[0] == 0xE0) low = 0xA0;
    if (p[0] == 0xED) high = 0x9F;
    if (p[0] == 0xF0) low = 0x90;
    if (p[0] == 0xF4) high = 0x8F;
    if (length > 1 && (p[1] < low || p[1] > high)) return 0;
    for (size_t i = 2; i < length; i++)
        if (p[i] < 0x80 || p[i] > 0xBF) return 0;
    return length;
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
        size_t length = utf8_length(s.data + i, s.len - i);
        if (length > 0)
            kd_buf_put(out, s.data + i, run = length);
        else
            kd_buf_put(out, "\xEF\xBF\xBD", 3);
    }
    kd_buf_put_u8(out, '"');
}

void kd_json_key_bytes(kd_json *j, kd_bytes key)
{
    separate(j);
    put_string(j->out, key);
    kd_buf_put_u8(j->out, ':');
    j->comma = false;
}

void kd_json_key_plain(kd_json *j, const char *key, size_t len)
{
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
    put_string(j->out, value);
}

void kd_json_cstr(kd_json *j, const char *value)
{
    kd_json_str(j, kd_bytes_str(value));
}

size_t kd_decimal(uint64_t v, char *out)
{
    char reversed[20];
    size_t n = 0;
    do reversed[n++] = (char)('0' + v % 10);
    while ((v /= 10) != 0);
    for (size_t i = 0; i < n; i++) out[i] = reversed[n - 1 - i];
    return n;
}

void kd_json_u64(kd_json *j, uint64_t value)
{
    char digits[20];
    separate(j);
    kd_buf_put(j->out, digits, kd_decimal(value, digits));
}

void kd_json_i64(kd_json *j, int64_t value)
{
    char digits[21] = "-";
    separate(j);
    size_t sign = value < 0;
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value; /* -INT64_MIN is no int64_t */
    kd_buf_put(j->out, digits + 1 - sign, sign + kd_decimal(magnitude, digits + 1));
}

void kd_json_raw(kd_json *j, kd_bytes value)
{
    separate(j);
    kd_buf_put(j->out, value.data, value.len);
}

void kd_json_bool(kd_json *j, bool value)
{
    kd_json_raw(j, kd_bytes_str(value ? "true" : "false"));
}

void kd_json_null(kd_json *j)
{
    kd_json_raw(j, kd_bytes_str("null"));
}
