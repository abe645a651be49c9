/*
 * http_conn.c - one connection: its protocol, bytes in, bytes out, end.
 *
 * An event of the socket asks for a turn (http_share.h). A turn reads once, lets the driver understand as much as it may cost, and writes. The bytes
 * that the socket did not take move to conn->out. Until they are gone the driver is asked for no more output, and above the high-water mark the socket
 * is not read.
 *
 * The buffers of one turn (server->raw, plain, clear, cipher) are shared by all connections, so each of them is empty again when the event returns.
 */
#include "common/io/http/server/http_conn.h"

#include <errno.h>
#include <unistd.h>

#include "common/io/http/server/http_admission.h"
#include "common/io/http/server/http_conns.h"
#include "common/io/http/server/http_door.h"
#include "common/io/http/server/http_h1.h"
#include "common/io/http/server/http_h2.h"
#include "common/io/http/server/http_note.h"
#include "common/io/http/server/http_proxy.h"
#include "common/io/http/server/http_request.h"
#include "common/io/http/server/http_share.h"
#include "common/io/http/server/http_tls.h"
#include "common/io/http/server/http_turn.h"

/* The first byte of every TLS client. Neither HTTP/1.1 nor the preface of HTTP/2 begins with it. */
enum { TLS_HANDSHAKE_RECORD = 0x16 };

/* ---- begin and end ---- */

static void conn_on_readable(evutil_socket_t fd, short what, void *arg);
static void conn_on_writable(evutil_socket_t fd, short what, void *arg);

static void set_reading(http_conn *conn, bool on)
{
    if (conn->reading == on) return;
    conn->reading = on;
    conn->readable = false;
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
    http_conn *conn = http_conns_add(server, fd, peer, peer_len);
    conn->read_event = event_new(server->base, fd, EV_READ | EV_PERSIST, conn_on_readable, conn);
    conn->write_event = event_new(server->base, fd, EV_WRITE | EV_PERSIST, conn_on_writable, conn);
    KD_ASSERT(conn->read_event && conn->write_event);
    set_reading(conn, true);
}

void http_conn_close(http_conn *conn)
{
    KD_ASSERT(conn->state != HTTP_CLOSED);
    event_free(conn->read_event);
    event_free(conn->write_event);
    if (conn->driver) conn->driver->finish(conn);
    http_tls_end(conn);
    close(conn->fd);
    http_turn_forget(conn);
    http_share_forget(conn);
    kd_buf_finish(&conn->in);
    kd_buf_finish(&conn->out);
    http_note_finish(conn);
    http_request_detach_all(conn);
    http_conns_remove(conn);
}

void http_conn_drain(http_conn *conn)
{
    if (conn->drain_told || conn->state != HTTP_OPEN) return;
    conn->drain_told = true;
    conn->driver->drain(conn);
    http_turn_touch(conn);
}

/* ---- bytes in ---- */

static void conn_open(http_conn *conn, const http_driver *driver)
{
    conn->state = HTTP_OPEN;
    conn->driver = driver;
    conn->since_ms = conn->server->now_ms;
    driver->start(conn);
    if (conn->server->draining) http_conn_drain(conn);
}

static void conn_drive(http_conn *conn, kd_bytes plain)
{
    const kd_http_server *server = conn->server;
    conn->driver->feed(conn, plain);
    if (server->config.fed) server->config.fed(server->arg);
}

static void conn_feed(http_conn *conn, kd_bytes plain)
{
    kd_http_server *server = conn->server;
    server->counters.bytes_in += plain.len;
    if (conn->pieces < HTTP_SETTLED_PIECES)
        conn->pieces++;
    else
        http_door_asked(server->door, server->now_ms);
    conn_drive(conn, plain);
}

static int conn_shake_hands(http_conn *conn)
{
    bool http2;
    int err = http_tls_handshake(conn, &http2);
    if (err == KD_OK) conn_open(conn, http2 ? &http_h2_driver : &http_h1_driver);
    return err;
}

/* Encrypted bytes of one read: the handshake, and what follows it, record by record. */
static void conn_take_encrypted(http_conn *conn, kd_bytes data)
{
    conn->tls_in = data;
    int err = conn->state == HTTP_HANDSHAKE ? conn_shake_hands(conn) : KD_OK;
    kd_bytes plain;
    while (err == KD_OK && conn->fate == HTTP_LIVE && (err = http_tls_read(conn, &plain)) == KD_OK)
        conn_feed(conn, plain);
    if (err != KD_EAGAIN && conn->fate == HTTP_LIVE) conn->fate = HTTP_FINISH;
    conn->tls_in = kd_bytes_of(NULL, 0);
}

/* Keeps what a client sends for the next step of its handshake, and has it wait for its turn. Until then nothing more is read. */
static void await_handshake(http_conn *conn, kd_bytes data)
{
    http_conn *displaced;
    kd_buf_put(&conn->in, data.data, data.len);
    if (!http_tls_await(conn, &displaced)) conn->fate = HTTP_ABORT;
    if (displaced) http_conn_close(displaced);
}

