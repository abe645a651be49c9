/*
 * http_client.c - the interface of the client, and its pump.
 *
 * Owns the connections, the queue and the pool. Invariants: a request waits only while no connection has room for it. Connections are opened only
 * while requests wait, and never before connect_at_ms. The rules of the breaker (`down`) are in http_client_retry.c.
 */
#include <stdlib.h>

#include "common/io/http/client/http_client_conn.h"
#include "common/io/http/client/http_client_internal.h"
#include "common/io/http/client/http_client_queue.h"
#include "common/io/http/client/http_client_request.h"
#include "common/io/http/client/http_client_retry.h"
#include "common/io/http/client/http_client_stream.h"

/* ---- the pump ---- */

/* A connection with room, or NULL. The one whose answers are being read comes first: it writes at the end of that anyway, so the request costs no
 * write of its own. */
static kd_client_conn *pick(kd_http_client *c)
{
    if (c->current && kd_client_stream_has_room(c->current)) return c->current;
    for (uint32_t i = 0; i < c->options.connections; i++) {
        kd_client_conn *conn = &c->conns[(c->turn + i) % c->options.connections];
        if (!kd_client_stream_has_room(conn)) continue;
        c->turn = (c->turn + i + 1) % c->options.connections;
        return conn;
    }
    return NULL;
}

static void submit_waiting(kd_http_client *c)
{
    kd_client_conn *conn;
    while (c->queued > 0 && (conn = pick(c)) != NULL) {
        kd_client_request *r = kd_client_queue_take(c);
        if (kd_client_stream_submit(conn, r) != KD_OK) kd_client_queue_put_back(r);
    }
}

static void client_retry_after(kd_http_client *c, uint64_t ms)
{
    struct timeval t = {.tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000) * 1000};
    event_add(c->retry, &t);
}

/* Opens as many connections as the waiting requests can fill, those on their way included. */
static void connect_more(kd_http_client *c)
{
    uint64_t now_ms = kd_client_now_ms(), coming = 0;
    for (uint32_t i = 0; i < c->options.connections; i++) {
        kd_conn_state s = c->conns[i].state;
        if (s != KD_CONN_CLOSED && s != KD_CONN_READY) coming += c->options.max_streams;
    }
    for (uint32_t i = 0; i < c->options.connections && coming < c->queued; i++) {
        if (c->conns[i].state != KD_CONN_CLOSED) continue;
        if (now_ms < c->connect_at_ms) {
            client_retry_after(c, c->connect_at_ms - now_ms);
            return;
        }
        kd_client_conn_start(&c->conns[i]);
        coming += c->options.max_streams;
    }
}

static void client_on_pump(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    kd_http_client *c = arg;
    c->pumping = false;
    /* First what broke: only then do its requests and its place count as free. */
    for (uint32_t i = 0; i < c->options.connections; i++) {
        if (c->conns[i].broken) kd_client_conn_close(&c->conns[i], !c->conns[i].draining);
    }
    submit_waiting(c);
    if (c->queued > 0) connect_more(c);
    /* While the breaker is open no request waits for a connection that is not even on its way. */
    if (c->queued > 0 && kd_client_retry_hopeless(c)) kd_client_queue_fail(c, KD_EUNAVAILABLE);
    for (uint32_t i = 0; i < c->options.connections; i++) {
        if (c->conns[i].dirty) kd_client_conn_flush(&c->conns[i]);
    }
}

/* ---- what comes from below ---- */

static void client_on_deadline(kd_client_deadline *d)
{
    kd_client_request *r = KD_LINKED(kd_client_request, deadline, d);
    if (r->conn) {
        kd_client_trouble(r->client, KD_REASON_TIMEOUT, "no answer in time on an open connection");
        kd_client_stream_give_up(r);
        kd_client_report(r, KD_ETIMEOUT);
        return;
    }
    kd_client_queue_remove(r);
    kd_client_report(r, KD_ETIMEOUT);
    kd_client_request_release(r);
}

