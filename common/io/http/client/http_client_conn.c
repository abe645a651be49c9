/*
 * http_client_conn.c - one HTTP/2 connection: connect, (TLS,) SETTINGS, then requests until it drains or breaks.
 *
 *     CLOSED -> CONNECTING -> [TLS ->] SETTINGS -> READY -> CLOSED
 *
 * nghttp2 must not be called from its own callbacks to send or receive, and its session must not be freed there. `busy` says that nghttp2 is on the
 * stack: trouble found there only sets `broken`, and output is written when it is off the stack, in one write per turn of the loop.
 */
#include "common/io/http/client/http_client_conn.h"

#include "common/io/http/client/http_client_queue.h"
#include "common/io/http/client/http_client_request.h"
#include "common/io/http/client/http_client_retry.h"

static void conn_on_event(evutil_socket_t fd, short what, void *arg);

/* ---- sending ---- */

/* Appends the session's output, up to a bound, to what is still to be written. */
static int conn_gather(kd_client_conn *conn)
{
    while (conn->link.out.len < KD_CLIENT_WRITE_BYTES) {
        const uint8_t *data;
        ssize_t n = nghttp2_session_mem_send(conn->session, &data);
        if (n < 0) return KD_EUNAVAILABLE;
        if (n == 0) break;
        kd_buf_put(&conn->link.out, data, (size_t)n);
    }
    return KD_OK;
}

/* Whether the connection is of no more use: it drains and has no open request, or its session neither reads nor writes. */
static bool conn_finished(const kd_client_conn *conn)
{
    if (conn->draining && conn->open == 0) return true;
    return !nghttp2_session_want_read(conn->session) && !nghttp2_session_want_write(conn->session);
}

void kd_client_conn_flush(kd_client_conn *conn)
{
    if (conn->state < KD_CONN_SETTINGS || conn->broken) return;
    conn->dirty = false;
    conn->busy = true;
    bool full;
    int err;
    do {
        err = conn_gather(conn);
        full = conn->link.out.len >= KD_CLIENT_WRITE_BYTES;
        if (err == KD_OK) err = kd_client_link_write(&conn->link, &conn->client->stats.bytes_out);
    } while (err == KD_OK && full);
    conn->busy = false;
    if (err == KD_EAGAIN) event_add(conn->write_event, NULL);
    if ((err != KD_OK && err != KD_EAGAIN) || (err == KD_OK && conn_finished(conn))) {
        conn->broken = true;
        kd_client_wake(conn->client);
    }
}

/* ---- the life of a connection ---- */

void kd_client_conn_init(kd_client_conn *conn, kd_http_client *c)
{
    conn->client = c;
    conn->link.fd = -1;
    kd_link_init(&conn->requests);
}

void kd_client_conn_finish(kd_client_conn *conn)
{
    kd_client_conn_close(conn, true);
    if (conn->connect_timer) event_free(conn->connect_timer);
}

static void conn_fail_all(kd_link *lost)
{
    while (!kd_link_alone(lost)) {
        kd_client_request *r = KD_LINKED(kd_client_request, at, lost->next);
        kd_link_remove(&r->at);
        r->conn = NULL;
        if (r->cb) kd_client_report(r, KD_EUNAVAILABLE);
        kd_client_request_release(r);
    }
}

void kd_client_conn_close(kd_client_conn *conn, bool failed)
{
    if (conn->state == KD_CONN_CLOSED) return;
    KD_ASSERT(!conn->busy);
    /* A peer that accepts connections and drops each of them before an answer is as bad as one that refuses them. */
    bool useful = conn->answered || (conn->state == KD_CONN_READY && !failed);
    if (failed) kd_client_trouble(conn->client, conn->link.trouble.reason, conn->link.trouble.text);
    evtimer_del(conn->connect_timer);
    event_free(conn->read_event);
    event_free(conn->write_event);
    if (conn->session) nghttp2_session_del(conn->session);
    kd_client_link_close(&conn->link);
    kd_link lost;
    kd_link_move_all(&conn->requests, &lost);
    conn->state = KD_CONN_CLOSED;
    conn->session = NULL;
    conn->open = conn->timeouts_in_row = 0;
    conn->draining = conn->broken = conn->dirty = conn->answered = false;
    kd_client_retry_conn_lost(conn->client, useful);
    conn_fail_all(&lost); /* last: a callback may make requests, for which this connection must look closed */
}

static void conn_begin_session(kd_client_conn *conn)
{
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 512 * 1024},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, KD_HEADER_BYTES_MAX},
        {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
    };
    nghttp2_option *option;
    int err = nghttp2_option_new(&option);
    KD_ASSERT(err == 0);
    nghttp2_option_set_no_closed_streams(option, 1); /* kept by default for priorities, which are not used */
    err = nghttp2_session_client_new2(&conn->session, conn->client->callbacks, conn, option);
    nghttp2_option_del(option);
    KD_ASSERT(err == 0);
    err = nghttp2_submit_settings(conn->session, NGHTTP2_FLAG_NONE, settings, KD_COUNT(settings));
    KD_ASSERT(err == 0);
    err = nghttp2_session_set_local_window_size(conn->session, NGHTTP2_FLAG_NONE, 0, KD_HTTP_CLIENT_BODY_MAX);
    KD_ASSERT(err == 0);
    conn->state = KD_CONN_SETTINGS;
    event_add(conn->read_event, NULL);
    kd_client_conn_flush(conn);
}

