/* http_answer.c - see the header. What the server refuses by itself has texts of its own; a handler's answer is copied by the driver. */
#include "common/io/http/server/http_answer.h"

#include <stdio.h>

#include "common/io/http/server/http_access.h"
#include "common/io/http/server/http_admission.h"
#include "common/io/http/server/http_cors.h"
#include "common/io/http/server/http_request.h"
#include "common/io/http/server/http_share.h"
#include "common/io/http/server/http_stream.h"
#include "common/io/http/server/http_turn.h"

/* What the server refuses by itself; the last row stands for every other status. */
static const kd_problem_text refusals[] = {
    {.status = 405, .slug = "method-not-allowed", .title = "The method is not allowed here"},
    {.status = 408, .slug = "invalid-request", .title = "The request took too long to arrive"},
    {.status = 413, .slug = "payload-too-large", .title = "The request body is too large"},
    {.status = 417, .slug = "invalid-request", .title = "The expectation is not known", .field = "Expect"},
    {.status = 431, .slug = "payload-too-large", .title = "The request headers are too large"},
    {.status = 501,
     .slug = "invalid-request",
     .title = "The transfer coding is not supported",
     .field = "Transfer-Encoding"},
    {.status = 503, .slug = "overloaded", .title = "Too much to do at the moment", .retry_after_s = 1},
    {.status = 505, .slug = "invalid-request", .title = "The HTTP version is not supported"},
    {.status = 400, .slug = "invalid-request", .title = "The request is not valid"},
};

const kd_problem_text *kd_http_refusals(size_t *count)
{
    *count = KD_COUNT(refusals);
    return refusals;
}

static kd_problem_text refusal_text(const http_request *req)
{
    size_t i = 0;
    while (i + 1 < KD_COUNT(refusals) && (int)refusals[i].status != req->refusal) i++;
    kd_problem_text text = refusals[i];
    if (req->refusal_field) {
        text.field = req->refusal_field;
        text.detail = req->refusal_detail;
    }
    return text;
}

/* Room for the fields of a handler and those that all answers of the server have. */
typedef kd_http_field answer_fields[KD_HTTP_FIELDS_MAX + 1 + HTTP_CORS_FIELDS_MAX];

/* These fields and those that all answers of the server have, its own one and those for pages of other origins: in `all`, or as they are where
 * there are none to add. */
static const kd_http_field *answer_all_fields(const http_request *req, const kd_http_field *fields, size_t *n,
                                              answer_fields all)
{
    const kd_http_server *server = req->conn->server;
    if (!server->field.name && server->origins.count == 0) return fields;
    if (*n > 0) memcpy(all, fields, *n * sizeof(*fields));
    if (server->field.name) all[(*n)++] = server->field;
    *n += http_cors_fields(req, all + *n);
    return all;
}

static void answer_send(http_request *req, int status, const kd_http_field *fields, size_t n, kd_bytes body)
{
    http_conn *conn = req->conn;
    req->stage = HTTP_ANSWERED;
    http_access_end(req, status, body.len);
    http_share_answered(req);
    if (!req->attached) {
        http_request_free(req);
        return;
    }
    const kd_http_config *config = &conn->server->config;
    req->deadline_ms = conn->server->now_ms + config->write_stall_timeout_ms +
                       (int64_t)(1000 * body.len / HTTP_TAKE_BYTES_PER_S);
    answer_fields all;
    fields = answer_all_fields(req, fields, &n, all);
    conn->driver->respond(req, status, fields, n, body);
    http_turn_touch(conn);
}

/* Fields of every problem. no-store: a cache that kept a problem would answer with it after the cause is gone. */
#define PROBLEM_FIELDS(media)                                                                                \
    {"content-type", kd_bytes_str(kd_media_problem_type(media))},                                            \
    {                                                                                                        \
        "cache-control", kd_bytes_str("no-store")                                                            \
    }

