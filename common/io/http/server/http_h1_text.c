/*
 * http_h1_text.c - the text of HTTP/1.1 (RFC 9112), read strictly.
 *
 * A CDN in front reads the same bytes with a parser of its own. Where two parsers may differ on where a request ends, an attacker can hide a second
 * request in the first one (request smuggling). So a text that can be read in two ways is refused.
 */
#include "common/io/http/server/http_h1_text.h"

#include <strings.h>

#include "common/io/http/server/http_request.h"
#include "common/io/http/server/http_turn.h"
#include "common/json/json_writer.h"

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

static bool is_target(kd_bytes b)
{
    for (size_t i = 0; i < b.len; i++) {
        if (b.data[i] <= ' ' || b.data[i] >= 0x7f || b.data[i] == '#') return false;
    }
    return b.len > 0;
}

static bool is_value(kd_bytes b)
{
    for (size_t i = 0; i < b.len; i++) {
        if ((b.data[i] < ' ' && b.data[i] != '\t') || b.data[i] == 0x7f) return false;
    }
    return true;
}

/* Moves what stands before the separator from *rest to *piece, and drops the separator; false, and nothing moved, when there is none. */
static bool h1_text_cut(kd_bytes *rest, const char *separator, kd_bytes *piece)
{
    size_t n = strlen(separator);
    const uint8_t *at = memmem(rest->data, rest->len, separator, n);
    if (!at) return false;
    *piece = kd_bytes_of(rest->data, (size_t)(at - rest->data));
    *rest = kd_bytes_of(at + n, rest->len - piece->len - n);
    return true;
}

static kd_bytes trim(kd_bytes b)
{
    while (b.len > 0 && (b.data[0] == ' ' || b.data[0] == '\t')) b = kd_bytes_of(b.data + 1, b.len - 1);
    while (b.len > 0 && (b.data[b.len - 1] == ' ' || b.data[b.len - 1] == '\t')) b.len--;
    return b;
}

static bool same_word(kd_bytes b, const char *word)
{
    return b.len == strlen(word) && strncasecmp((const char *)b.data, word, b.len) == 0;
}

/* Length of "http://" or "https://" before the rest of an absolute target; 0: it is not one. */
static size_t scheme_length(kd_bytes target)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < KD_COUNT(schemes); i++) {
        size_t n = strlen(schemes[i]);
        if (target.len >= n && strncasecmp((const char *)target.data, schemes[i], n) == 0) return n;
    }
    return 0;
}

/* Keeps a target as path and query: "/path?query", or "*" of OPTIONS. In the absolute form, "http://host/path" (RFC 9112, 3.2.2), the host becomes the
 * field :authority, as it is in HTTP/2, and is held against Host like there. */
static int keep_target(http_request *req, kd_bytes target)
{
    size_t scheme = scheme_length(target);
    kd_bytes rest = kd_bytes_of(target.data + scheme, target.len - scheme);
    size_t host = 0;
    while (scheme > 0 && host < rest.len && rest.data[host] != '/' && rest.data[host] != '?') host++;
    if (scheme > 0) http_request_add_header(req, kd_bytes_str(":authority"), kd_bytes_of(rest.data, host));
    rest = kd_bytes_of(rest.data + host, rest.len - host);
    if (scheme > 0 && (rest.len == 0 || rest.data[0] == '?')) {
        uint8_t *path = http_request_take(req, rest.len + 1);
        path[0] = '/';
        if (rest.len > 0) memcpy(path + 1, rest.data, rest.len);
        http_request_set_target(req, kd_bytes_of(path, rest.len + 1));
        return 0;
    }
    bool asterisk = kd_bytes_eq(rest, kd_bytes_str("*")) && req->pub.method == KD_HTTP_OPTIONS;
    if (req->refusal == 0 && rest.data[0] != '/' && !asterisk) return 400;
    http_request_set_target(req, http_request_copy(req, rest));
    return 0;
}

static int parse_request_line(http_request *req, kd_bytes line, http_h1_head *head)
{
    kd_bytes method, target;
    if (!h1_text_cut(&line, " ", &method) || !h1_text_cut(&line, " ", &target)) return 400;
    if (!is_token(method) || !is_target(target)) return 400;
    if (line.len != 8 || memcmp(line.data, "HTTP/", 5) != 0) return 400;
    if (memcmp(line.data, "HTTP/1.", 7) != 0) return 505;
    if (line.data[7] != '0' && line.data[7] != '1') return 505;
    head->keep_alive = line.data[7] == '1';
    req->header_bytes = (uint32_t)(method.len + target.len);
    http_request_set_method(req, http_request_copy(req, method));
    return keep_target(req, target);
}

static int parse_length(kd_bytes value, http_h1_head *head)
{
    if (head->has_length || value.len == 0 || value.len > 15) return 400;
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] < '0' || value.data[i] > '9') return 400;
        head->length = head->length * 10 + (uint64_t)(value.data[i] - '0');
    }
    head->has_length = true;
    return 0;
}

static int parse_coding(kd_bytes value, http_h1_head *head)
{
    if (head->chunked) return 400;
    if (!same_word(value, "chunked")) return 501;
    head->chunked = true;
    return 0;
}

static void parse_connection(kd_bytes value, http_h1_head *head)
{
    kd_bytes word;
    for (bool more = true; more;) {
        more = h1_text_cut(&value, ",", &word);
        if (!more) word = value;
        if (same_word(trim(word), "close")) head->close = true;
        if (same_word(trim(word), "keep-alive")) head->keep_alive = true;
    }
}