void http_conn_shake(http_conn *conn)
{
    kd_buf kept = conn->in;
    conn->in = (kd_buf){0};
    conn->in_turn = true;
    conn_take_encrypted(conn, kd_buf_view(&kept));
    kd_buf_finish(&kept);
    http_conn_turn(conn);
}

static void start_tls(http_conn *conn, kd_bytes data)
{
    kd_http_server *server = conn->server;
    if (!server->config.tls) {
        server->counters.tls_failures++;
        conn->fate = HTTP_ABORT;
        return;
    }
    conn->state = HTTP_HANDSHAKE; /* since_ms stays: the deadline runs from accept to a known protocol */
    await_handshake(conn, data);
}

/* The first bytes tell the protocol. The preface of HTTP/2 may come in pieces: until it is whole, or differs, they are kept. */
static void conn_detect(http_conn *conn, kd_bytes data)
{
    if (conn->in.len == 0 && data.data[0] == TLS_HANDSHAKE_RECORD) {
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
    conn_open(conn, preface ? &http_h2_driver : &http_h1_driver);
    conn_feed(conn, kd_buf_view(&seen));
    kd_buf_finish(&seen);
}

/* ---- bytes out ---- */

static size_t conn_unsent(const http_conn *conn)
{
    return conn->out.len - conn->out_sent;
}

static bool conn_output_full(const http_conn *conn)
{
    return conn_unsent(conn) >= conn->server->config.output_high_water_bytes;
}

/* How many of the bytes the socket took; fewer than all: it is full, or broken (then fate is ABORT). */
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
    if (conn->out.cap > HTTP_READ_BYTES) kd_buf_finish(&conn->out);
}

static void keep_unsent(http_conn *conn, const kd_buf *buf, size_t sent)
{
    if (sent == buf->len) return;
    kd_buf_put(&conn->out, buf->data + sent, buf->len - sent);
}

/* Sends a shared buffer of this turn, keeps in conn->out what the socket does not take, and empties the buffer. */
static void send_buffer(http_conn *conn, kd_buf *buf)
{
    if (buf->len > 0) {
        size_t sent = conn_unsent(conn) == 0 ? send_some(conn, buf->data, buf->len) : 0;
        keep_unsent(conn, buf, sent);
        kd_buf_clear(buf);
    }
}

/* One round of output; false when the driver has none. */
static bool produce_once(http_conn *conn)
{
    kd_http_server *server = conn->server;
    kd_buf *plain = &server->plain;
    if (conn->driver) conn->driver->produce(conn, plain);
    if (plain->len == 0) return false;
    server->counters.bytes_out += plain->len;
    http_share_charge(conn, plain->len / HTTP_UNIT_BYTES_OUT);
    if (conn->ssl) {
        if (http_tls_write(conn, kd_buf_view(plain)) != KD_OK) conn->fate = HTTP_ABORT;
        kd_buf_clear(plain);
        send_buffer(conn, &server->cipher);
    } else {
        send_buffer(conn, plain);
    }
    return true;
}

/* Returns whether there may be more output than a turn writes. */
static bool conn_write_out(http_conn *conn)
{
    int rounds = HTTP_TURN_ROUNDS;
    bool waited = conn_unsent(conn) > 0;
    send_waiting(conn);
    send_buffer(conn, &conn->server->cipher); /* of a handshake, which has no driver that produces it */
    while (conn->fate != HTTP_ABORT && conn_unsent(conn) == 0 && rounds > 0 && produce_once(conn)) {
        waited = false;
        rounds--;
    }
    /* The time to take output begins anew with each round that the socket took whole: a client that goes on taking a large answer is not late. */
    if (conn_unsent(conn) > 0 && (!waited || conn->out_by_ms == 0)) {
        conn->out_by_ms = conn->server->now_ms + conn->server->config.write_stall_timeout_ms +
                          (int64_t)(1000 * conn_unsent(conn) / HTTP_TAKE_BYTES_PER_S);
    }
    if (conn_unsent(conn) == 0) conn->out_by_ms = 0;
    return rounds == 0 && conn_unsent(conn) == 0;
}

/* An empty buffer is kept up to this size: what one large request or answer took is not held through the silence that follows. */
enum { BUFFER_KEEP_BYTES = 4096 };

static size_t conn_shrink(kd_buf *buf)
{
    if (buf->len == 0 && buf->cap > BUFFER_KEEP_BYTES) kd_buf_finish(buf);
    return buf->cap;
}

static void conn_count_buffers(http_conn *conn)
{
    http_admission_buffers(conn, conn_shrink(&conn->in) + conn_shrink(&conn->out) +
                                     conn_shrink(&conn->h1.out) + http_tls_buffered(conn) +
                                     http_h2_guard_held(&conn->h2.guard) + http_note_held(conn));
}

/* ---- turns ---- */

/* Ends our side of the stream, and waits a moment for the client's. To close at once while bytes of the client are unread would make the kernel send
 * a reset, and that can destroy an answer which the client has not read yet. */