static int conn_handshake(kd_client_conn *conn)
{
    kd_http_client *c = conn->client;
    bool wants_write;
    int err = kd_client_link_handshake(&conn->link, c->tls, &c->url, !c->options.insecure, &wants_write,
                                       &c->distrust);
    if (err == KD_OK) {
        conn_begin_session(conn);
        return KD_OK;
    }
    if (err == KD_EAGAIN) event_add(wants_write ? conn->write_event : conn->read_event, NULL);
    return err == KD_EAGAIN ? KD_OK : err;
}

static int conn_connected(kd_client_conn *conn)
{
    int err = kd_client_link_opened(&conn->link);
    if (err != KD_OK) return err;
    if (!conn->client->tls) {
        conn_begin_session(conn);
        return KD_OK;
    }
    conn->state = KD_CONN_TLS;
    return conn_handshake(conn);
}

/* Reads until the socket is empty, or four buffers full: other connections of the loop wait. */
static int conn_receive(kd_client_conn *conn)
{
    kd_http_client *c = conn->client;
    for (int i = 0; i < 4 && !conn->broken; i++) {
        ssize_t n = kd_client_link_read(&conn->link, c->read_buf, KD_CLIENT_READ_BYTES);
        if (n == KD_EAGAIN) return KD_OK;
        if (n < 0) return (int)n;
        c->stats.bytes_in += (uint64_t)n;
        if (nghttp2_session_mem_recv(conn->session, c->read_buf, (size_t)n) < 0) {
            kd_client_link_trouble(&conn->link, KD_REASON_PROTOCOL, "the answer is not HTTP/2");
            return KD_EUNAVAILABLE;
        }
        if (!conn->link.ssl && n < KD_CLIENT_READ_BYTES) break;
        /* Bytes that OpenSSL has read but not given out raise no event on the socket: go on, beyond the share, until there are none. */
        if (conn->link.ssl && SSL_pending(conn->link.ssl) > 0) i--;
    }
    return KD_OK;
}

static void conn_exchange(kd_client_conn *conn)
{
    kd_http_client *c = conn->client;
    conn->busy = true;
    c->current = conn;
    int err = conn_receive(conn);
    c->current = NULL;
    conn->busy = false;
    if (err != KD_OK)
        conn->broken = true;
    else
        kd_client_conn_flush(conn);
}

static int conn_expired(kd_client_conn *conn)
{
    static const char *const waited_for[] = {[KD_CONN_CONNECTING] = "no TCP connection in time",
                                             [KD_CONN_TLS] = "the TLS handshake did not end in time",
                                             [KD_CONN_SETTINGS] = "no HTTP/2 SETTINGS in time"};
    if (conn->state < KD_CONN_READY)
        kd_client_link_trouble(&conn->link, KD_REASON_TIMEOUT, waited_for[conn->state]);
    return KD_EUNAVAILABLE;
}

static void conn_on_event(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    kd_client_conn *conn = arg;
    int err = KD_OK;
    if (what & EV_TIMEOUT)
        err = conn_expired(conn);
    else if (conn->state == KD_CONN_CONNECTING)
        err = conn_connected(conn);
    else if (conn->state == KD_CONN_TLS)
        err = conn_handshake(conn);
    else if (what & EV_READ)
        conn_exchange(conn);
    else
        kd_client_conn_flush(conn);
    kd_http_client *c = conn->client;
    if (err != KD_OK || conn->broken) kd_client_conn_close(conn, err != KD_OK || !conn->draining);
    /* What waits fails at once: the certificate will be no better on the next connection. */
    if (err == KD_EUNTRUSTED) kd_client_queue_fail(c, KD_EUNTRUSTED);
}

void kd_client_conn_start(kd_client_conn *conn)
{
    kd_http_client *c = conn->client;
    KD_ASSERT(conn->state == KD_CONN_CLOSED);
    const struct addrinfo *address = kd_client_resolver_next(&c->resolver);
    if (!address) return;
    if (!conn->connect_timer) conn->connect_timer = evtimer_new(c->base, conn_on_event, conn);
    c->stats.connects++;
    if (kd_client_link_open(&conn->link, address) != KD_OK) {
        kd_client_trouble(c, conn->link.trouble.reason, conn->link.trouble.text);
        kd_client_retry_conn_lost(c, false);
        return;
    }
    conn->state = KD_CONN_CONNECTING;
    conn->room = c->options.max_streams;
    conn->read_event = event_new(c->base, conn->link.fd, EV_READ | EV_PERSIST, conn_on_event, conn);
    conn->write_event = event_new(c->base, conn->link.fd, EV_WRITE, conn_on_event, conn);
    KD_ASSERT(conn->read_event && conn->write_event && conn->connect_timer);
    struct timeval limit = {.tv_sec = c->options.connect_ms / 1000,
                            .tv_usec = (suseconds_t)(c->options.connect_ms % 1000) * 1000};
    evtimer_add(conn->connect_timer, &limit);
    event_add(conn->write_event, NULL);
}
