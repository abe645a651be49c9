/*
 * http_request.c - a request from its first header to the freeing of its memory.
 *
 * stage:  HEADERS ──► BODY ──► HANDLED ──► ANSWERED ──► freed       (HTTP/2: freed when its stream closes)
 *             └─────────┴── refusal set ──►┘                        (HTTP/1.1: freed when it is answered)
 *
 * A request whose client went away while the handler works on it is only detached. The handler still owes the answer, and until then the request
 * counts against the limits of its connection.
 *
 * The first three stages hold headers and body. With its answer a request lets go of them, and holds the answer until the client has taken it.
 *
 * Memory comes from an arena of 2 KiB inside the object, then from malloc, piece by piece. Some freed requests are kept for reuse, so that a busy
 * server allocates nothing per request.
 */
#include "common/io/http/server/http_request.h"

#include <stdlib.h>

#include "common/api/authority.h"
#include "common/api/cors.h"
#include "common/api/http1.h"
#include "common/base/text.h"
#include "common/io/http/server/http_admission.h"
#include "common/io/http/server/http_conns.h"
#include "common/io/http/server/http_field.h"
#include "common/io/http/server/http_note.h"
#include "common/io/http/server/http_peer.h"

enum { BODY_KEEP_BYTES = 4096 /* a spare request keeps its body's buffer up to this size */ };

_Static_assert(HTTP_ARENA_BYTES % _Alignof(max_align_t) == 0, "the arena is handed out in aligned pieces");

http_request *http_request_create(http_conn *conn)
{
    kd_http_server *server = conn->server;
    http_request *req = SLIST_FIRST(&server->spare_requests);
    if (req) {
        SLIST_REMOVE_HEAD(&server->spare_requests, spare);
        server->spare_count--;
    } else {
        req = kd_realloc(NULL, sizeof(*req));
        req->body = (kd_buf){0};
    }
    kd_buf body = req->body; /* a spare one brings its buffer along */
    memset(req, 0, offsetof(http_request, headers_inline));
    req->body = body;
    req->conn = conn;
    req->attached = true;
    req->headers = req->headers_inline;
    req->header_cap = HTTP_HEADERS_INLINE;
    req->deadline_ms = server->now_ms + server->config.headers_timeout_ms;
    req->pub.peer = (const struct sockaddr *)&conn->peer;
    req->pub.peer_len = conn->peer_len;
    req->pub.peer_names = &conn->peer_names;
    req->pub.client = conn->address->key;
    req->pub.tls = conn->ssl != NULL;
    LIST_INSERT_HEAD(&conn->requests, req, next);
    conn->request_count++;
    http_admission_begin(req);
    return req;
}

static void drop_body(http_request *req)
{
    http_admission_release(req, req->body_held);
    req->body_held = 0;
    kd_buf_clear(&req->body);
    if (req->body.cap > BODY_KEEP_BYTES) kd_buf_finish(&req->body);
}

static void drop_chunks(struct http_chunks *chunks)
{
    for (http_chunk *chunk; (chunk = SLIST_FIRST(chunks));) {
        SLIST_REMOVE_HEAD(chunks, next);
        free(chunk);
    }
}

static void request_spare(kd_http_server *server, http_request *req)
{
    if (req->slim || server->spare_count >= HTTP_SPARE_REQUESTS_MAX) {
        kd_buf_finish(&req->body);
        free(req);
        return;
    }
    SLIST_INSERT_HEAD(&server->spare_requests, req, spare);
    server->spare_count++;
}

void http_request_leave(http_request *req)
{
    LIST_REMOVE(req, next);
    drop_body(req);
    drop_chunks(&req->chunks);
    http_admission_release(req, req->kept);
    http_admission_forget(req);
    request_spare(req->conn->server, req);
}

void http_request_end_source(http_request *req)
{
    const kd_http_source *source = req->source;
    req->source = NULL;
    if (source) source->over(req->source_arg);
}

kd_bytes http_request_keep_piece(http_request *req, kd_bytes rest)
{
    kd_buf_put(&req->body, rest.data, rest.len);
    req->body_held = req->body.cap;
    http_admission_hold(req, req->body_held);
    return kd_buf_view(&req->body);
}

