/* http1.c - see the header. */
#include "common/api/http1.h"

#include "common/base/text.h"

enum { HTTP1_NAME_MAX = 256 /* bytes of a field's name */, HTTP1_SIZE_DIGITS = 9 };

/* ---- words ---- */

static bool is_token_char(uint8_t c)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return true;
    return c != 0 && strchr(others, c) != NULL;
}

static bool is_token(kd_bytes b)
{
    for (size_t i = 0; i < b.len; i++) {
        if (!is_token_char(b.data[i])) return false;
    }
    return b.len > 0;
}

static bool is_text_char(uint8_t c)
{
    return c == '\t' || (c >= ' ' && c != 0x7f);
}

static bool is_value(kd_bytes b)
{
    for (size_t i = 0; i < b.len; i++) {
        if (!is_text_char(b.data[i])) return false;
    }
    return true;
}

/* Each target of each request is looked at: a table, and no end before the last byte. */
/* Whether one of these eight bytes may not stand in a target: a blank or below, '#', and all from 0x7f on. */
static bool http1_odd_word(const uint8_t *at)
{
    const uint64_t each = 0x0101010101010101u;
    uint64_t word;
    memcpy(&word, at, sizeof word);
    uint64_t hash = word ^ each * '#', last = word ^ each * 0x7f;
    uint64_t odd = ((word - each * 0x21) & ~word) | ((hash - each) & ~hash) | ((last - each) & ~last) | word;
    return (odd & each * 0x80) != 0;
}

/* Every request has one, hence by words. */
bool kd_http1_is_target(kd_bytes b)
{
    const size_t size = sizeof(uint64_t);
    uint8_t few[sizeof(uint64_t)];
    if (b.len < size) {
        memset(few, '/', size);
        if (b.len > 0) memcpy(few, b.data, b.len);
        return b.len > 0 && !http1_odd_word(few);
    }
    bool odd = http1_odd_word(b.data + b.len - size);
    for (size_t i = 0; i + size <= b.len; i += size) odd |= http1_odd_word(b.data + i);
    return !odd;
}

/* Moves what stands before the separator from *rest to *piece, and drops the separator; false, and nothing moved, when there is none. */
static bool http1_cut(kd_bytes *rest, const char *separator, kd_bytes *piece)
{
    size_t n = strlen(separator);
    const uint8_t *at = rest->len > 0 ? memmem(rest->data, rest->len, separator, n) : NULL;
    if (!at) return false;
    *piece = kd_bytes_of(rest->data, (size_t)(at - rest->data));
    *rest = kd_bytes_of(at + n, rest->len - piece->len - n);
    return true;
}

static void http1_skip(kd_bytes *b, size_t n)
{
    *b = kd_bytes_of(b->data + n, b->len - n);
}

static bool take_char(kd_bytes *b, char c)
{
    if (b->len == 0 || b->data[0] != (uint8_t)c) return false;
    http1_skip(b, 1);
    return true;
}

static bool take_token(kd_bytes *b)
{
    size_t n = 0;
    while (n < b->len && is_token_char(b->data[n])) n++;
    if (n > 0) http1_skip(b, n);
    return n > 0;
}

/* "text", in which a backslash stands before any character of it. */
static bool take_quoted(kd_bytes *b)
{
    if (!take_char(b, '"')) return false;
    while (b->len > 0 && b->data[0] != '"') {
        take_char(b, '\\');
        if (b->len == 0 || !is_text_char(b->data[0])) return false;
        http1_skip(b, 1);
    }
    return take_char(b, '"');
}

static void skip_blanks(kd_bytes *b)
{
    while (b->len > 0 && (b->data[0] == ' ' || b->data[0] == '\t')) http1_skip(b, 1);
}

/* ---- the head ---- */

static int read_request_line(kd_bytes line, kd_http1_head *head)
{
    if (!http1_cut(&line, " ", &head->method) || !http1_cut(&line, " ", &head->target)) return 400;
    if (!is_token(head->method) || !kd_http1_is_target(head->target)) return 400;
    if (line.len != 8 || memcmp(line.data, "HTTP/", 5) != 0) return 400;
    if (memcmp(line.data, "HTTP/1.", 7) != 0) return 505;
    if (line.data[7] != '0' && line.data[7] != '1') return 505;
    head->http10 = line.data[7] == '0';
    head->keep_alive = !head->http10;
    return 0;
}

static int parse_length(kd_bytes value, kd_http1_head *head)
{
    if (head->has_length || value.len == 0 || value.len > 15) return 400;
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] < '0' || value.data[i] > '9') return 400;
        head->length = head->length * 10 + (uint64_t)(value.data[i] - '0');
    }
    head->has_length = true;
    return 0;
}

static int parse_coding(kd_bytes value, kd_http1_head *head)
{
    if (head->chunked) return 400;
    if (!kd_text_is_word(value, "chunked")) return 501;
    head->chunked = true;
    return 0;
}

static void parse_connection(kd_bytes value, kd_http1_head *head)
{
    kd_bytes word;
    for (bool more = true; more;) {
        more = http1_cut(&value, ",", &word);
        if (!more) word = value;
        if (kd_text_is_word(kd_text_trim_field(word), "close")) head->close = true;
        if (kd_text_is_word(kd_text_trim_field(word), "keep-alive")) head->keep_alive = true;
    }
}