static int note_field(kd_bytes name, kd_bytes value, http_h1_head *head)
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
    return same_word(name, "content-length") || same_word(name, "transfer-encoding");
}

/* "name: value" without its CRLF. */
static bool cut_field(kd_bytes line, kd_bytes *name, kd_bytes *value)
{
    if (!h1_text_cut(&line, ":", name) || !is_token(*name)) return false;
    *value = trim(line);
    return is_value(*value);
}

bool http_h1_trailer(kd_bytes line)
{
    kd_bytes name, value;
    if (!cut_field(line, &name, &value)) return false;
    return !delimits(name) && !same_word(name, "connection");
}

static int h1_text_parse_field(http_request *req, kd_bytes line, http_h1_head *head)
{
    kd_bytes name, value;
    if (!cut_field(line, &name, &value)) return 400;
    /* A tab is a blank to us, and part of the value to some (http-parser). */
    if (delimits(name) && memchr(line.data, '\t', line.len)) return 400;
    if (name.len > 256) return 431;
    uint8_t lower[256];
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.data[i];
        lower[i] = (uint8_t)(c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
    name = kd_bytes_of(lower, name.len);
    http_request_add_header(req, name, value);
    return note_field(name, value, head);
}

int http_h1_parse_head(http_request *req, kd_bytes text, http_h1_head *head)
{
    *head = (http_h1_head){0};
    kd_bytes line;
    if (!h1_text_cut(&text, "\r\n", &line)) return 400;
    int status = parse_request_line(req, line, head);
    bool http11 = head->keep_alive;
    req->http10 = !http11;
    while (status == 0 && h1_text_cut(&text, "\r\n", &line) && line.len > 0)
        status = h1_text_parse_field(req, line, head);
    if (status != 0) return status;
    if (head->close) head->keep_alive = false; /* whatever else Connection says (RFC 9112, 9.3) */
    if (head->chunked && (head->has_length || !http11)) return 400;
    return http11 && !head->has_host && req->refusal == 0 ? 400 : 0;
}

bool http_h1_chunk_size(kd_bytes line, uint64_t *size)
{
    uint64_t n = 0;
    size_t i = 0;
    for (; i < line.len && i < 9; i++) {
        uint8_t c = line.data[i];
        unsigned digit;
        if (c >= '0' && c <= '9')
            digit = c - '0';
        else if ((c | 32) >= 'a' && (c | 32) <= 'f')
            digit = (unsigned)(c | 32) - 'a' + 10;
        else
            break;
        n = n * 16 + digit;
    }
    if (i == 0 || n > UINT32_MAX) return false;
    *size = n;
    while (i < line.len && line.data[i] == ' ') i++; /* a tab is no blank here to some (http-parser) */
    kd_bytes rest = kd_bytes_of(line.data + i, line.len - i);
    return rest.len == 0 || (rest.data[0] == ';' && is_value(rest));
}

/* ---- answers ---- */

static const char *reason(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 201:
        return "Created";
    case 202:
        return "Accepted";
    case 204:
        return "No Content";
    case 304:
        return "Not Modified";
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 408:
        return "Request Timeout";
    case 409:
        return "Conflict";
    case 413:
        return "Content Too Large";
    case 417:
        return "Expectation Failed";
    case 422:
        return "Unprocessable Content";
    case 429:
        return "Too Many Requests";
    case 431:
        return "Request Header Fields Too Large";
    case 500:
        return "Internal Server Error";
    case 501:
        return "Not Implemented";
    case 503:
        return "Service Unavailable";
    case 505:
        return "HTTP Version Not Supported";
    default:
        return "Status";
    }
}

static void put_str(kd_buf *out, const char *s)
{
    kd_buf_put(out, s, strlen(s));
}

static void h1_text_put_number(kd_buf *out, uint64_t v)
{
    char digits[20];
    kd_buf_put(out, digits, kd_decimal(v, digits));
}

static void h1_text_put_field(kd_buf *out, const char *name, kd_bytes value)
{
    put_str(out, name);
    put_str(out, ": ");
    kd_buf_put(out, value.data, value.len);
    put_str(out, "\r\n");
}

void http_h1_write_answer(const http_request *req, bool keep, int status, const kd_http_field *fields,
                          size_t n, kd_bytes body, kd_buf *out)
{
    bool bodiless = status == 204 || status == 304;
    put_str(out, "HTTP/1.1 ");
    h1_text_put_number(out, (uint64_t)status);
    put_str(out, " ");
    put_str(out, reason(status));
    put_str(out, "\r\n");
    for (size_t i = 0; i < n; i++) h1_text_put_field(out, fields[i].name, fields[i].value);
    if (!bodiless) {
        put_str(out, "content-length: ");
        h1_text_put_number(out, body.len);
        put_str(out, "\r\n" HTTP_NOSNIFF ": nosniff\r\n");
    }
    h1_text_put_field(out, "date", kd_bytes_of(http_turn_date(req->conn->server), HTTP_DATE_BYTES));
    if (!keep)
        h1_text_put_field(out, "connection", kd_bytes_str("close"));
    else if (req->http10)
        h1_text_put_field(out, "connection", kd_bytes_str("keep-alive"));
    put_str(out, "\r\n");
    if (!bodiless && !req->head) kd_buf_put(out, body.data, body.len);
}
