/*
 * http_server.c - the server object: its limits, the turn that writes answers, drain and end.
 */
#include "common/io/http/server/http_server.h"

#include <stdlib.h>

#include "common/io/http/server/http_conn.h"
#include "common/io/http/server/http_deadline.h"
#include "common/io/http/server/http_door.h"
#include "common/io/http/server/http_h2.h"
#include "common/io/http/server/http_handshakes.h"
#include "common/io/http/server/http_internal.h"
#include "common/io/http/server/http_listen.h"
#include "common/io/http/server/http_request.h"
#include "common/io/http/server/http_share.h"
#include "common/io/http/server/http_turn.h"
#include "kudos/limits.h"

const char *const kd_http_forwarded_names[] = {"any", "forwarded", "x-forwarded-for", "none", NULL};
const char *const kd_http_proxy_names[] = {"off", "v2", NULL};

void kd_http_config_init(kd_http_config *config)
{
    *config = (kd_http_config){
        .max_connections = 10000,
        .max_connections_per_address = 1024,
        .max_handshakes = 4096,
        .max_handshakes_per_address = 512,
        .max_streams = HTTP_STREAMS_MAX,
        .max_requests = 65536,
        .max_requests_per_address = 16384,
        .max_headers = KD_HEADERS_MAX,
        .max_header_bytes = KD_HEADER_BYTES_MAX,
        .max_body_bytes = KD_BODY_MAX,
        .max_buffered_bytes = 64 * 1024 * 1024,
        .max_held_per_address = 32 * 1024 * 1024,
        .max_held_per_connection = 16 * 1024 * 1024,
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

/* ---- turns ---- */

/* Calls `done` when nothing is left to wait for. */
static void tell_drained(kd_http_server *server)
{
    if (!server->draining || server->drained_told || !LIST_EMPTY(&server->conns)) return;
    if (server->counters.requests_open > 0 && !server->drain_expired) return;
    server->drained_told = true;
    event_del(server->drain_event);
    if (server->drained) server->drained(server->drained_arg);
}

/* Writes all connections that have cost little, and of the others as many as `left` units allow. A write costs as much as a request, besides its bytes. */
static void write_dirty(kd_http_server *server, uint64_t left)
{
    for (http_conn *conn; (conn = http_turn_next(server, left > 0)) != NULL;) {
        uint64_t before = server->counters.work;
        bool heavy = http_share_heavy(conn);
        http_conn_turn(conn);
        uint64_t cost = server->counters.work - before + HTTP_REQUEST_UNITS;
        if (heavy) left -= KD_MIN(left, cost);
    }
}

static void server_on_turn(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    kd_http_server *server = arg;
    http_turn_clock(server);
    write_dirty(server, HTTP_WRITE_UNITS);
    tell_drained(server); /* last: it may destroy the server */
}

static void server_on_serve(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    kd_http_server *server = arg;
    http_turn_clock(server);
    write_dirty(server, 0); /* light ones need not wait for new work; heavy ones have the turn's event */
    http_share_begin(server);
    for (http_conn *conn; (conn = http_share_next(server)) != NULL;) http_conn_serve(conn);
}

/* The time of a drain is over: the clients that are left are cut, and `done` is called even if the handler still owes answers. */
static void on_drain_deadline(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    kd_http_server *server = arg;
    server->drain_expired = true;
    while (!LIST_EMPTY(&server->conns)) http_conn_close(LIST_FIRST(&server->conns));
    http_turn_check_drained(server);
}

/* ---- create, drain, destroy ---- */

static bool config_makes_sense(const kd_http_config *c)
{
    return c->max_connections > 0 && c->max_connections_per_address > 0 && c->max_handshakes > 0 &&
           c->max_handshakes_per_address > 0 && c->max_streams > 0 && c->max_streams <= HTTP_STREAMS_MAX &&
           c->max_requests > 0 && c->max_requests_per_address > 0 && c->max_headers > 0 &&
           c->max_header_bytes >= 64 && c->max_body_bytes <= c->max_buffered_bytes &&
           c->max_held_per_address > sizeof(http_request) &&
           c->max_held_per_connection > sizeof(http_request) && c->max_resets_per_s > 0 &&
           c->max_control_per_s > 0 && c->output_high_water_bytes > 0 && c->handshake_timeout_ms > 0 &&
           c->headers_timeout_ms > 0 && c->body_timeout_ms > 0 && c->idle_timeout_ms > 0 &&
           c->write_stall_timeout_ms > 0;
}

static void make_events(kd_http_server *server)
{
    server->turn_event = event_new(server->base, -1, 0, server_on_turn, server);
    server->drain_event = event_new(server->base, -1, 0, on_drain_deadline, server);
    KD_ASSERT(server->turn_event && server->drain_event);
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
    http_addresses_init(&server->addresses);
    server->own_door = !config->door;
    server->door = config->door
                       ? config->door
                       : kd_http_door_create(config->max_connections, config->max_connections_per_address,
                                             config->max_new_per_address);
    http_pool_init(&server->pool);
    http_h2_init(server);
    make_events(server);
    http_turn_init(server);
    http_share_init(server, server_on_serve);
    http_listen_init(server);
    http_deadline_init(server);
    http_handshakes_init(server);
    http_turn_clock(server);
    *out = server;
    return KD_OK;
}

void kd_http_server_drain(kd_http_server *server, kd_http_drained done, void *arg, uint32_t deadline_ms)
{
    KD_ASSERT(!server->draining);
    http_turn_clock(server);
    server->draining = true;
    server->drained = done;
    server->drained_arg = arg;
    http_listen_close(
        server,
        true); /* draining already: clients from the queue are told as soon as their protocol is known */
    http_conn *conn;
    LIST_FOREACH(conn, &server->conns, next) http_conn_drain(conn);
    struct timeval deadline = {.tv_sec = deadline_ms / 1000, .tv_usec = deadline_ms % 1000 * 1000};
    event_add(server->drain_event, &deadline);
    http_turn_check_drained(server);
}

void kd_http_server_destroy(kd_http_server *server)
{
    if (!server) return;
    KD_ASSERT(server->counters.requests_open == 0);
    http_listen_finish(server);
    while (!LIST_EMPTY(&server->conns)) http_conn_close(LIST_FIRST(&server->conns));
    KD_ASSERT(server->conns_held == 0);
    http_deadline_finish(server);
    http_handshakes_finish(server);
    http_share_finish(server);
    event_free(server->turn_event);
    http_turn_finish(server);
    event_free(server->drain_event);
    http_h2_finish(server);
    http_request_free_spares(server);
    http_pool_finish(&server->pool); /* last: sessions give their blocks back to it */
    kd_strings_finish(&server->origins);
    kd_buf_finish(&server->plain);
    kd_buf_finish(&server->cipher);
    kd_buf_finish(&server->piece);
    if (server->own_door) kd_http_door_destroy(server->door);
    free(server);
}

const kd_http_counters *kd_http_server_counters(const kd_http_server *server)
{
    return &server->counters;
}
