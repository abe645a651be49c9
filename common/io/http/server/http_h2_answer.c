/* http_h2_answer.c - see the header. */
#include "common/io/http/server/http_h2_answer.h"

#include "common/io/http/server/http_request.h"
#include "common/io/http/server/http_stream.h"
#include "common/io/http/server/http_turn.h"
#include "common/json/json_writer.h"

/* Whether that was the answer's last byte. */
static void h2_end(http_request *req, bool ended, uint32_t *flags)
{
    if (!ended) return;
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    req->sent = true;
}

/* nghttp2 asks for the next piece of the body, as much as the client's windows and the frame size let go. */
static ssize_t h2_read_body(nghttp2_session *session, int32_t stream_id, uint8_t *buf, size_t size,
                            uint32_t *flags, nghttp2_data_source *source, void *arg)
{
    (void)session, (void)stream_id, (void)arg;
    http_request *req = source->ptr;
    size_t n = KD_MIN(size, req->out.len);
    memcpy(buf, req->out.data, n);
    req->out = kd_bytes_of(req->out.data + n, req->out.len - n);
    h2_end(req, req->out.len == 0, flags);
    return (ssize_t)n;
}

/* The token differs in every answer. In the compression table it would push out the fields that all answers share. */
static bool h2_always_new(const char *name, size_t len)
{
    static const char session[] = "kudos-session";
    return len == sizeof session - 1 && memcmp(name, session, sizeof session - 1) == 0;
}

static nghttp2_nv h2_field(const char *name, kd_bytes value)
{
    size_t len = strlen(name);
    /* nghttp2 keeps the name's pointer (it is static by the contract of kd_http_field) and copies the value. */
    return (nghttp2_nv){.name = (uint8_t *)(uintptr_t)name,
                        .namelen = len,
                        .value = (uint8_t *)(uintptr_t)value.data,
                        .valuelen = value.len,
                        .flags = (uint8_t)(NGHTTP2_NV_FLAG_NO_COPY_NAME |
                                           (h2_always_new(name, len) ? NGHTTP2_NV_FLAG_NO_INDEX : 0))};
}

/* A literal name and a value that lives as long as the server: nghttp2 keeps the pointers of both. */
#define H2_LASTING(literal, text, len)                                                                       \
    ((nghttp2_nv){.name = (uint8_t *)(uintptr_t)(literal),                                                   \
                  .namelen = sizeof(literal) - 1,                                                            \
                  .value = (uint8_t *)(uintptr_t)(text),                                                     \
                  .valuelen = (len),                                                                         \
                  .flags = NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE})
#define H2_NOSNIFF H2_LASTING(HTTP_NOSNIFF, "nosniff", sizeof "nosniff" - 1)
/* What is written in a later second tells that second. */
#define H2_DATE(server) H2_LASTING("date", http_turn_date(server), HTTP_DATE_BYTES)

/* the server's own field, those for pages, and four of HTTP */
enum { H2_FIELDS_MAX = KD_HTTP_FIELDS_MAX + 1 + HTTP_CORS_FIELDS_MAX + 4 };

static size_t h2_fields(const kd_http_field *fields, size_t n, const char *status, nghttp2_nv *nv)
{
    nv[0] = h2_field(":status", kd_bytes_of(status, 3));
    for (size_t i = 0; i < n; i++) nv[1 + i] = h2_field(fields[i].name, fields[i].value);
    return 1 + n;
}

/* nghttp2 asks for the next piece of an answer that goes on. One that has none for now is left alone until http_h2_resume. */
static ssize_t h2_read_stream(nghttp2_session *session, int32_t stream_id, uint8_t *buf, size_t size,
                              uint32_t *flags, nghttp2_data_source *source, void *arg)
{
    (void)session, (void)stream_id, (void)arg;
    http_request *req = source->ptr;
    size_t n = http_stream_read(req, buf, size);
    bool ended = http_stream_ended(req);
    h2_end(req, ended, flags);
    return n == 0 && !ended ? NGHTTP2_ERR_DEFERRED : (ssize_t)n;
}

void http_h2_stream(http_request *req, const kd_http_field *fields, size_t n)
{
    http_conn *conn = req->conn;
    nghttp2_nv nv[H2_FIELDS_MAX];
    size_t count = h2_fields(fields, n, "200", nv);
    nv[count++] = H2_NOSNIFF;
    nv[count++] = H2_DATE(conn->server);
    nghttp2_data_provider provider = {.source.ptr = req, .read_callback = h2_read_stream};
    nghttp2_session_set_stream_user_data(conn->h2.session, req->stream_id, req);
    int rv =
        nghttp2_submit_response(conn->h2.session, req->stream_id, nv, count, req->head ? NULL : &provider);
    if (rv != 0 && conn->fate == HTTP_LIVE) conn->fate = HTTP_FINISH;
}

void http_h2_resume(http_request *req)
{
    nghttp2_session_resume_data(req->conn->h2.session, req->stream_id); /* refused when it is under way */
}

void http_h2_respond(http_request *req, int status, const kd_http_field *fields, size_t n, kd_bytes body)
{
    http_conn *conn = req->conn;
    char code[4] = "", length[24];
    int status_left = status;
    nghttp2_nv nv[H2_FIELDS_MAX];
    for (int i = 2; i >= 0; i--, status_left /= 10) code[i] = (char)('0' + status_left % 10);
    size_t count = h2_fields(fields, n, code, nv);
    if (status != 204 && status != 304) {
        size_t digits = kd_decimal(body.len, length);
        nv[count++] = h2_field("content-length", kd_bytes_of(length, digits));
        nv[count++] = H2_NOSNIFF;
    }
    nv[count++] = H2_DATE(conn->server);
    bool silent = req->head || status == 204 || status == 304;
    if (silent) body.len = 0;
    nghttp2_data_provider provider = {.source.ptr = req, .read_callback = h2_read_body};
    int rv =
        nghttp2_submit_response(conn->h2.session, req->stream_id, nv, count, body.len > 0 ? &provider : NULL);
    http_request_keep_answer(req, body); /* last: the fields may lie in the request's memory, too */
    /* The session refuses only when it is ending; then the stream ends with it. */
    if (rv != 0 && conn->fate == HTTP_LIVE) conn->fate = HTTP_FINISH;
}

void http_h2_say_continue(http_request *req)
{
    nghttp2_nv status = h2_field(":status", kd_bytes_str("100"));
    kd_bytes expect; /* 100-continue: any other one is refused (http_request.c) */
    if (!kd_http_request_header(&req->pub, "expect", &expect)) return;
    /* The session refuses only when it is ending, and the request ends with it. */
    nghttp2_submit_headers(req->conn->h2.session, NGHTTP2_FLAG_NONE, req->stream_id, NULL, &status, 1, NULL);
}