/* A look-up that failed is no failure to connect while older addresses are known: they are tried. */
static void client_on_looked_up(void *arg, const char *fault)
{
    kd_http_client *c = arg;
    if (fault) kd_client_trouble(c, KD_REASON_DNS, fault);
    if (c->resolver.next)
        kd_client_wake(c);
    else
        kd_client_retry_conn_lost(c, false);
}

/* ---- the interface ---- */

/* A request from the pool, filled, with its deadline running. */
static int client_request_make(kd_http_client *c, const char *method, kd_bytes path,
                               const kd_http_client_field *fields, size_t field_count, kd_bytes body,
                               uint32_t deadline_ms, kd_client_request **out)
{
    uint64_t now_ms = kd_client_now_ms();
    if (kd_client_retry_refuses(c, now_ms)) return KD_EUNAVAILABLE;
    if (c->queued >= c->options.queue_max) return KD_EOVERLOADED;
    kd_client_request *r = kd_client_request_take(c);
    int err = kd_client_request_fill(r, method, path, fields, field_count, body);
    if (err != KD_OK) {
        kd_client_request_release(r);
        return err;
    }
    kd_client_retry_taken(c, now_ms);
    kd_client_wheel_add(&c->wheel, &r->deadline,
                        now_ms + (deadline_ms ? deadline_ms : c->options.deadline_ms));
    *out = r;
    return KD_OK;
}

static void client_request_start(kd_client_request *r, kd_http_client_cb cb, void *arg, bool first)
{
    kd_http_client *c = r->client;
    r->cb = cb;
    r->arg = arg;
    r->first = first;
    c->open++;
    c->stats.requests++;
    /* Not past requests that wait already. */
    kd_client_conn *conn = c->queued == 0 ? pick(c) : NULL;
    if (conn && kd_client_stream_submit(conn, r) == KD_OK) return;
    kd_client_queue_append(r);
    kd_client_wake(c);
}

static int client_request(kd_http_client *c, const char *method, kd_bytes path,
                          const kd_http_client_field *fields, size_t field_count, kd_bytes body,
                          kd_http_client_cb cb, void *arg, uint32_t deadline_ms, bool first)
{
    kd_client_request *r;
    int err = client_request_make(c, method, path, fields, field_count, body, deadline_ms, &r);
    if (err == KD_OK) client_request_start(r, cb, arg, first);
    return err;
}

int kd_http_client_request(kd_http_client *c, const char *method, kd_bytes path,
                           const kd_http_client_field *fields, size_t field_count, kd_bytes body,
                           kd_http_client_cb cb, void *arg, uint32_t deadline_ms)
{
    return client_request(c, method, path, fields, field_count, body, cb, arg, deadline_ms, false);
}

int kd_http_client_request_first(kd_http_client *c, const char *method, kd_bytes path,
                                 const kd_http_client_field *fields, size_t field_count, kd_bytes body,
                                 kd_http_client_cb cb, void *arg, uint32_t deadline_ms)
{
    return client_request(c, method, path, fields, field_count, body, cb, arg, deadline_ms, true);
}

static int options_take(kd_http_client_options *to, const kd_http_client_options *from)
{
    *to = *from;
    const struct {
        uint32_t *value, otherwise;
    } defaults[] = {
        {&to->connections, 1},       {&to->max_streams, 100},     {&to->queue_max, 1024},
        {&to->deadline_ms, 5000},    {&to->connect_ms, 3000},     {&to->backoff_min_ms, 50},
        {&to->backoff_max_ms, 5000}, {&to->body_max, 256 * 1024},
    };
    for (size_t i = 0; i < KD_COUNT(defaults); i++) {
        if (*defaults[i].value == 0) *defaults[i].value = defaults[i].otherwise;
    }
    return to->body_max <= KD_HTTP_CLIENT_BODY_MAX && to->connections <= 4096 ? KD_OK : KD_EINVAL;
}

static void client_set_token(kd_http_client *c)
{
    static const char scheme[] = "Bearer ";
    const char *token = c->options.token;
    c->options.token = NULL; /* the caller's */
    if (!token || token[0] == '\0') return;
    kd_buf_put(&c->authorization, scheme, sizeof scheme - 1);
    kd_buf_put(&c->authorization, token, strlen(token));
}

