/*
 * http_server.c - the server object: limits, clocks, the turn that writes answers, the sweep that
 * looks at deadlines, drain and end.
 *
 * Answers that come up outside of a connection's own event put it on the dirty list; one activated event
 * writes them all after the callbacks that are due now, so a commit group of hundreds of requests costs one
 * write per connection.
 */
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/io/http/server/http_internal.h"
#include "kudos/limits.h"

_Static_assert(HTTP_ARENA_BYTES % _Alignof(max_align_t) == 0, "the arena is handed out in aligned pieces");

void kd_http_config_init(kd_http_config *config)
{
    *config = (kd_http_config){
        .max_connections = 10000,
        .max_connections_per_address = 1024,
        .max_streams = HTTP_STREAMS_MAX,
        .max_requests = 65536,
        .max_headers = KD_HEADERS_MAX,
        .max_header_bytes = KD_HEADER_BYTES_MAX,
        .max_body_bytes = KD_BODY_MAX,
        .max_buffered_bytes = 64 * 1024 * 1024,
        .max_resets_per_s = 200,
        .max_control_per_s = 1000,
        .output_high_water_bytes = 16 * 1024,
        .handshake_timeout_ms = 10000,
        .headers_timeout_ms = 10000,
        .body_timeout_ms = 30000,
        .idle_timeout_ms = 120000,
        .write_stall_timeout_ms = 20000,
    };
}

/* ---- clocks ---- */

static void format_date(kd_http_server *server)
{
    static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct tm t;
    time_t now = (time_t)server->date_s;
    gmtime_r(&now, &t);
    char text[96];
    snprintf(text, sizeof(text), "%s, %02d %s %04d %02d:%02d:%02d GMT", days[t.tm_wday], t.tm_mday,
             months[t.tm_mon], t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
    memcpy(server->date, text, HTTP_DATE_BYTES);
}

int64_t http_server_clock(kd_http_server *server)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
    server->now_ms = (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
    return server->now_ms;
}

const char *http_server_date(kd_http_server *server)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME_COARSE, &t);
    if (t.tv_sec != server->date_s) {
        server->date_s = t.tv_sec;
        format_date(server);
    }
    return server->date;
}

/* ---- events ---- */

void http_server_mark(kd_http_server *server, http_conn *conn)
{
    if (server->dirty == NULL) event_active(server->turn_event, 0, 0);
    conn->dirty = true;
    conn->next_dirty = server->dirty;
    server->dirty = conn;
}

void http_server_conn_gone(kd_http_server *server)
{
    if (server->draining && server->conns == NULL) event_active(server->turn_event, 0, 0);
}

static void tell_drained(kd_http_server *server)
{
    if (!server->draining || server->drained_told || server->conns != NULL) return;
    if (server->counters.requests_open > 0 && !server->drain_expired) return;
    server->drained_told = true;
    event_del(server->drain_event);
    if (server->drained != NULL) server->drained(server->drained_arg);
}

static void server_on_turn(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    kd_http_server *server = arg;
    http_server_clock(server);
    while (server->dirty != NULL) {
        http_conn *conn = server->dirty;
        server->dirty = conn->next_dirty;
        conn->dirty = false;
        http_conn_turn(conn);
    }
    tell_drained(server); /* last: it may destroy the server */
}

static void server_on_sweep(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    kd_http_server *server = arg;
    int64_t now_ms = http_server_clock(server);
    http_conn *next;
    for (http_conn *conn = server->conns; conn != NULL; conn = next) {
        next = conn->next;
        http_conn_check_deadlines(conn, now_ms);
    }
}

static void on_drain_deadline(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    kd_http_server *server = arg;
    server->drain_expired = true;
    while (server->conns != NULL) http_conn_close(server->conns);
    http_server_conn_gone(server);
}

/* ---- birth, drain, death ---- */

