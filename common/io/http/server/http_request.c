/*
 * http_request.c - a request from its first header to the freeing of its memory.
 *
 * stage:  HEADERS ──► BODY ──► HANDLED ──► ANSWERED ──► freed       (HTTP/2: freed when its stream closes)
 *             └─────────┴── refusal set ──►┘                        (HTTP/1.1: freed when it is answered)
 *
 * A request that lost its client while HANDLED is only detached: the handler still owes the answer, and until
 * then the slot in its connection stays taken.
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/io/http/server/http_internal.h"

http_request *http_request_create(http_conn *conn)
{
    http_pool *pool = &conn->server->pool;
    http_request *req = pool->requests;
    if (req != NULL) {
        pool->requests = req->next;
    } else {
        req = kd_realloc(NULL, sizeof(*req));
        req->body = (kd_buf){0};
    }
    kd_buf body = req->body;
    memset(req, 0, offsetof(http_request, headers_inline));
    req->body = body;
    req->conn = conn;
    req->attached = true;
    req->headers = req->headers_inline;
    req->header_cap = HTTP_HEADERS_INLINE;
    req->deadline_ms = conn->server->now_ms + conn->server->config.headers_timeout_ms;
    req->pub.peer = (const struct sockaddr *)&conn->peer;
    req->pub.peer_len = conn->peer_len;
    req->pub.peer_name = conn->peer_name;
    req->pub.tls = conn->ssl != NULL;
    req->next = conn->requests;
    if (req->next != NULL) req->next->prev = req;
    conn->requests = req;
    conn->request_count++;
    return req;
}

static void drop_body(http_request *req)
{
    req->conn->server->counters.buffered_bytes -= req->body.len;
    kd_buf_clear(&req->body);
    if (req->body.cap > HTTP_BODY_KEEP_BYTES) {
        kd_buf_finish(&req->body);
        req->body = (kd_buf){0};
    }
}

void http_request_free(http_request *req)
{
    http_conn *conn = req->conn;
    http_pool *pool = &conn->server->pool;
    drop_body(req);
    conn->server->counters.buffered_bytes -= req->out_held;
    while (req->chunks != NULL) {
        http_chunk *chunk = req->chunks;
        req->chunks = chunk->next;
        free(chunk);
    }
    if (req->prev != NULL)
        req->prev->next = req->next;
    else
        conn->requests = req->next;
    if (req->next != NULL) req->next->prev = req->prev;
    if (conn->current == req) conn->current = NULL;
    req->next = pool->requests;
    pool->requests = req;
    http_conn_forget_request(conn);
}

void *http_request_take(http_request *req, size_t size)
{
    size_t aligned = (size + _Alignof(max_align_t) - 1) & ~(_Alignof(max_align_t) - 1);
    if (aligned <= HTTP_ARENA_BYTES - req->arena_used) {
        void *p = req->arena + req->arena_used;
        req->arena_used += aligned;
        return p;
    }
    const size_t head = _Alignof(max_align_t);
    http_chunk *chunk = kd_realloc(NULL, head + size);
    chunk->next = req->chunks;
    req->chunks = chunk;
    return (uint8_t *)chunk + head;
}

kd_bytes http_request_copy(http_request *req, kd_bytes bytes)
{
    if (bytes.len == 0) return kd_bytes_of(NULL, 0);
    void *p = http_request_take(req, bytes.len);
    memcpy(p, bytes.data, bytes.len);
    return kd_bytes_of(p, bytes.len);
}

/* ---- headers ---- */

static void store_header(http_request *req, kd_bytes name, kd_bytes value)
{
    if (req->header_count == req->header_cap) {
        http_header *more = http_request_take(req, 2 * req->header_cap * sizeof(*more));
        memcpy(more, req->headers, req->header_count * sizeof(*more));
        req->headers = more;
        req->header_cap *= 2;
    }
    uint8_t *copy = http_request_take(req, name.len + value.len);
    memcpy(copy, name.data, name.len);
    if (value.len > 0) memcpy(copy + name.len, value.data, value.len);
    req->headers[req->header_count] =
        (http_header){kd_bytes_of(copy, name.len), kd_bytes_of(copy + name.len, value.len)};
}