static void start_linger(http_conn *conn)
{
    http_tls_goodbye(conn);
    send_buffer(conn, &conn->server->cipher);
    send_waiting(conn);
    shutdown(conn->fd, SHUT_WR);
    conn->state = HTTP_LINGER;
    conn->since_ms = conn->server->now_ms;
    set_writing(conn, false);
    set_reading(conn, true);
    if (conn->driver) conn->driver->finish(conn);
    http_request_detach_all(conn);
    conn_count_buffers(conn);
}

void http_conn_dismiss(http_conn *conn)
{
    KD_ASSERT(conn->request_count == 0);
    conn->in_turn = true;
    if (conn->state == HTTP_OPEN) {
        conn->driver->idle_out(conn);
        conn_write_out(conn);
        http_tls_goodbye(conn);
        send_buffer(conn, &conn->server->cipher);
    }
    http_conn_close(conn);
}

static bool wants_input(const http_conn *conn)
{
    if (conn->fate != HTTP_LIVE || conn_output_full(conn) || conn->slow_until_ms != 0) return false;
    if (conn->handshake.line) return false;
    return !conn->driver || conn->driver->wants_input(conn);
}

/* Whether input that a turn has left is gone on with: while the client does not take what it has asked for, it gets no more. */
static bool wants_more(const http_conn *conn)
{
    return conn->paused && conn_unsent(conn) == 0 && wants_input(conn);
}

static bool is_over(const http_conn *conn)
{
    return conn->fate == HTTP_FINISH || (conn->driver && conn->driver->over(conn));
}

/* What the events wait for, and whether the connection wants a turn before they come. */
static void conn_await(http_conn *conn, bool more_output)
{
    set_reading(conn, !conn->paused && wants_input(conn));
    set_writing(conn, conn_unsent(conn) > 0);
    if (more_output || wants_more(conn)) http_share_wait(conn);
}

/* The end of each turn: the connection may be gone afterwards. */
static void conn_settle(http_conn *conn)
{
    conn->in_turn = true;
    bool more_output = conn_write_out(conn);
    conn_count_buffers(conn);
    conn->in_turn = false;
    if (conn->fate == HTTP_ABORT)
        http_conn_close(conn);
    else if (!more_output && conn_unsent(conn) == 0 && is_over(conn))
        start_linger(conn);
    else
        conn_await(conn, more_output);
}

/* No request begins: those that wait in the input go on in their turn. */
void http_conn_turn(http_conn *conn)
{
    if (conn->state == HTTP_LINGER) return;
    conn->answers_only = true;
    conn_settle(conn);
}

/* The header is followed by the protocol that it is a header of; both may come in one read. */
static void conn_take_header(http_conn *conn, kd_bytes data)
{
    kd_buf rest = {0};
    int err = http_proxy_take(conn, data, &rest);
    if (err != KD_OK && err != KD_EAGAIN) conn->fate = HTTP_ABORT;
    if (err == KD_OK && rest.len > 0) conn_detect(conn, kd_buf_view(&rest));
    kd_buf_finish(&rest);
}

static void take_input(http_conn *conn, kd_bytes data)
{
    if (conn->state == HTTP_HANDSHAKE)
        await_handshake(conn, data);
    else if (conn->ssl)
        conn_take_encrypted(conn, data);
    else if (conn->state == HTTP_PROXY)
        conn_take_header(conn, data);
    else if (conn->state == HTTP_DETECT)
        conn_detect(conn, data);
    else
        conn_feed(conn, data);
}

/* Empties the socket, without copying a byte. From a client that goes on and on no more is taken: what it has sent stays with the kernel until the
 * sweep closes the connection. */
static void conn_linger(http_conn *conn)
{
    ssize_t n = recv(conn->fd, NULL, HTTP_LINGER_BYTES, MSG_TRUNC);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) {
        http_conn_close(conn);
        return;
    }
    conn->lingered += (size_t)n;
    if (conn->lingered >= HTTP_LINGER_BYTES) set_reading(conn, false);
}

/* False: the client has gone. */
static bool conn_read(http_conn *conn)
{
    kd_http_server *server = conn->server;
    ssize_t n = recv(conn->fd, server->raw, sizeof(server->raw), 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return true;
    if (n <= 0) return false;
    take_input(conn, kd_bytes_of(server->raw, (size_t)n));
    http_share_charge(conn, (uint64_t)n / HTTP_UNIT_BYTES_IN);
    return true;
}

void http_conn_serve(http_conn *conn)
{
    if (conn->state == HTTP_LINGER) return;
    bool reads = conn->readable;
    conn->readable = false;
    conn->answers_only = false;
    conn->spent = 0;
    conn->in_turn = true;
    if (wants_more(conn)) {
        conn_drive(conn, kd_bytes_of(NULL, 0));
    } else if (reads && conn->fate == HTTP_LIVE && !conn_read(conn)) {
        http_conn_close(conn);
        return;
    }
    conn_settle(conn);
}

static void conn_on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    http_conn *conn = arg;
    http_turn_clock(conn->server);
    if (conn->state == HTTP_LINGER) {
        conn_linger(conn);
        return;
    }
    conn->readable = true;
    http_share_wait_now(conn);
}

static void conn_on_writable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    http_conn *conn = arg;
    http_turn_clock(conn->server);
    http_share_wait_now(conn);
}
