/*
 * h1_differences.h - where our parser of HTTP/1.1 may refuse what http-parser takes: the whole list, each with its reason. fuzz_h1.c holds a difference
 * that none of them explains for a bug. Nothing that http-parser refuses is taken, but for what differs_laxly lists. Of what both take, they may
 * disagree on one thing: whether the connection goes on, as differs_option lists.
 */
#ifndef KUDOS_TESTS_FUZZ_H1_DIFFERENCES_H
#define KUDOS_TESTS_FUZZ_H1_DIFFERENCES_H

#include <strings.h>

#include "common/api/authority.h"
#include "common/base/text.h"
#include "common/io/http/server/http_server.h"
#include "tests/fuzz/h1_other.h"

static inline bool differs_has(const kd_buf *b, const char *text)
{
    return b->len > 0 && memmem(b->data, b->len, text, strlen(text)) != NULL;
}

static inline bool differs_is(const kd_buf *b, const char *text)
{
    return b->len == strlen(text) && (b->len == 0 || strncasecmp((const char *)b->data, text, b->len) == 0);
}

static inline size_t differs_count(const other_message *m, const char *name, const kd_buf **last)
{
    size_t n = 0;
    for (size_t i = 0; i < m->field_count && i < OTHER_FIELDS; i++) {
        if (!differs_is(&m->fields[i].name, name)) continue;
        *last = &m->fields[i].value;
        n++;
    }
    return n;
}

static inline bool differs_hex(uint8_t c)
{
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'f');
}

/* Lines of the framing end by CR LF and nothing else; elsewhere there are no controls. http-parser takes bare LF everywhere, and anything in the
 * extensions of a chunk. Two readers that part lines otherwise see other fields. */
static inline bool differs_lines(const other_message *m)
{
    const kd_buf *f = &m->framing;
    for (size_t i = 0; i < f->len; i++) {
        uint8_t c = f->data[i];
        if (c == '\n' && (i == 0 || f->data[i - 1] != '\r')) return true;
        if (c == '\r' && (i + 1 == f->len || f->data[i + 1] != '\n')) return true;
        if ((c < ' ' && c != '\t' && c != '\r' && c != '\n') || c == 0x7f) return true;
    }
    return false;
}

/* Folded lines (RFC 9112, 5.2: a server may refuse them). */
static inline bool differs_folds(const other_message *m)
{
    return differs_has(&m->framing, "\n ") || differs_has(&m->framing, "\n\t");
}

static inline bool differs_token(uint8_t c)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') ||
           memchr(marks, c, sizeof marks - 1) != NULL;
}

/* A name is a token: no blank before the colon (RFC 9112, 5.1), in trailers neither. */
static inline bool differs_names(const other_message *m)
{
    const kd_buf *f = &m->framing;
    bool begin = false;
    for (size_t i = 0; i < f->len; i++) {
        uint8_t c = f->data[i];
        bool token = differs_token(c);
        if (begin && c == ':' && f->data[i - 1] == '\n') return true;
        if (begin && c == ':') begin = false;
        if (begin && i < m->head && !token && c != '\r' && c != '\n') return true;
        if (c == '\n') begin = true;
    }
    return false;
}

/* The request line has one blank between its parts, and begins where the last message ended, or behind up to four whole empty lines. */
static inline bool differs_request_line(const other_message *m)
{
    const kd_buf *f = &m->framing;
    size_t at = 0;
    while (at < f->len && (f->data[at] == '\r' || f->data[at] == '\n')) at++;
    if (at > 4 * strlen("\r\n")) return true;
    for (; at + 1 < f->len && f->data[at] != '\r' && f->data[at] != '\n'; at++) {
        if (f->data[at] == ' ' && (f->data[at + 1] == ' ' || f->data[at + 1] == '\r')) return true;
        if (f->data[at] == '\t') return true;
    }
    return false;
}

/* Versions are 1.0 and 1.1, written so; Debian's http-parser takes HTxP/1.1, too. */
static inline bool differs_version(const other_message *m)
{
    const kd_buf *f = &m->framing;
    size_t at = 0;
    while (at < f->len && (f->data[at] == '\r' || f->data[at] == '\n')) at++;
    while (at < f->len && f->data[at] != '\r' && f->data[at] != '\n') at++;
    return m->major != 1 || m->minor > 1 || at < 9 ||
           (memcmp(f->data + at - 9, " HTTP/1.1", 9) != 0 && memcmp(f->data + at - 9, " HTTP/1.0", 9) != 0);
}