bool http_request_add_header(http_request *req, kd_bytes name, kd_bytes value)
{
    const kd_http_config *config = &req->conn->server->config;
    size_t bytes = req->header_bytes + name.len + value.len;
    req->header_bytes = (uint32_t)KD_MIN(bytes, (size_t)UINT32_MAX);
    if (req->header_count >= config->max_headers || bytes > config->max_header_bytes) {
        http_request_refuse(req, 431);
    } else {
        store_header(req, name, value);
    }
    req->header_count += req->header_count < config->max_headers;
    /* A little too much deserves an answer; a peer that goes on and on does not. */
    return bytes <= 8 * (size_t)config->max_header_bytes;
}

bool kd_http_request_field(const kd_http_request *pub, size_t i, kd_bytes *name, kd_bytes *value)
{
    const http_request *req = (const http_request *)pub;
    if (i >= req->header_count) return false;
    *name = req->headers[i].name;
    *value = req->headers[i].value;
    return true;
}

static const http_header *find_header(const http_request *req, kd_bytes name, const http_header *after)
{
    const http_header *end = req->headers + req->header_count;
    for (const http_header *h = after == NULL ? req->headers : after + 1; h < end; h++) {
        if (kd_bytes_eq(h->name, name)) return h;
    }
    return NULL;
}

bool kd_http_request_header(const kd_http_request *pub, const char *name, kd_bytes *value)
{
    const http_request *req = (const http_request *)pub;
    const http_header *h = find_header(req, kd_bytes_str(name), NULL);
    /* HTTP/2 says in :authority what HTTP/1.1 says in Host. */
    if (h == NULL && strcmp(name, "host") == 0) h = find_header(req, kd_bytes_str(":authority"), NULL);
    *value = h != NULL ? h->value : kd_bytes_of(NULL, 0);
    return h != NULL;
}

void http_request_set_target(http_request *req, kd_bytes target)
{
    const uint8_t *mark = memchr(target.data, '?', target.len);
    size_t path_len = mark != NULL ? (size_t)(mark - target.data) : target.len;
    req->pub.path = kd_bytes_of(target.data, path_len);
    req->pub.query = mark != NULL ? kd_bytes_of(mark + 1, target.len - path_len - 1) : kd_bytes_of(NULL, 0);
}

void http_request_set_method(http_request *req, kd_bytes name)
{
    static const struct {
        const char *name;
        kd_http_method method;
    } methods[] = {{"GET", KD_HTTP_GET},        {"HEAD", KD_HTTP_HEAD},   {"POST", KD_HTTP_POST},
                   {"PUT", KD_HTTP_PUT},        {"PATCH", KD_HTTP_PATCH}, {"DELETE", KD_HTTP_DELETE},
                   {"OPTIONS", KD_HTTP_OPTIONS}};
    req->pub.method_name = name;
    req->pub.method = KD_HTTP_OTHER;
    for (size_t i = 0; i < KD_COUNT(methods); i++) {
        if (kd_bytes_eq(name, kd_bytes_str(methods[i].name))) req->pub.method = methods[i].method;
    }
    req->head = req->pub.method == KD_HTTP_HEAD;
    if (kd_bytes_eq(name, kd_bytes_str("CONNECT")) || kd_bytes_eq(name, kd_bytes_str("TRACE"))) {
        http_request_refuse(req, 405);
    }
}

