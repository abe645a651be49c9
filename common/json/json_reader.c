/*
 * json_reader.c - a pull parser over borrowed bytes. `started` has a bit per open level, so no stack is
 * needed; a container is entered with its bit clear, and the first value in it sets it.
 */
#include "common/json/json_reader.h"

#include <endian.h>

static bool json_reader_fail(kd_json_in *j)
{
    j->bad = true;
    return false;
}

static void skip_blanks(kd_json_in *j)
{
    while (j->p < j->end && (*j->p == ' ' || *j->p == '\n' || *j->p == '\t' || *j->p == '\r')) j->p++;
}

static bool json_reader_take(kd_json_in *j, uint8_t c)
{
    skip_blanks(j);
    if (j->bad || j->p == j->end || *j->p != c) return false;
    j->p++;
    return true;
}

static uint32_t level_bit(const kd_json_in *j)
{
    return 1u << (j->depth - 1);
}

static bool container_enter(kd_json_in *j, uint8_t open)
{
    if (j->depth == KD_JSON_DEPTH_MAX || !json_reader_take(j, open)) return json_reader_fail(j);
    j->depth++;
    j->started &= ~level_bit(j);
    return true;
}

/* Before a member or an element: true when one follows, false when the container has been closed. */
static bool container_goes_on(kd_json_in *j, uint8_t close)
{
    KD_ASSERT(j->depth > 0);
    if (j->bad) return false;
    bool first = !(j->started & level_bit(j));
    if (json_reader_take(j, close)) {
        j->depth--;
        return false;
    }
    if (!first && !json_reader_take(j, ',')) return json_reader_fail(j);
    j->started |= level_bit(j);
    return true;
}

kd_json_in kd_json_in_of(kd_bytes text, kd_buf *scratch)
{
    kd_buf_clear(scratch);
    if (!text.data) text = kd_bytes_str(""); /* an empty body: no arithmetic on NULL */
    return (kd_json_in){.p = text.data, .end = text.data + text.len, .scratch = scratch};
}

bool kd_json_in_object(kd_json_in *j)
{
    return container_enter(j, '{');
}
bool kd_json_in_array(kd_json_in *j)
{
    return container_enter(j, '[');
}
bool kd_json_in_element(kd_json_in *j)
{
    return container_goes_on(j, ']');
}

bool kd_json_in_key(kd_json_in *j, kd_bytes *key)
{
    if (!container_goes_on(j, '}') || !kd_json_in_str(j, key)) return false;
    return json_reader_take(j, ':') || json_reader_fail(j);
}

static bool read_hex4(kd_json_in *j, uint32_t *out)
{
    if (j->end - j->p < 4) return false;
    uint32_t v = 0;
    for (int i = 0; i < 4; i++) {
        uint8_t c = *j->p++;
        if (c >= '0' && c <= '9')
            v = v << 4 | (uint32_t)(c - '0');
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            v = v << 4 | (uint32_t)((c | 0x20) - 'a' + 10);
        else
            return false;
    }
    *out = v;
    return true;
}

static void put_utf8(kd_buf *b, uint32_t c)
{
    if (c < 0x80) {
        kd_buf_put_u8(b, (uint8_t)c);
        return;
    }
    int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const uint8_t lead[] = {0, 0xc0, 0xe0, 0xf0};
    kd_buf_put_u8(b, (uint8_t)(lead[more] | c >> (6 * more)));
    while (more-- > 0) kd_buf_put_u8(b, (uint8_t)(0x80 | (c >> (6 * more) & 0x3f)));
}

static bool read_unicode(kd_json_in *j)
{
    uint32_t c, low;
    if (!read_hex4(j, &c)) return false;
    if (c >= 0xdc00 && c <= 0xdfff) return false;
    if (c >= 0xd800 && c <= 0xdbff) {
        if (j->end - j->p < 2 || j->p[0] != '\\' || j->p[1] != 'u') return false;
        j->p += 2;
        if (!read_hex4(j, &low) || low < 0xdc00 || low > 0xdfff) return false;
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    }
    put_utf8(j->scratch, c);
    return true;
}

static bool read_escape(kd_json_in *j)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (j->p == j->end) return false;
    uint8_t c = *j->p++;
    if (c == 'u') return read_unicode(j);
    const char *at = c ? strchr(from, c) : NULL;
    if (at) kd_buf_put_u8(j->scratch, (uint8_t)to[at - from]);
    return at != NULL;
}

/* Reads a string from its first backslash on. Earlier views point into the scratch buffer, so it must not move: the first escaped string reserves
 * room for all that is left of the input, and unescaped text is never longer than escaped text. */
static bool read_escaped(kd_json_in *j, const uint8_t *from, kd_bytes *value)
{
    if (j->scratch->len == 0) kd_buf_reserve(j->scratch, (size_t)(j->end - from));
    size_t at = j->scratch->len;
    kd_buf_put(j->scratch, from, (size_t)(j->p - from));
    while (j->p < j->end && *j->p >= 0x20) {
        uint8_t c = *j->p++;
        if (c == '"') {
            *value = kd_bytes_of(j->scratch->data + at, j->scratch->len - at);
            return true;
        }
        if (c != '\\')
            kd_buf_put_u8(j->scratch, c);
        else if (!read_escape(j))
            return json_reader_fail(j);
    }
    return json_reader_fail(j);
}

