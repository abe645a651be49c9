/* http_h1_text.c - see the header. The grammar is that of common/api/http1.h. */
#include "common/io/http/server/http_h1_text.h"

#include <stdio.h>

#include <strings.h>

#include "common/io/http/server/http_request.h"
#include "common/io/http/server/http_turn.h"
#include "common/json/json_writer.h"

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
    http_request_set_target(req, http_request_copy(req, rest));
    return req->refusal == 0 && !http_request_target_fits(req) ? 400 : 0;
}

static int h1_text_line(void *arg, const kd_http1_head *head)
{
    http_request *req = arg;
    req->http10 = head->http10;
    req->header_bytes = (uint32_t)(head->method.len + head->target.len);
    http_request_set_method(req, http_request_copy(req, head->method));
    return keep_target(req, head->target);
}

static void h1_text_field(void *arg, kd_bytes name, kd_bytes value)
{
    http_request_add_header(arg, name, value);
}

int http_h1_parse_head(http_request *req, kd_bytes text, kd_http1_head *head)
{
    const kd_http1_visitor visitor = {.arg = req, .line = h1_text_line, .field = h1_text_field};
    int status = kd_http1_read_head(text, &visitor, head);
    if (status != 0) return status;
    return !head->http10 && !head->has_host && req->refusal == 0 ? 400 : 0;
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
    case 308:
        return "Permanent Redirect";
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

static void h1_text_put_head(kd_buf *out, int status, const kd_http_field *fields, size_t n)
{
    put_str(out, "HTTP/1.1 ");
    h1_text_put_number(out, (uint64_t)status);
    put_str(out, " ");
    put_str(out, reason(status));
    put_str(out, "\r\n");
    for (size_t i = 0; i < n; i++) h1_text_put_field(out, fields[i].name, fields[i].value);
}

void http_h1_write_stream_head(const http_request *req, const kd_http_field *fields, size_t n, kd_buf *out)
{
    h1_text_put_head(out, 200, fields, n);
    if (!req->http10) put_str(out, "transfer-encoding: chunked\r\n");
    put_str(out, HTTP_NOSNIFF ": nosniff\r\n");
    h1_text_put_field(out, "date", kd_bytes_of(http_turn_date(req->conn->server), HTTP_DATE_BYTES));
    put_str(out, "connection: close\r\n\r\n");
}

void http_h1_write_chunk(const http_request *req, kd_bytes data, kd_buf *out)
{
    char size[16];
    if (!req->http10) kd_buf_put(out, size, (size_t)snprintf(size, sizeof size, "%zx\r\n", data.len));
    if (data.len > 0) kd_buf_put(out, data.data, data.len);
    if (!req->http10) put_str(out, "\r\n");
}

void http_h1_write_answer(const http_request *req, bool keep, int status, const kd_http_field *fields,
                          size_t n, kd_bytes body, kd_buf *out)
{
    bool bodiless = status == 204 || status == 304;
    h1_text_put_head(out, status, fields, n);
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