/* A target is a path, an http or https URL, or * of OPTIONS, in ASCII and without a fragment. */
static inline bool differs_target(const other_message *m)
{
    const kd_buf *u = &m->url;
    for (size_t i = 0; i < u->len; i++)
        if (u->data[i] == '#' || u->data[i] >= 0x7f) return true;
    if (u->len == 0 || differs_is(u, "*")) return !differs_is(&m->method, "OPTIONS");
    if (u->data[0] == '/') return false;
    return (u->len < 7 || strncasecmp((const char *)u->data, "http://", 7) != 0) &&
           (u->len < 8 || strncasecmp((const char *)u->data, "https://", 8) != 0);
}

/* The part of an absolute target that names the host; empty for a path. *rest is what follows. */
static inline kd_bytes differs_authority(const other_message *m, kd_bytes *rest)
{
    const kd_buf *u = &m->url;
    const uint8_t *at = u->len > 0 && u->data[0] != '/' ? memmem(u->data, u->len, "://", 3) : NULL;
    *rest = kd_buf_view(u);
    if (!at) return kd_bytes_of(NULL, 0);
    struct http_parser_url parts;
    http_parser_url_init(&parts);
    size_t begin = (size_t)(at - u->data) + 3, end = u->len;
    if (http_parser_parse_url((const char *)u->data, u->len, 0, &parts) == 0) {
        if (parts.field_set & (1 << UF_PATH))
            end = parts.field_data[UF_PATH].off;
        else if (parts.field_set & (1 << UF_QUERY))
            end = (size_t)parts.field_data[UF_QUERY].off - 1;
    } else {
        /* no host by http-parser, but for a colon without a port we say so, too */
        for (end = begin; end < u->len && u->data[end] != '/' && u->data[end] != '?';) end++;
    }
    *rest = kd_bytes_of(u->data + end, u->len - end);
    return kd_bytes_of(u->data + begin, end - begin);
}

/* One host, which is one. http-parser does not look at it. */
static inline bool differs_host(const other_message *m)
{
    const kd_buf *host = NULL;
    kd_bytes rest, authority = differs_authority(m, &rest);
    bool absolute = authority.data != NULL;
    size_t hosts = differs_count(m, "host", &host);
    if (hosts > 1 || (hosts == 0 && m->minor == 1)) return true;
    if (absolute && !kd_authority_valid(authority)) return true;
    if (hosts == 0) return false;
    return !kd_authority_valid(kd_buf_view(host)) ||
           (absolute && !kd_authority_same(authority, kd_buf_view(host)));
}

/* Moves the first element of a list (RFC 9110, 5.6.1) from *rest to *element, blanks around it included. */
static inline bool differs_next_element(kd_bytes *rest, kd_bytes *element)
{
    if (!rest->data) return false;
    const uint8_t *comma = rest->len > 0 ? memchr(rest->data, ',', rest->len) : NULL;
    *element = kd_bytes_of(rest->data, comma ? (size_t)(comma - rest->data) : rest->len);
    *rest = comma ? kd_bytes_of(comma + 1, rest->len - element->len - 1) : kd_bytes_of(NULL, 0);
    return true;
}

/* Whether Connection says `option` where http-parser does not read it: behind an element that is empty or does not begin as a token does, since
 * http-parser drops the list from there on (RFC 9110, 5.6.1.2: a recipient ignores empty elements), or before a tab, which is no blank to it. Both
 * sides only disagree on whether the connection goes on behind this message, not on where the message ends. */
static inline bool differs_option(const other_message *m, const char *option)
{
    for (size_t i = 0; i < m->field_count && i < OTHER_FIELDS; i++) {
        if (!differs_is(&m->fields[i].name, "connection")) continue;
        kd_bytes rest = kd_buf_view(&m->fields[i].value), element;
        for (bool dropped = false; differs_next_element(&rest, &element);) {
            kd_bytes word = kd_text_trim_field(element);
            const uint8_t *behind = word.data + word.len, *end = element.data + element.len;
            bool tab = memchr(behind, '\t', (size_t)(end - behind)) || (!rest.data && m->fields[i].tab);
            if ((dropped || tab) && kd_text_is_word(word, option)) return true;
            if (word.len == 0 || !differs_token(word.data[0])) dropped = true;
        }
    }
    return false;
}

