/*
 * http_deadline.c - what ends a connection without its doing: deadlines and drain.
 *
 * The server's sweep comes by several times per deadline. A request has the deadline of its stage (headers,
 * body, none while the handler works, the taking of its answer), a connection those of its start, of its
 * unsent bytes and of idleness.
 */
#include "common/io/http/server/http_internal.h"

void http_conn_drain(http_conn *conn)
{
    if (conn->drain_told) return;
    if (conn->protocol != HTTP_H2 && conn->protocol != HTTP_H1) return;
    conn->drain_told = true;
    if (conn->protocol == HTTP_H2)
        http_h2_notice(conn);
    else
        conn->goaway_by_ms = conn->server->now_ms + HTTP_DRAIN_IDLE_MS;
    http_conn_touch(conn);
}

static void deadline_expire(http_conn *conn)
{
    conn->server->counters.timeouts++;
    http_conn_close(conn);
}

/* True when the connection as a whole has to go. */
static bool request_expired(http_conn *conn, http_request *req, int64_t now_ms)
{
    if (now_ms < req->deadline_ms) return false;
    if (req->stage == HTTP_ANSWERED && req->sent && !req->stopped) {
        req->deadline_ms = now_ms + HTTP_LINGER_MS;
        http_h2_stop(req);
        return false;
    }
    if (req->stage != HTTP_BODY) return true;
    conn->server->counters.timeouts++;
    http_request_refuse(req, 408);
    http_request_dispatch(req);
    return false;
}

static bool any_request_expired(http_conn *conn, int64_t now_ms)
{
    http_request *next;
    for (http_request *req = conn->requests; req != NULL; req = next) {
        next = req->next;
        if (req->attached && request_expired(conn, req, now_ms)) return true;
    }
    return false;
}

static void check_idle(http_conn *conn, int64_t now_ms)
{
    if (conn->request_count > 0 || now_ms - conn->since_ms < conn->server->config.idle_timeout_ms) return;
    conn->server->counters.timeouts++;
    if (conn->protocol == HTTP_H2) http_h2_terminate(conn, NGHTTP2_NO_ERROR);
    conn->fate = HTTP_FINISH;
    http_conn_turn(conn);
}

static void check_drain(http_conn *conn)
{
    if (conn->protocol == HTTP_H2)
        http_h2_goaway(conn);
    else if (http_h1_idle(conn))
        conn->fate = HTTP_FINISH;
    http_conn_turn(conn);
}

void http_conn_check_deadlines(http_conn *conn, int64_t now_ms)
{
    const kd_http_config *config = &conn->server->config;
    bool early = conn->protocol == HTTP_DETECT || conn->protocol == HTTP_HANDSHAKE;
    if (early && now_ms - conn->since_ms >= config->handshake_timeout_ms)
        deadline_expire(conn);
    else if (early)
        return;
    else if (conn->protocol == HTTP_LINGER && now_ms - conn->since_ms < HTTP_LINGER_MS)
        return;
    else if (conn->protocol == HTTP_LINGER)
        http_conn_close(conn);
    else if (conn->out_by_ms != 0 && now_ms >= conn->out_by_ms)
        deadline_expire(conn);
    else if (any_request_expired(conn, now_ms))
        deadline_expire(conn);
    else if (conn->goaway_by_ms != 0 && now_ms >= conn->goaway_by_ms)
        check_drain(conn);
    else
        check_idle(conn, now_ms);
}