/* The high bit of each of eight bytes that is below `low` (at most 0x80). Bytes above the first such one may have theirs wrongly. */
static uint64_t bytes_below(uint64_t word, uint64_t low)
{
    const uint64_t each = 0x0101010101010101;
    return (word - low * each) & ~word & 0x80 * each;
}

/* Where a string's text has its first quote, backslash or control character; the end where it has none. By eight bytes at once. */
static const uint8_t *string_text_end(const uint8_t *p, const uint8_t *end)
{
    const uint64_t each = 0x0101010101010101;
    uint64_t word;
    for (; (size_t)(end - p) >= sizeof word; p += sizeof word) {
        memcpy(&word, p, sizeof word);
        word = le64toh(word); /* the first byte is the lowest one */
        uint64_t found =
            bytes_below(word, 0x20) | bytes_below(word ^ '"' * each, 1) | bytes_below(word ^ '\\' * each, 1);
        if (found) return p + __builtin_ctzll(found) / 8;
    }
    while (p < end && *p != '"' && *p != '\\' && *p >= 0x20) p++;
    return p;
}

bool kd_json_in_str(kd_json_in *j, kd_bytes *value)
{
    if (!json_reader_take(j, '"')) return json_reader_fail(j);
    const uint8_t *from = j->p;
    j->p = string_text_end(from, j->end);
    if (j->p == j->end || *j->p < 0x20) return json_reader_fail(j);
    if (*j->p == '\\') return read_escaped(j, from, value);
    *value = kd_bytes_of(from, (size_t)(j->p - from));
    j->p++;
    return true;
}

static bool at_digit(const kd_json_in *j)
{
    return j->p < j->end && *j->p >= '0' && *j->p <= '9';
}

bool kd_json_in_u64(kd_json_in *j, uint64_t *value)
{
    skip_blanks(j);
    if (j->bad || !at_digit(j)) return json_reader_fail(j);
    const uint8_t *from = j->p;
    uint64_t v = 0;
    for (; at_digit(j); j->p++)
        if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, (uint64_t)(*j->p - '0'), &v))
            return json_reader_fail(j);
    if (*from == '0' && j->p - from > 1) return json_reader_fail(j);
    if (j->p < j->end && (*j->p == '.' || *j->p == 'e' || *j->p == 'E')) return json_reader_fail(j);
    *value = v;
    return true;
}

static bool json_reader_literal(kd_json_in *j, const char *text)
{
    size_t len = strlen(text);
    skip_blanks(j);
    if (j->bad || (size_t)(j->end - j->p) < len || memcmp(j->p, text, len) != 0) return json_reader_fail(j);
    j->p += len;
    return true;
}

bool kd_json_in_null(kd_json_in *j)
{
    return json_reader_literal(j, "null");
}

bool kd_json_in_bool(kd_json_in *j, bool *value)
{
    *value = kd_json_in_peek(j) == 't';
    return json_reader_literal(j, *value ? "true" : "false");
}

uint8_t kd_json_in_peek(kd_json_in *j)
{
    skip_blanks(j);
    return j->bad || j->p == j->end ? 0 : *j->p;
}

static bool skip_digits(kd_json_in *j)
{
    const uint8_t *from = j->p;
    while (at_digit(j)) j->p++;
    return j->p > from || json_reader_fail(j);
}

static bool skip_number(kd_json_in *j)
{
    if (*j->p == '-') j->p++;
    const uint8_t *from = j->p;
    if (!skip_digits(j)) return false;
    if (*from == '0' && j->p - from > 1) return json_reader_fail(j);
    if (j->p < j->end && *j->p == '.') {
        j->p++;
        if (!skip_digits(j)) return false;
    }
    if (j->p < j->end && (*j->p | 0x20) == 'e') {
        j->p++;
        if (j->p < j->end && (*j->p == '+' || *j->p == '-')) j->p++;
        return skip_digits(j);
    }
    return true;
}

/* The recursion ends at KD_JSON_DEPTH_MAX, because container_enter() does. */
bool kd_json_in_skip(kd_json_in *j)
{
    kd_bytes text;
    bool truth;
    switch (kd_json_in_peek(j)) {
    case '{':
        if (!kd_json_in_object(j)) return false;
        while (kd_json_in_key(j, &text))
            if (!kd_json_in_skip(j)) return false;
        return !j->bad;
    case '[':
        if (!kd_json_in_array(j)) return false;
        while (kd_json_in_element(j))
            if (!kd_json_in_skip(j)) return false;
        return !j->bad;
    case '"':
        return kd_json_in_str(j, &text);
    case 't':
    case 'f':
        return kd_json_in_bool(j, &truth);
    case 'n':
        return kd_json_in_null(j);
    case '-':
        return skip_number(j);
    default:
        return at_digit(j) ? skip_number(j) : json_reader_fail(j);
    }
}

bool kd_json_in_end(kd_json_in *j)
{
    skip_blanks(j);
    return !j->bad && j->depth == 0 && j->p == j->end;
}