/* Fields that decide who asks for what stand once. */
static inline bool differs_twice(const other_message *m)
{
    static const char *const once[] = {"x-user-id",        "content-type",   "authorization",
                                       "kudos-session",    "content-length", "idempotency-key",
                                       "x-idempotency-key"};
    const kd_buf *last;
    for (size_t i = 0; i < KD_COUNT(once); i++)
        if (differs_count(m, once[i], &last) > 1) return true;
    return false;
}

/* No tab beside a value that delimits the body: http-parser takes one before it, and none behind it. */
static inline bool differs_tabs(const other_message *m)
{
    const kd_buf *f = &m->framing;
    for (size_t i = 0; i + 18 < m->head; i++) {
        if (f->data[i] != '\n') continue;
        const char *line = (const char *)f->data + i + 1;
        bool delimits =
            strncasecmp(line, "content-length:", 15) == 0 || strncasecmp(line, "transfer-encoding:", 18) == 0;
        const char *end = memchr(line, '\n', f->len - i - 1);
        if (delimits && end && memchr(line, '\t', (size_t)(end - line))) return true;
    }
    return false;
}

/* A length is 1 to 15 digits. */
static inline bool differs_length(const other_message *m)
{
    const kd_buf *value;
    if (differs_count(m, "content-length", &value) == 0) return false;
    for (size_t i = 0; i < value->len; i++)
        if (value->data[i] < '0' || value->data[i] > '9') return true;
    return value->len == 0 || value->len > 15;
}

/* The only coding is chunked, said once, without a length, in HTTP/1.1. */
static inline bool differs_coding(const other_message *m)
{
    const kd_buf *value, *length;
    size_t n = differs_count(m, "transfer-encoding", &value);
    return n > 0 && (n > 1 || !differs_is(value, "chunked") || m->minor != 1 ||
                     differs_count(m, "content-length", &length) > 0);
}

/* A word of an extension: a token, or a quoted text where that may stand. Returns the bytes behind it; NULL: there is none. */
static inline const uint8_t *differs_word(const uint8_t *p, const uint8_t *end, bool quoted)
{
    const uint8_t *begin = p;
    if (quoted && p < end && *p == '"') {
        for (p++; p < end && *p != '"'; p++)
            if (*p == '\\' && ++p == end) return NULL;
        return p < end ? p + 1 : NULL;
    }
    while (p<end && * p> ' ' && *p < 0x7f && !strchr("\"(),/:;<=>?@[\\]{}", *p)) p++;
    return p > begin ? p : NULL;
}

/* Extensions of a chunk are ";name" or ";name=value" (RFC 9112, 7.1.1), without the blanks between their parts that senders must not write. */
static inline bool differs_extensions(const uint8_t *p, const uint8_t *end)
{
    while (p < end) {
        if (*p != ';') return true;
        p = differs_word(p + 1, end, false);
        if (!p) return true;
        if (p == end || *p != '=') continue;
        p = differs_word(p + 1, end, true);
        if (!p) return true;
    }
    return false;
}

/* Behind the head: sizes of up to 9 digits with extensions, in lines of up to 256 bytes; CR LF behind the data of each chunk; and trailers, which do not
 * delimit bodies nor end connections. http-parser takes any size line that begins with a digit, and any two bytes behind the data. */
static inline bool differs_chunks(const other_message *m)
{
    kd_bytes rest = kd_bytes_of(m->framing.data + m->head, m->framing.len - m->head);
    bool last = false, data = false;
    while (rest.len > 0) {
        const uint8_t *end = memchr(rest.data, '\n', rest.len);
        size_t len = end ? (size_t)(end - rest.data) : rest.len, at = 0;
        kd_buf line = {.data = (uint8_t *)(uintptr_t)rest.data,
                       .len = len > 0 && rest.data[len - 1] == '\r' ? len - 1 : len};
        rest = kd_bytes_of(rest.data + len + (end != NULL), rest.len - len - (end != NULL));
        if (last) {
            if (line.len >= 14 && strncasecmp((const char *)line.data, "content-length", 14) == 0)
                return true;
            if (line.len >= 10 && strncasecmp((const char *)line.data, "connection", 10) == 0) return true;
            if (line.len >= 17 && strncasecmp((const char *)line.data, "transfer-encoding", 17) == 0)
                return true;
            if (line.len > 0 && !memchr(line.data, ':', line.len)) return true;
            for (size_t i = 0; i < line.len && line.data[i] != ':'; i++)
                if (line.data[i] <= ' ' || strchr("\"(),/;<=>?@[\\]{}", line.data[i]) || line.data[i] >= 0x7f)
                    return true;
            continue;
        }
        if (data && line.len > 0) return true;
        data = false;
        if (line.len == 0) continue;
        if (line.len > 256) return true;
        uint64_t size = 0;
        for (; at < line.len && differs_hex(line.data[at]); at++) size |= (uint64_t)(line.data[at] - '0');
        if (at > 9) return true;
        last = size == 0;
        data = !last;
        if (differs_extensions(line.data + at, line.data + line.len)) return true;
    }
    return false;
}