void http_request_drop_piece(http_request *req)
{
    http_admission_release(req, req->body_held);
    req->body_held = 0;
    kd_buf_finish(&req->body);
}

void http_request_free(http_request *req)
{
    http_conn *conn = req->conn;
    http_request_end_source(req);
    if (req->streamed_out) req->streamed_out(req);
    if (conn->current == req) conn->current = NULL;
    http_request_leave(req);
    http_conns_request_gone(conn);
}

/* What stays of a request whose answer goes on: all views into its memory are gone but the trace, which the access log tells at its end. */
http_request *http_request_slim(http_request *req)
{
    http_conn *conn = req->conn;
    http_request *slim = kd_realloc(NULL, HTTP_SLIM_BYTES);
    memcpy(slim, req, HTTP_SLIM_BYTES);
    slim->slim = true;
    slim->body = (kd_buf){0};
    slim->body_held = slim->kept = 0;
    slim->headers = NULL;
    slim->header_count = slim->header_cap = 0;
    slim->arena_used = HTTP_ARENA_BYTES;
    slim->pub.path = slim->pub.query = slim->pub.body = slim->origin = (kd_bytes){0};
    slim->pub.method_name = kd_bytes_str("GET");
    SLIST_INIT(&slim->chunks);
    LIST_INSERT_HEAD(&conn->requests, slim, next);
    http_admission_follow(slim, req);
    slim->trace = http_request_copy(slim, req->trace);
    if (conn->current == req) conn->current = slim;
    return slim;
}

void http_request_detach_all(http_conn *conn)
{
    http_request *next;
    for (http_request *req = LIST_FIRST(&conn->requests); req; req = next) {
        next = LIST_NEXT(req, next);
        req->attached = false;
        if (req->stage != HTTP_HANDLED) http_request_free(req);
    }
}

void http_request_free_spares(kd_http_server *server)
{
    for (http_request *req; (req = SLIST_FIRST(&server->spare_requests));) {
        SLIST_REMOVE_HEAD(&server->spare_requests, spare);
        kd_buf_finish(&req->body);
        free(req);
    }
    server->spare_count = 0;
}

/* ---- memory ---- */

/* Beyond the arena: held for the client (http_admission.h). */
static void *request_take_chunk(http_request *req, size_t size)
{
    http_chunk *chunk = kd_realloc(NULL, _Alignof(max_align_t) + size);
    SLIST_INSERT_HEAD(&req->chunks, chunk, next);
    req->kept += size;
    http_admission_hold(req, size);
    return (uint8_t *)chunk + _Alignof(max_align_t);
}

static inline void *request_take(http_request *req, size_t size)
{
    size_t aligned = (size + _Alignof(max_align_t) - 1) & ~(_Alignof(max_align_t) - 1);
    if (aligned > HTTP_ARENA_BYTES - req->arena_used) return request_take_chunk(req, size);
    void *p = req->arena + req->arena_used;
    req->arena_used += aligned;
    return p;
}

void *http_request_take(http_request *req, size_t size)
{
    return request_take(req, size);
}

kd_bytes http_request_copy(http_request *req, kd_bytes bytes)
{
    if (bytes.len == 0) return kd_bytes_of(NULL, 0);
    void *p = http_request_take(req, bytes.len);
    memcpy(p, bytes.data, bytes.len);
    return kd_bytes_of(p, bytes.len);
}

/* A small answer goes into the arena: what lay there is of no use any more, but for the answer itself. */
void http_request_keep_answer(http_request *req, kd_bytes answer)
{
    struct http_chunks before = req->chunks;
    size_t kept = req->kept;
    uint8_t *copy = req->arena;
    SLIST_INIT(&req->chunks);
    req->kept = 0;
    if (answer.len > HTTP_ARENA_BYTES) copy = request_take_chunk(req, answer.len);
    if (answer.len > 0) memmove(copy, answer.data, answer.len);
    drop_body(req);
    drop_chunks(&before);
    http_admission_release(req, kept);
    req->arena_used = HTTP_ARENA_BYTES;
    req->header_count = 0;
    req->out = kd_bytes_of(copy, answer.len);
}

