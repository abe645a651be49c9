/*
 * http_conn.c - one connection: what it speaks, bytes in, bytes out, deadlines, end.
 *
 *   DETECT ──0x16──► HANDSHAKE ──ALPN──► H2 or H1 ──► LINGER ──► CLOSED ──► freed with its last request
 *      └────────── preface ────────────► H2, else H1
 *
 * Each event is one turn: read once, understand, write once. The bytes that the socket did not take move to
 * conn->out, and until they are gone nothing is asked of the protocol and, above the high-water mark, nothing
 * is read.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/io/http/server/http_internal.h"

/* ---- birth and death ---- */

static void conn_on_readable(evutil_socket_t fd, short what, void *arg);
static void on_writable(evutil_socket_t fd, short what, void *arg);

static void set_reading(http_conn *conn, bool on)
{
    if (conn->reading == on) return;
    conn->reading = on;
    if (on)
        event_add(conn->read_event, NULL);
    else
        event_del(conn->read_event);
}

static void set_writing(http_conn *conn, bool on)
{
    if (conn->writing == on) return;
    conn->writing = on;
    if (on)
        event_add(conn->write_event, NULL);
    else
        event_del(conn->write_event);
}

void http_conn_create(kd_http_server *server, int fd, const struct sockaddr_storage *peer, socklen_t peer_len)
{
    http_conn *conn = kd_alloc(sizeof(*conn));
    conn->server = server;
    conn->fd = fd;
    conn->peer = *peer;
    conn->peer_len = peer_len;
    conn->address = http_address_key(peer);
    conn->since_ms = server->now_ms;
    conn->read_event = event_new(server->base, fd, EV_READ | EV_PERSIST, conn_on_readable, conn);
    conn->write_event = event_new(server->base, fd, EV_WRITE | EV_PERSIST, on_writable, conn);
    KD_ASSERT(conn->read_event != NULL && conn->write_event != NULL);
    conn->next = server->conns;
    if (conn->next != NULL) conn->next->prev = conn;
    server->conns = conn;
    server->conns_held++;
    server->counters.connections_open++;
    set_reading(conn, true);
}

static void conn_free(http_conn *conn)
{
    kd_http_server *server = conn->server;
    http_address_release(server, conn->address);
    server->conns_held--;
    free(conn->peer_name);
    free(conn);
    http_server_conn_gone(server); /* the last answer owed may end a drain */
}

void http_conn_forget_request(http_conn *conn)
{
    KD_ASSERT(conn->request_count > 0);
    conn->request_count--;
    conn->since_ms = conn->server->now_ms;
    if (conn->protocol == HTTP_CLOSED && conn->request_count == 0) conn_free(conn);
}

static void detach_requests(http_conn *conn)
{
    http_request *next;
    for (http_request *req = conn->requests; req != NULL; req = next) {
        next = req->next;
        req->attached = false;
        if (req->stage != HTTP_HANDLED) http_request_free(req);
    }
}

static void unlink_dirty(http_conn *conn)
{
    if (!conn->dirty) return;
    http_conn **at = &conn->server->dirty;
    while (*at != conn) at = &(*at)->next_dirty;
    *at = conn->next_dirty;
    conn->dirty = false;
}

void http_conn_close(http_conn *conn)
{
    kd_http_server *server = conn->server;
    KD_ASSERT(conn->protocol != HTTP_CLOSED);
    event_free(conn->read_event);
    event_free(conn->write_event);
    nghttp2_session_del(conn->session);
    SSL_free(conn->ssl);
    close(conn->fd);
    unlink_dirty(conn);
    kd_buf_finish(&conn->in);
    kd_buf_finish(&conn->out);
    kd_buf_finish(&conn->h1_out);
    if (conn->prev != NULL)
        conn->prev->next = conn->next;
    else
        server->conns = conn->next;
    if (conn->next != NULL) conn->next->prev = conn->prev;
    server->counters.connections_open--;
    detach_requests(conn);
    conn->protocol = HTTP_CLOSED;
    if (conn->request_count == 0) conn_free(conn);
    http_server_conn_gone(server);
}

/* ---- what the client speaks ---- */