static bool config_makes_sense(const kd_http_config *c)
{
    return c->max_connections > 0 && c->max_connections_per_address > 0 && c->max_streams > 0 &&
           c->max_streams <= HTTP_STREAMS_MAX && c->max_requests > 0 && c->max_headers > 0 &&
           c->max_header_bytes >= 64 && c->max_body_bytes <= c->max_buffered_bytes &&
           c->max_resets_per_s > 0 && c->max_control_per_s > 0 && c->output_high_water_bytes > 0 &&
           c->handshake_timeout_ms > 0 && c->headers_timeout_ms > 0 && c->body_timeout_ms > 0 &&
           c->idle_timeout_ms > 0 && c->write_stall_timeout_ms > 0;
}

static nghttp2_option *make_option(void)
{
    nghttp2_option *option;
    KD_ASSERT(nghttp2_option_new(&option) == 0);
    /* Closed streams are kept for the old priority tree alone, which is switched off. */
    nghttp2_option_set_no_closed_streams(option, 1);
    return option;
}

/* A quarter of the shortest deadline, so that none is missed by more than that. */
static struct timeval sweep_interval(const kd_http_config *c)
{
    uint32_t ms = KD_MIN(KD_MIN(c->handshake_timeout_ms, c->headers_timeout_ms), c->body_timeout_ms);
    ms = KD_MIN(ms, KD_MIN(c->idle_timeout_ms, c->write_stall_timeout_ms)) / 4;
    ms = KD_MAX(10u, KD_MIN(ms, (uint32_t)HTTP_DRAIN_IDLE_MS / 4));
    return (struct timeval){.tv_sec = 0, .tv_usec = ms * 1000};
}

static void make_events(kd_http_server *server)
{
    server->turn_event = event_new(server->base, -1, 0, server_on_turn, server);
    server->sweep_event = event_new(server->base, -1, EV_PERSIST, server_on_sweep, server);
    server->accept_event = event_new(server->base, -1, 0, http_listen_resume, server);
    server->drain_event = event_new(server->base, -1, 0, on_drain_deadline, server);
    KD_ASSERT(server->turn_event && server->sweep_event && server->accept_event && server->drain_event);
    struct timeval interval = sweep_interval(&server->config);
    event_add(server->sweep_event, &interval);
}

int kd_http_server_create(kd_http_server **out, struct event_base *base, const kd_http_config *config,
                          kd_http_handler handler, void *arg)
{
    if (!config_makes_sense(config)) return KD_EINVAL;
    kd_http_server *server = kd_alloc(sizeof(*server));
    server->base = base;
    server->config = *config;
    server->handler = handler;
    server->arg = arg;
    KD_ASSERT(RAND_bytes((unsigned char *)&server->address_seed, sizeof(server->address_seed)) == 1);
    http_pool_init(&server->pool);
    server->callbacks = http_h2_callbacks();
    server->option = make_option();
    make_events(server);
    http_server_clock(server);
    *out = server;
    return KD_OK;
}

void kd_http_server_drain(kd_http_server *server, kd_http_drained done, void *arg, uint32_t deadline_ms)
{
    KD_ASSERT(!server->draining);
    http_server_clock(server);
    server->draining = true;
    server->drained = done;
    server->drained_arg = arg;
    http_listen_close(server, true);
    for (http_conn *conn = server->conns; conn != NULL; conn = conn->next) http_conn_drain(conn);
    struct timeval deadline = {.tv_sec = deadline_ms / 1000, .tv_usec = deadline_ms % 1000 * 1000};
    event_add(server->drain_event, &deadline);
    http_server_conn_gone(server);
}

void kd_http_server_destroy(kd_http_server *server)
{
    if (server == NULL) return;
    KD_ASSERT(server->counters.requests_open == 0);
    http_listen_close(server, false);
    while (server->conns != NULL) http_conn_close(server->conns);
    KD_ASSERT(server->conns_held == 0);
    event_free(server->turn_event);
    event_free(server->sweep_event);
    event_free(server->accept_event);
    event_free(server->drain_event);
    nghttp2_session_callbacks_del(server->callbacks);
    nghttp2_option_del(server->option);
    http_pool_finish(&server->pool);
    kd_buf_finish(&server->plain);
    kd_buf_finish(&server->cipher);
    free(server);
}

const kd_http_counters *kd_http_server_counters(const kd_http_server *server)
{
    return &server->counters;
}
