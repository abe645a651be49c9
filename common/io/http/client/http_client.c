/*
 * http_client.c - the client: what waits, which connection takes it, when to connect again, when to give up
 * for a while.
 *
 * Owns the connections, the queue and the pool. Invariants: a request waits only while no connection has room
 * for it; connections are opened only while requests wait, and never before connect_at_ms; `down` (the
 * breaker) is set by a run of failures and cleared by the first answer, and while it is set one request per
 * back-off is let through to try.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/io/http/client/http_client_internal.h"

uint64_t kd_client_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void kd_client_wake(kd_http_client *c)
{
    if (c->pumping) return;
    c->pumping = true;
    event_active(c->pump, 0, 0);
}

/* ---- failures ---------------------------------------------------------------------------------------------
 */

/* Doubles with every failure in a row, between half and the whole of it at random. */
static uint64_t backoff_ms(kd_http_client *c, uint32_t failures)
{
    uint32_t shift = KD_MIN(failures, 16u);
    uint64_t top = KD_MIN((uint64_t)c->options.backoff_min_ms << shift, (uint64_t)c->options.backoff_max_ms);
    return top / 2 + kd_random_next(&c->random) % (top / 2 + 1);
}

void kd_client_trouble(kd_http_client *c, kd_reason reason, const char *text)
{
    c->stats.troubles[reason]++;
    c->trouble.reason = reason;
    snprintf(c->trouble.text, sizeof c->trouble.text, "%s", text);
}

static void client_count_failure(kd_http_client *c)
{
    c->failures_in_row++;
    if (c->options.breaker_failures == 0 || c->failures_in_row < c->options.breaker_failures) return;
    c->down = true;
    c->probe_at_ms = kd_client_now_ms() + backoff_ms(c, c->failures_in_row - c->options.breaker_failures);
    kd_client_wake(c);
}

void kd_client_conn_up(kd_http_client *c)
{
    kd_client_wake(c);
}

void kd_client_conn_lost(kd_http_client *c, bool useful)
{
    if (useful) {
        c->connect_failures = 0;
    } else {
        c->connect_failures++;
        c->stats.connects_failed++;
        kd_client_address_failed(c);
        client_count_failure(c);
    }
    c->connect_at_ms = kd_client_now_ms() + backoff_ms(c, c->connect_failures);
    kd_client_wake(c);
}

void kd_client_resolved(kd_http_client *c, bool known)
{
    if (known)
        kd_client_wake(c);
    else
        kd_client_conn_lost(c, false);
}

void kd_client_report(kd_client_request *r, int result)
{
    kd_http_client *c = r->client;
    kd_http_client_cb cb = r->cb;
    r->cb = NULL;
    kd_client_wheel_remove(r);
    c->open--;
    if (result == KD_OK || result == KD_ETOOBIG) {
        c->stats.answers++;
        c->failures_in_row = c->connect_failures = 0;
        c->down = false;
        c->trouble.text[0] = '\0';
    } else {
        if (result == KD_ETIMEOUT)
            c->stats.timeouts++;
        else
            c->stats.failures++;
        client_count_failure(c);
    }
    /* An answer made room on its connection. */
    if (c->queued > 0) kd_client_wake(c);
    cb(r->arg, result, result == KD_OK ? r->response.status : 0, result == KD_OK ? &r->response : NULL);
}

void kd_client_expire(kd_client_request *r)
{
    if (r->conn) {
        kd_client_trouble(r->client, KD_REASON_TIMEOUT, "no answer in time on an open connection");
        kd_client_conn_reset_stream(r);
        kd_client_report(r, KD_ETIMEOUT);
        return;
    }
    kd_link_remove(&r->at);
    r->client->queued--;
    kd_client_report(r, KD_ETIMEOUT);
    kd_client_request_release(r);
}

void kd_client_requeue(kd_client_request *r)
{
    r->replays++;
    kd_client_response_reset(&r->response);
    kd_link_append(r->client->queue.next, &r->at);
    r->client->queued++;
    kd_client_wake(r->client);
}

/* ---- the pump ---------------------------------------------------------------------------------------------
 */

/* The connection that is being read first: what it writes now shares one packet. */
static kd_client_conn *pick(kd_http_client *c)
{
    if (c->current && kd_client_conn_has_room(c->current)) return c->current;
    for (uint32_t i = 0; i < c->options.connections; i++) {
        kd_client_conn *conn = &c->conns[(c->turn + i) % c->options.connections];
        if (!kd_client_conn_has_room(conn)) continue;
        c->turn = (c->turn + i + 1) % c->options.connections;
        return conn;
    }
    return NULL;
}

static void submit_waiting(kd_http_client *c)
{
    kd_client_conn *conn;
    while (c->queued > 0 && (conn = pick(c)) != NULL) {
        kd_client_request *r = KD_LINKED(kd_client_request, at, c->queue.next);
        kd_link_remove(&r->at);
        if (kd_client_conn_submit(conn, r) == KD_OK)
            c->queued--;
        else
            kd_link_append(c->queue.next, &r->at);
    }
}

static void client_retry_after(kd_http_client *c, uint64_t ms)
{
    struct timeval t = {.tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000) * 1000};
    event_add(c->retry, &t);
}

/* As many connections as what waits can use, those on their way included. */
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