static int note_field(kd_bytes name, kd_bytes value, kd_http1_head *head)
{
    if (kd_bytes_eq(name, kd_bytes_str("content-length"))) return parse_length(value, head);
    if (kd_bytes_eq(name, kd_bytes_str("transfer-encoding"))) return parse_coding(value, head);
    if (kd_bytes_eq(name, kd_bytes_str("connection"))) parse_connection(value, head);
    if (kd_bytes_eq(name, kd_bytes_str("host"))) head->has_host = true;
    return 0;
}

/* Fields that say where the body ends. */
static bool delimits(kd_bytes name)
{
    return kd_text_is_word(name, "content-length") || kd_text_is_word(name, "transfer-encoding");
}

/* "name: value" without its CRLF. */
static bool cut_field(kd_bytes line, kd_bytes *name, kd_bytes *value)
{
    if (!http1_cut(&line, ":", name) || !is_token(*name)) return false;
    *value = kd_text_trim_field(line);
    return is_value(*value);
}

static int read_field(kd_bytes line, const kd_http1_visitor *visitor, kd_http1_head *head)
{
    kd_bytes name, value;
    if (!cut_field(line, &name, &value)) return 400;
    /* A tab is a blank to us, and part of the value to some (http-parser). */
    if (delimits(name) && memchr(line.data, '\t', line.len)) return 400;
    if (name.len > HTTP1_NAME_MAX) return 431;
    uint8_t lower[HTTP1_NAME_MAX];
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.data[i];
        lower[i] = (uint8_t)(c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
    name = kd_bytes_of(lower, name.len);
    visitor->field(visitor->arg, name, value);
    return note_field(name, value, head);
}

int kd_http1_read_head(kd_bytes text, const kd_http1_visitor *visitor, kd_http1_head *head)
{
    *head = (kd_http1_head){.length = 0};
    kd_bytes line;
    if (!http1_cut(&text, "\r\n", &line)) return 400;
    int status = read_request_line(line, head);
    if (status == 0) status = visitor->line(visitor->arg, head);
    while (status == 0 && http1_cut(&text, "\r\n", &line) && line.len > 0)
        status = read_field(line, visitor, head);
    if (status != 0) return status;
    if (head->close) head->keep_alive = false; /* whatever else Connection says (RFC 9112, 9.3) */
    return head->chunked && (head->has_length || head->http10) ? 400 : 0;
}

const char *kd_http1_single(kd_bytes name)
{
#define IS(text, field) (memcmp(name.data, text, sizeof(text) - 1) == 0 ? (field) : NULL)
    switch (name.len) {
    case 4:
        return IS("host", "Host");
    case 6:
        return IS("origin", "Origin");
    case 9:
        return IS("x-user-id", "X-User-Id");
    case 10:
        return IS("kudos-seen", "Kudos-Seen");
    case 12:
        return IS("content-type", "Content-Type");
    case 13:
        if (name.data[0] == 'l') return IS("last-event-id", "Last-Event-ID");
        return name.data[0] == 'a' ? IS("authorization", "Authorization")
                                   : IS("kudos-session", "Kudos-Session");
    case 14:
        return IS("content-length", "Content-Length");
    case 15:
        return IS("idempotency-key", "Idempotency-Key");
    case 17:
        return IS("x-idempotency-key", "X-Idempotency-Key");
    default:
        return NULL;
    }
#undef IS
}

/* ---- the body ---- */

bool kd_http1_trailer(kd_bytes line)
{
    kd_bytes name, value;
    if (!cut_field(line, &name, &value)) return false;
    return !delimits(name) && !kd_text_is_word(name, "connection");
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') return c - '0';
    return (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* Extensions of a chunk up to the end of the line (RFC 9112, 7.1.1). No sender may write blanks or tabs between their parts, and readers differ on
 * them: to http-parser a tab behind the size is none. */
static bool are_extensions(kd_bytes rest)
{
    while (rest.len > 0) {
        if (!take_char(&rest, ';') || !take_token(&rest)) return false;
        if (take_char(&rest, '=') && !take_token(&rest) && !take_quoted(&rest)) return false;
    }
    return true;
}

bool kd_http1_chunk_size(kd_bytes line, uint64_t *size)
{
    uint64_t n = 0;
    size_t i = 0;
    for (; i < line.len && i < HTTP1_SIZE_DIGITS && hex_digit(line.data[i]) >= 0; i++)
        n = n * 16 + (uint64_t)hex_digit(line.data[i]);
    if (i == 0 || n > UINT32_MAX) return false;
    *size = n;
    http1_skip(&line, i);
    return are_extensions(line);
}

/* ---- media types ---- */

/* Parameters up to the end; one may be missing behind its ';'. */
static bool are_parameters(kd_bytes rest)
{
    while (rest.len > 0) {
        skip_blanks(&rest);
        if (!take_char(&rest, ';')) return false;
        skip_blanks(&rest);
        if (!take_token(&rest)) continue;
        if (!take_char(&rest, '=') || (!take_token(&rest) && !take_quoted(&rest))) return false;
    }
    return true;
}

bool kd_http1_media_type(kd_bytes text, kd_bytes *essence)
{
    kd_bytes rest = text;
    if (!take_token(&rest) || !take_char(&rest, '/') || !take_token(&rest)) return false;
    *essence = kd_bytes_of(text.data, text.len - rest.len);
    return are_parameters(rest);
}