static void answer_refusal(http_request *req)
{
    kd_media media = kd_http_request_media(&req->pub);
    kd_http_field fields[3] = {PROBLEM_FIELDS(media)};
    size_t n = 2;
    if (req->refusal == 503) fields[n++] = (kd_http_field){"retry-after", kd_bytes_str("1")};
    if (req->refusal == 405) fields[n++] = (kd_http_field){"allow", kd_bytes_str("GET, HEAD, POST, DELETE")};
    req->conn->server->counters.rejected++;
    /* HTTP/1.1: what is left of an unread body would be taken for the next request. The connection ends instead. */
    req->keep_alive = req->keep_alive && req->ended;
    kd_buf body = {0};
    kd_json j = kd_media_writer(media, &body);
    kd_problem_text text = refusal_text(req);
    kd_problem_write_text(&j, &text);
    answer_send(req, req->refusal, fields, n, kd_buf_view(&body));
    kd_buf_finish(&body);
}

void http_answer_dispatch(http_request *req)
{
    kd_http_server *server = req->conn->server;
    KD_ASSERT(req->stage < HTTP_HANDLED);
    http_access_begin(req);
    http_share_charge(req->conn, HTTP_REQUEST_UNITS);
    if (req->refusal == 0 && !http_admit_request(req)) http_request_refuse(req, 503);
    if (req->refusal != 0) {
        answer_refusal(req);
        return;
    }
    req->stage = HTTP_HANDLED;
    req->deadline_ms = INT64_MAX;
    req->pub.body = kd_buf_view(&req->body);
    server->handler(&req->pub, server->arg);
}

bool http_answer_begin(http_request *req)
{
    kd_http_server *server = req->conn->server;
    bool keep_alive = req->keep_alive;
    int64_t deadline_ms = req->deadline_ms;
    if (!server->config.begin || req->refusal != 0) return false;
    if (!http_admit_request(req)) {
        http_request_refuse(req, 503);
        return false;
    }
    req->stage = HTTP_HANDLED;
    http_access_begin(req);
    req->keep_alive = false; /* what is left of an unread body would be taken for the next request */
    if (server->config.begin(&req->pub, server->arg)) return true;
    http_admission_withdraw(req);
    req->stage = HTTP_BODY;
    req->keep_alive = keep_alive;
    req->deadline_ms = deadline_ms;
    return false;
}

static bool is_clean_slowly(kd_bytes value)
{
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] == '\r' || value.data[i] == '\n' || value.data[i] == '\0') return false;
    }
    return true;
}

/* Not 0 where one of these eight bytes is below 0x10. */
static uint64_t low_bytes(const uint8_t *at)
{
    const uint64_t each = 0x0101010101010101;
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return (word - 0x10 * each) & ~word & 0x80 * each;
}

/* A value with a line break would let its author write fields, or a whole answer, of their own. Every value of every answer is looked at, hence by words. */
static bool is_clean(kd_bytes value)
{
    const size_t size = sizeof(uint64_t);
    if (value.len < size) return is_clean_slowly(value);
    uint64_t low = low_bytes(value.data + value.len - size);
    for (size_t i = 0; i + size <= value.len; i += size) low |= low_bytes(value.data + i);
    return low == 0 || is_clean_slowly(value);
}

void kd_http_respond(kd_http_request *pub, int status, const kd_http_field *fields, size_t n, kd_bytes body)
{
    http_request *req = (http_request *)pub;
    KD_ASSERT(req->stage == HTTP_HANDLED);
    KD_ASSERT(status >= 200 && status <= 599 && n <= KD_HTTP_FIELDS_MAX);
    for (size_t i = 0; i < n; i++) KD_ASSERT(is_clean(fields[i].value));
    http_admission_answered(req);
    /* The handler may answer from an event that is not the server's. */
    if (!req->conn->in_turn) http_turn_clock(req->conn->server);
    answer_send(req, status, fields, n, body);
}

/* Its line of the access log comes at its end, with all its bytes. */
static void answer_streamed_out(const http_request *req)
{
    http_access_end(req, 200, req->streamed);
}