void http_conn_start(http_conn *conn, http_protocol protocol)
{
    conn->protocol = protocol;
    conn->since_ms = conn->server->now_ms;
    if (protocol == HTTP_H2) http_h2_start(conn);
    if (protocol != HTTP_HANDSHAKE && conn->server->draining) http_conn_drain(conn);
}

static void start_tls(http_conn *conn, kd_bytes data)
{
    kd_http_server *server = conn->server;
    if (server->config.tls == NULL) {
        server->counters.tls_failures++;
        conn->fate = HTTP_ABORT;
        return;
    }
    conn->ssl = http_tls_accept(server->config.tls, conn);
    int64_t since = conn->since_ms;
    http_conn_start(conn, HTTP_HANDSHAKE);
    conn->since_ms = since;
    conn->tls_in = data;
    if (http_tls_read(conn) != KD_OK && conn->fate == HTTP_LIVE) conn->fate = HTTP_FINISH;
    conn->tls_in = kd_bytes_of(NULL, 0);
}

static void detect(http_conn *conn, kd_bytes data)
{
    if (conn->in.len == 0 && data.data[0] == 0x16) {
        start_tls(conn, data);
        return;
    }
    if (conn->server->config.tls_required) {
        conn->fate = HTTP_ABORT;
        return;
    }
    kd_buf_put(&conn->in, data.data, data.len);
    size_t n = KD_MIN(conn->in.len, (size_t)NGHTTP2_CLIENT_MAGIC_LEN);
    bool preface = memcmp(conn->in.data, NGHTTP2_CLIENT_MAGIC, n) == 0;
    if (preface && n < NGHTTP2_CLIENT_MAGIC_LEN) return;
    kd_buf seen = conn->in;
    conn->in = (kd_buf){0};
    http_conn_start(conn, preface ? HTTP_H2 : HTTP_H1);
    http_conn_feed(conn, kd_buf_view(&seen));
    kd_buf_finish(&seen);
}

void http_conn_feed(http_conn *conn, kd_bytes data)
{
    conn->server->counters.bytes_in += data.len;
    if (conn->protocol == HTTP_H2)
        http_h2_feed(conn, data);
    else if (conn->protocol == HTTP_H1)
        http_h1_feed(conn, data);
}

/* ---- bytes out ---- */

static size_t conn_unsent(const http_conn *conn)
{
    return conn->out.len - conn->out_sent;
}

bool http_conn_output_full(const http_conn *conn)
{
    return conn_unsent(conn) >= conn->server->config.output_high_water_bytes;
}

/* What the socket took of data; less than all means that it is full. */
static size_t send_some(http_conn *conn, const uint8_t *data, size_t len)
{
    ssize_t n = send(conn->fd, data, len, MSG_NOSIGNAL);
    if (n >= 0) return (size_t)n;
    if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) conn->fate = HTTP_ABORT;
    return 0;
}

static void send_waiting(http_conn *conn)
{
    if (conn_unsent(conn) == 0) return;
    conn->out_sent += send_some(conn, conn->out.data + conn->out_sent, conn_unsent(conn));
    if (conn_unsent(conn) > 0) return;
    kd_buf_clear(&conn->out);
    conn->out_sent = 0;
    if (conn->out.cap > HTTP_READ_BYTES) {
        kd_buf_finish(&conn->out);
        conn->out = (kd_buf){0};
    }
}

static void keep_unsent(http_conn *conn, const kd_buf *buf, size_t sent)
{
    if (sent == buf->len) return;
    kd_buf_put(&conn->out, buf->data + sent, buf->len - sent);
}

/* Sends a shared buffer of this turn, empties it, and keeps what is left. */
static void send_buffer(http_conn *conn, kd_buf *buf)
{
    if (buf->len > 0) {
        size_t sent = conn_unsent(conn) == 0 ? send_some(conn, buf->data, buf->len) : 0;
        keep_unsent(conn, buf, sent);
        kd_buf_clear(buf);
    }
}