static void fail_waiting(kd_http_client *c, int result)
{
    kd_link lost;
    kd_link_init(&lost);
    while (!kd_link_alone(&c->queue)) {
        kd_link *l = c->queue.next;
        kd_link_remove(l);
        kd_link_append(&lost, l);
    }
    c->queued = 0;
    while (!kd_link_alone(&lost)) {
        kd_client_request *r = KD_LINKED(kd_client_request, at, lost.next);
        kd_client_report(r, result);
        kd_client_request_release(r);
    }
}

void kd_client_untrusted(kd_http_client *c)
{
    fail_waiting(c, KD_EUNTRUSTED);
}

static bool any_connection(const kd_http_client *c)
{
    for (uint32_t i = 0; i < c->options.connections; i++) {
        if (c->conns[i].state != KD_CONN_CLOSED) return true;
    }
    return false;
}

static void on_pump(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    kd_http_client *c = arg;
    c->pumping = false;
    for (uint32_t i = 0; i < c->options.connections; i++) {
        if (c->conns[i].broken) kd_client_conn_close(&c->conns[i], !c->conns[i].draining);
    }
    submit_waiting(c);
    if (c->queued > 0) connect_more(c);
    /* While the breaker is open nobody waits for a connection. */
    if (c->down && c->queued > 0 && !any_connection(c)) fail_waiting(c, KD_EUNAVAILABLE);
    for (uint32_t i = 0; i < c->options.connections; i++) {
        if (c->conns[i].dirty) kd_client_conn_flush(&c->conns[i]);
    }
}

/* Open, and nothing may be tried yet. A probe that comes before a connection may be made again would fail
 * untried, and push the next one further away. */
static bool refuses(const kd_http_client *c, uint64_t now_ms)
{
    return c->down && (now_ms < c->probe_at_ms || (now_ms < c->connect_at_ms && !any_connection(c)));
}

/* ---- the interface ----------------------------------------------------------------------------------------
 */

int kd_http_client_request(kd_http_client *c, const char *method, kd_bytes path,
                           const kd_http_client_field *fields, size_t field_count, kd_bytes body,
                           kd_http_client_cb cb, void *arg, uint32_t deadline_ms)
{
    uint64_t now_ms = kd_client_now_ms();
    if (refuses(c, now_ms)) return KD_EUNAVAILABLE;
    if (c->queued >= c->options.queue_max) return KD_EOVERLOADED;
    kd_client_request *r = kd_client_request_take(c);
    int rc = kd_client_request_fill(r, method, path, fields, field_count, body);
    if (rc != KD_OK) {
        kd_client_request_release(r);
        return rc;
    }
    if (c->down) c->probe_at_ms = now_ms + backoff_ms(c, c->failures_in_row - c->options.breaker_failures);
    r->cb = cb;
    r->arg = arg;
    r->deadline_at_ms = now_ms + (deadline_ms ? deadline_ms : c->options.deadline_ms);
    kd_client_wheel_add(r);
    c->open++;
    c->stats.requests++;
    kd_client_conn *conn = c->queued == 0 ? pick(c) : NULL;
    if (conn && kd_client_conn_submit(conn, r) == KD_OK) return KD_OK;
    kd_link_append(&c->queue, &r->at);
    c->queued++;
    kd_client_wake(c);
    return KD_OK;
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

static void client_set_up(kd_http_client *c, struct event_base *base)
{
    c->base = base;
    c->random = c->options.seed ^ kd_hash(kd_bytes_str(c->url.authority));
    c->callbacks = kd_client_callbacks_new();
    c->pump = event_new(base, -1, 0, on_pump, c);
    c->retry = evtimer_new(base, on_pump, c);
    KD_ASSERT(c->pump && c->retry);
    c->read_buf = kd_alloc(KD_CLIENT_READ_BYTES);
    kd_link_init(&c->queue);
    kd_link_init(&c->pool);
    kd_client_wheel_init(c);
    kd_client_resolver_init(&c->resolver, base, &c->url);
    c->conns = kd_alloc(c->options.connections * sizeof *c->conns);
    for (uint32_t i = 0; i < c->options.connections; i++) kd_client_conn_init(&c->conns[i], c);
}

int kd_http_client_create(kd_http_client **out, struct event_base *base, const char *url,
                          const kd_http_client_options *options)
{
    kd_http_client *c = kd_alloc(sizeof *c);
    const char *fault;
    int rc = options_take(&c->options, options);
    if (rc == KD_OK) rc = kd_client_url_parse(&c->url, url);
    if (rc == KD_OK && c->url.tls && !(c->tls = kd_client_tls_new(&c->options, &fault))) rc = KD_EIO;
    if (rc != KD_OK) {
        free(c);
        return rc;
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
    /* A caller that makes a new request for every failed one is answered that nothing is taken any more. */
    c->options.queue_max = 0;
    for (uint32_t i = 0; i < c->options.connections; i++) kd_client_conn_finish(&c->conns[i]);
    fail_waiting(c, KD_EUNAVAILABLE);
    kd_client_pool_finish(c);
    kd_client_wheel_finish(c);
    event_free(c->pump);
    event_free(c->retry);
    nghttp2_session_callbacks_del(c->callbacks);
    if (c->tls) SSL_CTX_free(c->tls);
    kd_client_resolver_finish(&c->resolver);
    free(c->conns);
    free(c->read_buf);
    free(c);
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
    static const char looks_up[] = "no name server has answered";
    bool known = c->trouble.text[0] != '\0', unresolved = !known && c->resolver.lookup && !c->resolver.next;
    *reason = unresolved ? KD_REASON_DNS : c->trouble.reason;
    *text = unresolved ? looks_up : c->trouble.text;
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