/* Fields that decide who asks for what: two of them would let two readers see two requests. */
static bool is_single(kd_bytes name)
{
    switch (name.len) {
    case 4:
        return memcmp(name.data, "host", 4) == 0;
    case 9:
        return memcmp(name.data, "x-user-id", 9) == 0;
    case 12:
        return memcmp(name.data, "content-type", 12) == 0;
    case 13:
        return memcmp(name.data, "authorization", 13) == 0 || memcmp(name.data, "kudos-session", 13) == 0;
    case 14:
        return memcmp(name.data, "content-length", 14) == 0;
    case 15:
        return memcmp(name.data, "idempotency-key", 15) == 0;
    case 17:
        return memcmp(name.data, "x-idempotency-key", 17) == 0;
    default:
        return false;
    }
}

void http_request_headers_done(http_request *req)
{
    for (uint32_t i = 0; i < req->header_count; i++) {
        const http_header *h = &req->headers[i];
        if (is_single(h->name) && find_header(req, h->name, h) != NULL) http_request_refuse(req, 400);
    }
    if (req->has_length && req->length > req->conn->server->config.max_body_bytes)
        http_request_refuse(req, 413);
    req->stage = HTTP_BODY;
    req->deadline_ms = req->conn->server->now_ms + req->conn->server->config.body_timeout_ms;
}

void http_request_add_body(http_request *req, kd_bytes data)
{
    kd_http_server *server = req->conn->server;
    if (req->refusal != 0 || req->stage != HTTP_BODY) return;
    if (req->body.len + data.len > server->config.max_body_bytes) {
        http_request_refuse(req, 413);
    } else if (server->counters.buffered_bytes + data.len > server->config.max_buffered_bytes) {
        http_request_refuse(req, 503);
    }
    if (req->refusal != 0) {
        drop_body(req);
        return;
    }
    server->counters.buffered_bytes += data.len;
    kd_buf_put(&req->body, data.data, data.len);
}

/* ---- answers ---- */

#define PROBLEM(status, slug, title)                                                                         \
    "{\"type\":\"urn:kudos:" slug "\",\"title\":\"" title "\",\"status\":" #status "}"

static kd_bytes refusal_body(int status)
{
    switch (status) {
    case 405:
        return kd_bytes_str(PROBLEM(405, "method-not-allowed", "The method is not allowed here"));
    case 408:
        return kd_bytes_str(PROBLEM(408, "invalid-request", "The request took too long to arrive"));
    case 413:
        return kd_bytes_str(PROBLEM(413, "payload-too-large", "The request body is too large"));
    case 431:
        return kd_bytes_str(PROBLEM(431, "payload-too-large", "The request headers are too large"));
    case 501:
        return kd_bytes_str(PROBLEM(501, "invalid-request", "The transfer coding is not supported"));
    case 503:
        return kd_bytes_str("{\"type\":\"urn:kudos:overloaded\",\"title\":\"Too much to do at the moment\","
                            "\"status\":503,\"retry_after_s\":1}");
    case 505:
        return kd_bytes_str(PROBLEM(505, "invalid-request", "The HTTP version is not supported"));
    default:
        return kd_bytes_str(PROBLEM(400, "invalid-request", "The request is not valid"));
    }
}

static void respond(http_request *req, int status, const kd_http_field *fields, size_t n, kd_bytes body)
{
    http_conn *conn = req->conn;
    req->stage = HTTP_ANSWERED;
    if (!req->attached) {
        http_request_free(req);
        return;
    }
    const kd_http_config *config = &conn->server->config;
    req->deadline_ms = conn->server->now_ms + config->write_stall_timeout_ms +
                       (int64_t)(1000 * body.len / HTTP_TAKE_BYTES_PER_S);
    if (req->pub.http2)
        http_h2_respond(req, status, fields, n, body);
    else
        http_h1_respond(req, status, fields, n, body);
    http_conn_touch(conn);
}