/* ---- headers ---- */

static const http_header *store_header(http_request *req, kd_bytes name, kd_bytes value)
{
    uint64_t bit = kd_http_name_bit(name);
    req->names_twice |= req->pub.names & bit;
    req->pub.names |= bit;
    if (req->header_count == req->header_cap) {
        http_header *more = http_request_take(req, 2 * req->header_cap * sizeof(*more));
        memcpy(more, req->headers, req->header_count * sizeof(*more));
        req->headers = more;
        req->header_cap *= 2;
    }
    uint8_t *copy = request_take(req, name.len + value.len);
    memcpy(copy, name.data, name.len);
    if (value.len > 0) memcpy(copy + name.len, value.data, value.len);
    http_header *h = &req->headers[req->header_count++];
    *h = (http_header){kd_bytes_of(copy, name.len), kd_bytes_of(copy + name.len, value.len)};
    return h;
}

/* Noted as it comes: every call asks for it, and few requests have one. */
static void keep_trace(http_request *req, const http_header *h)
{
    if (!kd_bytes_eq(h->name, kd_bytes_str("traceparent"))) return;
    req->trace = h->value;
    req->traces++;
}

/* Apart from the other fields, which are not stored where there are too many: the page has to be able to read that refusal, too. */
static void keep_origin(http_request *req, kd_bytes name, kd_bytes value)
{
    if (req->conn->server->origins.count == 0 || req->origin.len > 0 || value.len > KD_ORIGIN_MAX) return;
    if (kd_bytes_eq(name, kd_bytes_str("origin"))) req->origin = http_request_copy(req, value);
}

const http_header *http_request_add_header(http_request *req, kd_bytes name, kd_bytes value)
{
    const kd_http_config *config = &req->conn->server->config;
    const http_header *stored = NULL;
    size_t bytes = req->header_bytes + name.len + value.len;
    req->header_bytes = (uint32_t)KD_MIN(bytes, (size_t)UINT32_MAX);
    if (req->header_count >= config->max_headers || bytes > config->max_header_bytes) {
        http_request_refuse(req, 431);
    } else {
        stored = store_header(req, name, value);
        keep_trace(req, stored);
    }
    keep_origin(req, name, value);
    return stored;
}

bool http_request_target_fits(const http_request *req)
{
    kd_bytes path = req->pub.path;
    if (path.len > 0 && path.data[0] == '/') return true;
    return kd_bytes_eq(path, kd_bytes_str("*")) && req->pub.method == KD_HTTP_OPTIONS && !req->pub.query.data;
}

bool kd_http_request_trace(const kd_http_request *pub, kd_trace *trace)
{
    const http_request *req = (const http_request *)pub;
    *trace = (kd_trace){.known = false};
    return req->traces == 1 && kd_trace_parse(req->trace, trace);
}

static kd_media request_choose_media(const http_request *req)
{
    kd_media_wish wish = {0};
    const http_header *h = NULL;
    while ((h = http_field_next(req, kd_bytes_str("accept"), h)) != NULL) kd_media_read(&wish, h->value);
    return kd_media_choose(&wish);
}

kd_media kd_http_request_media(kd_http_request *pub)
{
    http_request *req = (http_request *)pub;
    if (!req->media_known) req->media = request_choose_media(req);
    req->media_known = true;
    return req->media;
}

void http_request_set_target(http_request *req, kd_bytes target)
{
    if (!kd_http1_is_target(target)) http_request_refuse(req, 400);
    const uint8_t *mark = memchr(target.data, '?', target.len);
    size_t path_len = mark ? (size_t)(mark - target.data) : target.len;
    req->pub.path = kd_bytes_of(target.data, path_len);
    req->pub.query = mark ? kd_bytes_of(mark + 1, target.len - path_len - 1) : kd_bytes_of(NULL, 0);
}