/* 100-continue is the only expectation. */
static inline bool differs_expect(const other_message *m)
{
    for (size_t i = 0; i < m->field_count && i < OTHER_FIELDS; i++)
        if (differs_is(&m->fields[i].name, "expect") && !differs_is(&m->fields[i].value, "100-continue"))
            return m->minor == 1;
    return false;
}

/* CONNECT and TRACE are answered 405 by the server itself. */
static inline bool differs_method(const other_message *m)
{
    return differs_is(&m->method, "CONNECT") || differs_is(&m->method, "TRACE");
}

/* Fields and bytes have limits. */
static inline bool differs_head_limit(const other_message *m, const kd_http_config *config)
{
    kd_bytes rest, authority = differs_authority(m, &rest);
    size_t bytes = m->method.len + m->url.len + (authority.data ? authority.len + strlen(":authority") : 0);
    size_t fields = m->field_count + (authority.data != NULL);
    bool long_name = false;
    for (size_t i = 0; i < KD_MIN(m->field_count, (size_t)OTHER_FIELDS); i++) {
        bytes += m->fields[i].name.len + m->fields[i].value.len;
        long_name |= m->fields[i].name.len > 256;
    }
    return long_name || bytes > config->max_header_bytes || fields > config->max_headers ||
           m->head > config->max_header_bytes + 4 * (size_t)config->max_headers + 64 ||
           m->framing.len - m->head > config->max_header_bytes;
}

static inline bool differs_known_method(const kd_buf *text)
{
#define X(number, name, string)                                                                              \
    if (text->len > strlen(#string) && memcmp(text->data, #string " ", strlen(#string) + 1) == 0) return true;
    HTTP_METHOD_MAP(X)
#undef X
    return false;
}

/* Whether a field has a name that is `name` and more. */
static inline bool differs_longer_name(const kd_buf *text, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i + 1 + len < text->len; i++) {
        const char *at = (const char *)text->data + i;
        if (*at == '\n' && strncasecmp(at + 1, name, len) == 0 && at[1 + len] != ':') return true;
    }
    return false;
}

/* Whether it is explained that we took `text`, where http-parser stopped with `error`:
 * - a method that it has no number for. Any token is one to us, and the handler answers 405 to what it does not know (RFC 9110, 9.1);
 * - a field whose name begins with transfer-encoding, such as transfer-encoding-x: http-parser takes it for that field. */
static inline bool differs_laxly(enum http_errno error, const kd_buf *text)
{
    if (error == HPE_INVALID_METHOD) return !differs_known_method(text);
    bool by_name = error == HPE_INVALID_TRANSFER_ENCODING || error == HPE_UNEXPECTED_CONTENT_LENGTH;
    return by_name && differs_longer_name(text, "transfer-encoding");
}

/* Whether the list explains that we refused, with this status, what http-parser read. */
static inline bool differs_rightly(int status, const other_message *m, const kd_http_config *config)
{
    /* With any status: our head is a longer one, or has another value in it. */
    if (differs_lines(m) || differs_folds(m)) return true;
    switch (status) {
    case 405:
        return differs_method(m);
    case 413:
        return m->body.len > config->max_body_bytes;
    case 417:
        return differs_expect(m);
    case 431:
        return differs_head_limit(m, config);
    case 501:
        return differs_coding(m);
    case 505:
        return differs_version(m);
    case 400:
        return differs_names(m) || differs_request_line(m) || differs_version(m) || differs_target(m) ||
               differs_host(m) || differs_twice(m) || differs_tabs(m) || differs_length(m) ||
               differs_coding(m) || differs_chunks(m);
    default:
        return false;
    }
}

#endif