/* Of every problem: a cache that kept one would answer with it after the cause is gone. */
#define PROBLEM_FIELDS                                                                                       \
    {"content-type", kd_bytes_str(KD_PROBLEM_CONTENT_TYPE)},                                                 \
    {                                                                                                        \
        "cache-control", kd_bytes_str("no-store")                                                            \
    }

static void request_refuse(http_request *req)
{
    kd_http_field fields[3] = {PROBLEM_FIELDS};
    size_t n = 2;
    if (req->refusal == 503) fields[n++] = (kd_http_field){"retry-after", kd_bytes_str("1")};
    if (req->refusal == 405) fields[n++] = (kd_http_field){"allow", kd_bytes_str("GET, HEAD, POST, DELETE")};
    req->conn->server->counters.rejected++;
    req->keep_alive = req->keep_alive && req->ended;
    respond(req, req->refusal, fields, n, refusal_body(req->refusal));
}

static bool is_overloaded(const kd_http_server *server)
{
    const kd_http_counters *c = &server->counters;
    return c->requests_open >= server->config.max_requests ||
           c->buffered_bytes > server->config.max_buffered_bytes;
}

void http_request_dispatch(http_request *req)
{
    kd_http_server *server = req->conn->server;
    KD_ASSERT(req->stage < HTTP_HANDLED);
    if (is_overloaded(server)) http_request_refuse(req, 503);
    if (req->refusal != 0) {
        request_refuse(req);
        return;
    }
    req->stage = HTTP_HANDLED;
    req->deadline_ms = INT64_MAX;
    req->pub.body = kd_buf_view(&req->body);
    server->counters.requests++;
    server->counters.requests_open++;
    server->handler(&req->pub, server->arg);
}

void *kd_http_request_alloc(kd_http_request *pub, size_t size)
{
    void *p = http_request_take((http_request *)pub, size);
    memset(p, 0, size);
    return p;
}

bool kd_http_request_alive(const kd_http_request *pub)
{
    return ((const http_request *)pub)->attached;
}

static bool is_clean(kd_bytes value)
{
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] == '\r' || value.data[i] == '\n' || value.data[i] == '\0') return false;
    }
    return true;
}

void kd_http_respond(kd_http_request *pub, int status, const kd_http_field *fields, size_t n, kd_bytes body)
{
    http_request *req = (http_request *)pub;
    KD_ASSERT(req->stage == HTTP_HANDLED);
    KD_ASSERT(status >= 200 && status <= 599 && n <= KD_HTTP_FIELDS_MAX);
    for (size_t i = 0; i < n; i++) KD_ASSERT(is_clean(fields[i].value));
    req->conn->server->counters.requests_open--;
    http_server_clock(req->conn->server);
    respond(req, status, fields, n, body);
}

void kd_http_respond_problem(kd_http_request *req, kd_problem problem, const char *detail, const char *field,
                             uint32_t retry_after_s)
{
    char digits[16];
    int len = snprintf(digits, sizeof(digits), "%u", retry_after_s);
    kd_http_field fields[] = {PROBLEM_FIELDS, {"retry-after", kd_bytes_of(digits, (size_t)len)}};
    kd_buf body = {0};
    kd_problem_write(&body, problem, detail, field, retry_after_s);
    kd_http_respond(req, (int)kd_problem_status(problem), fields, retry_after_s > 0 ? 3 : 2,
                    kd_buf_view(&body));
    kd_buf_finish(&body);
}

void kd_http_respond_wrong_method(kd_http_request *req, const char *allow)
{
    kd_http_field fields[] = {PROBLEM_FIELDS, {"allow", kd_bytes_str(allow)}};
    kd_buf body = {0};
    kd_problem_write(&body, KD_PROBLEM_METHOD_NOT_ALLOWED, allow, NULL, 0);
    kd_http_respond(req, (int)kd_problem_status(KD_PROBLEM_METHOD_NOT_ALLOWED), fields, KD_COUNT(fields),
                    kd_buf_view(&body));
    kd_buf_finish(&body);
}
