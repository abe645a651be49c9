/*
 * http_deadline.c - see the header.
 *
 * A timer (the sweep) looks at every connection some times per deadline. A request has the deadline of its stage: headers, body, none while the
 * handler works, the taking of its answer. A connection has those of its start, of its unsent bytes, and of idleness.
 */
#include "common/io/http/server/http_deadline.h"

#include "common/io/http/server/http_answer.h"
#include "common/io/http/server/http_conn.h"
#include "common/io/http/server/http_memory.h"
#include "common/io/http/server/http_request.h"
#include "common/io/http/server/http_stream.h"
#include "common/io/http/server/http_tls.h"
#include "common/io/http/server/http_turn.h"

static void deadline_close(http_conn *conn)
{
    conn->server->counters.timeouts++;
    http_conn_close(conn);
}

/* True when the connection as a whole has to go. */
static bool request_expired(http_conn *conn, http_request *req, int64_t now_ms)
{
    if (now_ms < req->deadline_ms) return false;
    if (req->stage == HTTP_STREAMING) return http_stream_stalled(req);
    /* The answer has been taken, but the client has not ended its side of the stream. */
    if (req->stage == HTTP_ANSWERED && req->sent && !req->stopped) {
        req->deadline_ms = now_ms + HTTP_LINGER_MS;
        conn->driver->stop(req);
        return false;
    }
    /* A late request gets its answer. An answer that is not taken leaves nobody to answer to. While a block of HTTP/2's headers has not ended, nothing
     * else can come on its connection, so that ends. */
    if (req->stage > HTTP_BODY || (req->stage == HTTP_HEADERS && req->pub.http2)) return true;
    conn->server->counters.timeouts++;
    http_request_refuse(req, 408);
    http_answer_dispatch(req);
    return false;
}

static bool any_request_expired(http_conn *conn, int64_t now_ms)
{
    http_request *next;
    for (http_request *req = LIST_FIRST(&conn->requests); req; req = next) {
        next = LIST_NEXT(req, next);
        if (req->attached && request_expired(conn, req, now_ms)) return true;
    }
    return false;
}

static void check_idle(http_conn *conn, int64_t now_ms)
{
    if (conn->request_count > 0 || now_ms - conn->since_ms < conn->server->config.idle_timeout_ms) return;
    conn->server->counters.timeouts++;
    conn->driver->idle_out(conn);
    http_conn_turn(conn);
}

static void deadline_check(http_conn *conn, int64_t now_ms)
{
    const kd_http_config *config = &conn->server->config;
    int64_t age_ms = now_ms - conn->since_ms;
    if (conn->state == HTTP_PROXY || conn->state == HTTP_DETECT || conn->state == HTTP_HANDSHAKE) {
        http_tls_look(conn, age_ms);
        if (age_ms >= config->handshake_timeout_ms) deadline_close(conn);
    } else if (conn->state == HTTP_LINGER) {
        if (age_ms >= HTTP_LINGER_MS) http_conn_close(conn);
    } else if (conn->out_by_ms != 0 && now_ms >= conn->out_by_ms) {
        deadline_close(conn);
    } else if (any_request_expired(conn, now_ms)) {
        deadline_close(conn);
    } else if (conn->slow_until_ms != 0 && now_ms >= conn->slow_until_ms) {
        conn->slow_until_ms = 0;
        http_conn_turn(conn);
    } else if (conn->drain_by_ms != 0 && now_ms >= conn->drain_by_ms) {
        conn->driver->drain_due(conn);
        http_conn_turn(conn);
    } else {
        check_idle(conn, now_ms);
    }
}

static void deadline_on_sweep(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    kd_http_server *server = arg;
    int64_t now_ms = http_turn_clock(server);
    http_conn *next;
    for (http_conn *conn = LIST_FIRST(&server->conns); conn; conn = next) {
        next = LIST_NEXT(conn, next); /* the check may free the connection, and no other one */
        deadline_check(conn, now_ms);
    }
    http_memory_look(server);
}

/* A quarter of the shortest deadline, so that none is missed by more than that. */
static struct timeval sweep_interval(const kd_http_config *c)
{
    uint32_t ms = KD_MIN(KD_MIN(c->handshake_timeout_ms, c->headers_timeout_ms), c->body_timeout_ms);
    ms = KD_MIN(ms, KD_MIN(c->idle_timeout_ms, c->write_stall_timeout_ms)) / 4;
    ms = KD_MAX(10u, KD_MIN(ms, (uint32_t)HTTP_DRAIN_IDLE_MS / 4));
    return (struct timeval){.tv_sec = 0, .tv_usec = ms * 1000};
}

void http_deadline_init(kd_http_server *server)
{
    server->sweep_event = event_new(server->base, -1, EV_PERSIST, deadline_on_sweep, server);
    KD_ASSERT(server->sweep_event);
    struct timeval interval = sweep_interval(&server->config);
    event_add(server->sweep_event, &interval);
}

void http_deadline_finish(kd_http_server *server)
{
    event_free(server->sweep_event);
}