void http_request_set_method(http_request *req, kd_bytes name)
{
    static const struct {
        size_t len;
        const char *name;
        kd_http_method method;
    } methods[] = {{4, "POST", KD_HTTP_POST},      {3, "GET", KD_HTTP_GET},     {4, "HEAD", KD_HTTP_HEAD},
                   {3, "PUT", KD_HTTP_PUT},        {5, "PATCH", KD_HTTP_PATCH}, {6, "DELETE", KD_HTTP_DELETE},
                   {7, "OPTIONS", KD_HTTP_OPTIONS}};
    req->pub.method_name = name;
    req->pub.method = KD_HTTP_OTHER;
    for (size_t i = 0; i < KD_COUNT(methods) && req->pub.method == KD_HTTP_OTHER; i++) {
        if (name.len == methods[i].len && memcmp(name.data, methods[i].name, name.len) == 0)
            req->pub.method = methods[i].method;
    }
    req->head = req->pub.method == KD_HTTP_HEAD;
    if (req->pub.method != KD_HTTP_OTHER) return;
    if (kd_bytes_eq(name, kd_bytes_str("CONNECT")) || kd_bytes_eq(name, kd_bytes_str("TRACE"))) {
        http_request_refuse(req, 405);
    }
}

/* Refuses, by its name, a field that decides who asks for what and stands twice. The CDN in front might act on the first and we on the second: an
 * attacker could pass a check there with one value and use another one here. */
static void refuse_doubled(http_request *req)
{
    for (uint32_t i = 0; req->names_twice && i < req->header_count; i++) {
        const http_header *h = &req->headers[i];
        if ((kd_http_name_bit(h->name) & req->names_twice) == 0) continue;
        const char *field = kd_http1_single(h->name);
        if (!field || !http_field_next(req, h->name, h)) continue;
        http_request_refuse_field(req, field, "this header field comes twice");
    }
}

static bool lone_host_is_clear(http_conn *conn, kd_bytes host)
{
    if (http_note_is_host(conn, host)) return true;
    if (!kd_authority_valid(host)) return false;
    http_note_host(conn, host);
    return true;
}

/* One host, and only one: Host, and :authority of HTTP/2 or of an absolute target beside it. Else a proxy in front may have chosen by another one. */
static bool host_is_clear(http_request *req)
{
    const http_header *authority = http_field_next(req, kd_bytes_str(":authority"), NULL);
    const http_header *host = http_field_next(req, kd_bytes_str("host"), NULL);
    if (!authority != !host) {
        req->host = (authority ? authority : host)->value;
        return lone_host_is_clear(req->conn, req->host);
    }
    if (authority && !kd_authority_valid(authority->value)) return false;
    if (host && !kd_authority_valid(host->value)) return false;
    return !authority || !host || kd_authority_same(authority->value, host->value);
}

/* 100-continue is the only expectation that there is (RFC 9110, 10.1.1). HTTP/1.0 has none: whatever it says there is ignored. */
static bool expects_too_much(const http_request *req)
{
    const http_header *h = NULL;
    if (!http_request_has(req, "expect")) return false;
    while (!req->http10 && (h = http_field_next(req, kd_bytes_str("expect"), h)) != NULL) {
        if (!kd_text_is_word(h->value, "100-continue")) return true;
    }
    return false;
}

void http_request_headers_done(http_request *req)
{
    http_peer_read_client(req);
    if (req->pub.client != req->address->key) http_admission_readdress_request(req, req->pub.client);
    refuse_doubled(req);
    if (!http_request_target_fits(req)) http_request_refuse(req, 400);
    if (!host_is_clear(req)) http_request_refuse(req, 400);
    if (expects_too_much(req)) http_request_refuse(req, 417);
    const kd_http_server *server = req->conn->server;
    if (req->has_length && !http_admit_length(server, req->length)) http_request_refuse(req, 413);
    req->stage = HTTP_BODY;
    req->deadline_ms = server->now_ms + server->config.body_timeout_ms;
}

void http_request_add_body(http_request *req, kd_bytes data)
{
    if (req->refusal != 0 || req->stage != HTTP_BODY) return;
    int refusal = http_admit_body(req, data.len);
    if (refusal != 0) {
        http_request_refuse(req, refusal);
        drop_body(req);
        return;
    }
    kd_buf_put(&req->body, data.data, data.len);
    size_t more = req->body.cap - req->body_held;
    req->body_held = req->body.cap;
    http_admission_hold(req, more);
}

/* ---- for handlers ---- */

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