static bool produce_once(http_conn *conn)
{
    kd_http_server *server = conn->server;
    kd_buf *plain = &server->plain;
    if (conn->protocol == HTTP_H2)
        http_h2_produce(conn, plain);
    else if (conn->protocol == HTTP_H1)
        http_h1_produce(conn, plain);
    if (plain->len == 0) return false;
    server->counters.bytes_out += plain->len;
    if (conn->ssl != NULL) {
        if (http_tls_write(conn, kd_buf_view(plain)) != KD_OK) conn->fate = HTTP_ABORT;
        kd_buf_clear(plain);
        send_buffer(conn, &server->cipher);
    } else {
        send_buffer(conn, plain);
    }
    return true;
}

static void conn_write_out(http_conn *conn)
{
    bool waited = conn_unsent(conn) > 0;
    send_waiting(conn);
    send_buffer(conn, &conn->server->cipher);
    while (conn->fate != HTTP_ABORT && conn_unsent(conn) == 0 && produce_once(conn)) waited = false;
    if (conn_unsent(conn) > 0 && (!waited || conn->out_by_ms == 0)) {
        conn->out_by_ms = conn->server->now_ms + conn->server->config.write_stall_timeout_ms +
                          (int64_t)(1000 * conn_unsent(conn) / HTTP_TAKE_BYTES_PER_S);
    }
    if (conn_unsent(conn) == 0) conn->out_by_ms = 0;
}

/* ---- turns ---- */

/* Our end of the stream; the client's is awaited for a moment, since closing at once could destroy what is on
 * its way. */
static void start_linger(http_conn *conn)
{
    http_tls_goodbye(conn);
    send_buffer(conn, &conn->server->cipher);
    send_waiting(conn);
    shutdown(conn->fd, SHUT_WR);
    conn->protocol = HTTP_LINGER;
    conn->since_ms = conn->server->now_ms;
    set_writing(conn, false);
    set_reading(conn, true);
    nghttp2_session_del(conn->session);
    conn->session = NULL;
    detach_requests(conn);
}

static bool wants_input(const http_conn *conn)
{
    if (conn->fate != HTTP_LIVE) return false;
    /* HTTP/1.1 has no use for more input before its answers are gone; it would only pile up. */
    if (conn->protocol == HTTP_H1) return http_h1_wants_input(conn) && conn_unsent(conn) == 0;
    return !http_conn_output_full(conn);
}

static bool is_over(const http_conn *conn)
{
    if (conn->fate == HTTP_FINISH) return true;
    if (conn->protocol == HTTP_H2) return http_h2_over(conn);
    return false;
}

void http_conn_turn(http_conn *conn)
{
    if (conn->protocol == HTTP_LINGER) return;
    conn->in_turn = true;
    conn_write_out(conn);
    conn->in_turn = false;
    if (conn->fate == HTTP_ABORT) {
        http_conn_close(conn);
        return;
    }
    if (conn_unsent(conn) == 0 && is_over(conn)) {
        start_linger(conn);
        return;
    }
    set_reading(conn, wants_input(conn));
    set_writing(conn, conn_unsent(conn) > 0);
}

void http_conn_touch(http_conn *conn)
{
    if (conn->in_turn || conn->dirty) return;
    http_server_mark(conn->server, conn);
}

static void take_input(http_conn *conn, kd_bytes data)
{
    if (conn->ssl != NULL) {
        conn->tls_in = data;
        if (http_tls_read(conn) != KD_OK && conn->fate == HTTP_LIVE) conn->fate = HTTP_FINISH;
        conn->tls_in = kd_bytes_of(NULL, 0);
    } else if (conn->protocol == HTTP_DETECT) {
        detect(conn, data);
    } else {
        http_conn_feed(conn, data);
    }
}

static void conn_on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    http_conn *conn = arg;
    kd_http_server *server = conn->server;
    http_server_clock(server);
    ssize_t n = recv(fd, server->raw, sizeof(server->raw), 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) {
        http_conn_close(conn);
        return;
    }
    if (conn->protocol == HTTP_LINGER) return;
    conn->in_turn = true;
    take_input(conn, kd_bytes_of(server->raw, (size_t)n));
    http_conn_turn(conn);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    http_conn *conn = arg;
    http_server_clock(conn->server);
    http_conn_turn(conn);
}