static void client_set_up(kd_http_client *c, struct event_base *base)
{
    c->base = base;
    client_set_token(c);
    c->random = c->options.seed ^ kd_hash(kd_bytes_str(c->url.authority));
    c->callbacks = kd_client_stream_callbacks();
    c->pump = event_new(base, -1, 0, client_on_pump, c);
    c->retry = evtimer_new(base, client_on_pump, c);
    KD_ASSERT(c->pump && c->retry);
    c->read_buf = kd_alloc(KD_CLIENT_READ_BYTES);
    kd_link_init(&c->queue[0]);
    kd_link_init(&c->queue[1]);
    SLIST_INIT(&c->pool);
    kd_client_wheel_init(&c->wheel, base, client_on_deadline);
    kd_client_resolver_init(&c->resolver, base, &c->url, client_on_looked_up, c);
    c->conns = kd_alloc(c->options.connections * sizeof *c->conns);
    for (uint32_t i = 0; i < c->options.connections; i++) kd_client_conn_init(&c->conns[i], c);
}

int kd_http_client_create(kd_http_client **out, struct event_base *base, const char *url,
                          const kd_http_client_options *options)
{
    kd_http_client *c = kd_alloc(sizeof *c);
    const char *fault;
    int err = options_take(&c->options, options);
    if (err == KD_OK) err = kd_client_url_parse(&c->url, url);
    if (err == KD_OK && c->url.tls && !(c->tls = kd_client_tls_new(&c->options, &fault))) err = KD_EIO;
    if (err != KD_OK) {
        free(c);
        return err;
    }
    client_set_up(c, base);
    *out = c;
    return KD_OK;
}

const char *kd_http_client_fault(const char *url, const kd_http_client_options *options)
{
    kd_client_url parsed;
    const char *fault;
    if (kd_client_url_parse(&parsed, url) != KD_OK)
        return "url: must be http://host:port or https://host:port, with no user in it";
    if (!parsed.tls) return NULL;
    SSL_CTX_free(kd_client_tls_new(options, &fault));
    return fault;
}

void kd_http_client_destroy(kd_http_client *c)
{
    if (!c) return;
    /* A callback may make a new request for its failed one, without end: from here on none is taken. */
    c->options.queue_max = 0;
    for (uint32_t i = 0; i < c->options.connections; i++) kd_client_conn_finish(&c->conns[i]);
    kd_client_queue_fail(c, KD_EUNAVAILABLE);
    kd_client_pool_finish(c);
    kd_client_wheel_finish(&c->wheel);
    event_free(c->pump);
    event_free(c->retry);
    nghttp2_session_callbacks_del(c->callbacks);
    if (c->tls) SSL_CTX_free(c->tls);
    kd_client_resolver_finish(&c->resolver);
    free(c->conns);
    free(c->read_buf);
    kd_buf_finish(&c->authorization);
    free(c);
}

void kd_http_client_set_fail_fast(kd_http_client *c, bool fail_fast)
{
    c->options.fail_fast = fail_fast;
    kd_client_wake(c);
}

bool kd_http_client_up(const kd_http_client *c)
{
    return !c->down;
}
const char *kd_http_client_distrust(const kd_http_client *c)
{
    return c->distrust;
}
bool kd_http_client_trouble(const kd_http_client *c, kd_reason *reason, const char **text)
{
    static const char looking_up[] = "no name server has answered";
    bool known = c->trouble.text[0] != '\0', unresolved = !known && c->resolver.lookup && !c->resolver.next;
    *reason = unresolved ? KD_REASON_DNS : c->trouble.reason;
    *text = unresolved ? looking_up : c->trouble.text;
    return known || unresolved;
}
uint32_t kd_http_client_open(const kd_http_client *c)
{
    return c->open;
}
kd_http_client_stats kd_http_client_get_stats(const kd_http_client *c)
{
    return c->stats;
}