kd_http_stream *kd_http_respond_stream(kd_http_request *pub, const kd_http_field *fields, size_t n,
                                       const kd_http_source *source, void *arg, size_t held)
{
    http_request *req = (http_request *)pub;
    http_conn *conn = req->conn;
    if (!req->attached) {
        kd_http_respond(pub, 200, fields, n, (kd_bytes){0});
        return NULL;
    }
    KD_ASSERT(req->stage == HTTP_HANDLED && n <= KD_HTTP_FIELDS_MAX);
    for (size_t i = 0; i < n; i++) KD_ASSERT(is_clean(fields[i].value));
    http_admission_answered(req);
    http_turn_clock(conn->server);
    http_share_answered(req);
    answer_fields all;
    fields = answer_all_fields(req, fields, &n, all);
    http_request *slim = http_request_slim(req);
    slim->streamed_out = answer_streamed_out;
    http_stream_begin(slim, source, arg);
    http_admission_hold(slim, held);
    slim->kept += held;
    bool head = slim->head;
    if (head) http_request_drop_source(slim);
    conn->driver->stream(slim, fields, n);
    http_request_leave(req);
    http_turn_touch(conn);
    return head ? NULL : (kd_http_stream *)slim;
}

void kd_http_server_set_field(kd_http_server *server, const char *name, const char *value)
{
    server->field = (kd_http_field){name, name ? kd_bytes_str(value) : kd_bytes_of(NULL, 0)};
    KD_ASSERT(is_clean(server->field.value));
}

void kd_http_respond_problem(kd_http_request *req, kd_problem problem, const char *detail, const char *field,
                             uint32_t retry_after_s)
{
    kd_http_respond_problem_with(req, problem, detail, field, retry_after_s, NULL, 0);
}

void kd_http_respond_problem_with(kd_http_request *req, kd_problem problem, const char *detail,
                                  const char *field, uint32_t retry_after_s, const kd_http_field *more,
                                  size_t n)
{
    char digits[16];
    int len = snprintf(digits, sizeof(digits), "%u", retry_after_s);
    uint32_t status = kd_problem_status(problem);
    kd_media media = kd_http_request_media(req);
    kd_http_field fields[KD_HTTP_FIELDS_MAX] = {PROBLEM_FIELDS(media)};
    size_t count = 2;
    kd_buf body = {0};
    kd_json j = kd_media_writer(media, &body);
    if (req->codings) fields[count++] = (kd_http_field){"accept-encoding", kd_bytes_str(req->codings)};
    if (retry_after_s > 0) fields[count++] = (kd_http_field){"retry-after", kd_bytes_of(digits, (size_t)len)};
    if (req->challenge && (status == 401 || status == 403))
        fields[count++] = (kd_http_field){"www-authenticate", kd_bytes_str(req->challenge)};
    KD_ASSERT(count + n <= KD_HTTP_FIELDS_MAX);
    for (size_t i = 0; i < n; i++) fields[count++] = more[i];
    kd_problem_write(&j, problem, detail, field, retry_after_s);
    kd_http_respond(req, (int)status, fields, count, kd_buf_view(&body));
    kd_buf_finish(&body);
}

void kd_http_respond_options(kd_http_request *pub, const char *allow)
{
    const http_request *req = (const http_request *)pub;
    kd_http_field fields[2 + HTTP_PREFLIGHT_FIELDS_MAX] = {{"allow", kd_bytes_str(allow)},
                                                           {"cache-control", kd_bytes_str("no-store")}};
    size_t n = 2 + http_cors_preflight(req, allow, fields + 2);
    kd_http_respond(pub, 204, fields, n, kd_bytes_of(NULL, 0));
}

void kd_http_respond_wrong_method(kd_http_request *req, const char *allow)
{
    kd_media media = kd_http_request_media(req);
    kd_http_field fields[] = {PROBLEM_FIELDS(media), {"allow", kd_bytes_str(allow)}};
    kd_buf body = {0};
    kd_json j = kd_media_writer(media, &body);
    kd_problem_write(&j, KD_PROBLEM_METHOD_NOT_ALLOWED, allow, NULL, 0);
    kd_http_respond(req, (int)kd_problem_status(KD_PROBLEM_METHOD_NOT_ALLOWED), fields, KD_COUNT(fields),
                    kd_buf_view(&body));
    kd_buf_finish(&body);
}
