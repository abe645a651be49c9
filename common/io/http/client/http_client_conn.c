/*
 * http_client_conn.c - one HTTP/2 connection: connect, (TLS,) SETTINGS, then requests until it drains or
 * breaks.
 *
 *     CLOSED -> CONNECTING -> [TLS ->] SETTINGS -> READY -> CLOSED
 *
 * nghttp2 must not be re-entered and its session not be freed from its own callbacks. So `busy` says that it
 * is on the stack, trouble found there only sets `broken`, and what is to be written is written when it is
 * off: one write per turn of the loop, with everything that the turn produced.
 */
#include "common/io/http/client/http_client_internal.h"

static void client_conn_on_event(evutil_socket_t fd, short what, void *arg);

/* ---- nghttp2's callbacks ----------------------------------------------------------------------------------
 */

static kd_client_request *request_of(nghttp2_session *session, int32_t stream)
{
    return nghttp2_session_get_stream_user_data(session, stream);
}

static int client_conn_on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                                 size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                                 void *arg)
{
    (void)flags, (void)arg;
    kd_client_request *r = request_of(session, frame->hd.stream_id);
    if (!r || !r->cb || frame->hd.type != NGHTTP2_HEADERS) return 0;
    /* Trailers are not part of what callers look at. */
    if (frame->headers.cat == NGHTTP2_HCAT_HEADERS && r->response.status >= 200) return 0;
    kd_client_response_field(&r->response, kd_bytes_of(name, name_len), kd_bytes_of(value, value_len));
    return r->response.too_big ? NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE : 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *data, size_t len,
                   void *arg)
{
    (void)flags, (void)arg;
    kd_client_request *r = request_of(session, stream);
    if (!r || !r->cb) return 0;
    bool was = r->response.too_big;
    kd_client_response_data(&r->response, kd_bytes_of(data, len), r->client->options.body_max);
    if (r->response.too_big && !was)
        nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);
    return 0;
}

static void on_settings(kd_client_conn *conn)
{
    uint32_t allowed =
        nghttp2_session_get_remote_settings(conn->session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
    conn->room = KD_MIN(conn->client->options.max_streams, allowed);
    if (conn->state != KD_CONN_SETTINGS) return;
    conn->state = KD_CONN_READY;
    evtimer_del(conn->connect_timer);
    kd_client_conn_up(conn->client);
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    kd_client_conn *conn = arg;
    if (frame->hd.type == NGHTTP2_SETTINGS && !(frame->hd.flags & NGHTTP2_FLAG_ACK)) on_settings(conn);
    if (frame->hd.type == NGHTTP2_GOAWAY) conn->draining = true;
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
    kd_client_request *r = request_of(session, frame->hd.stream_id);
    if (!r) return 0;
    if (frame->hd.type == NGHTTP2_HEADERS && r->response.status < 200)
        kd_client_response_reset(&r->response); /* 1xx */
    if (!(frame->hd.flags & NGHTTP2_FLAG_END_STREAM)) return 0;
    r->response.complete = true;
    /* Answered before it had read the whole request: the rest is of no use to anyone. */
    if (r->body_sent < r->text.len) {
        nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_CANCEL);
    }
    return 0;
}

static bool replayable(const kd_client_request *r, uint32_t error)
{
    return error == NGHTTP2_REFUSED_STREAM && r->cb && r->replays < KD_CLIENT_REPLAYS_MAX;
}

static int client_conn_on_stream_close(nghttp2_session *session, int32_t stream, uint32_t error, void *arg)
{
    kd_client_conn *conn = arg;
    kd_client_request *r = request_of(session, stream);
    if (!r) return 0;
    conn->open--;
    r->conn = NULL;
    kd_link_remove(&r->at);
    if (replayable(r, error)) {
        kd_client_requeue(r);
        return 0;
    }
    if (r->cb && r->response.too_big) {
        kd_client_report(r, KD_ETOOBIG);
    } else if (r->cb && r->response.complete && r->response.status >= 200) {
        conn->timeouts_in_row = 0;
        conn->answered = true;
        kd_client_report(r, KD_OK);
    } else if (r->cb) {
        kd_client_report(r, KD_EUNAVAILABLE);
    }
    kd_client_request_release(r);
    return 0;
}

nghttp2_session_callbacks *kd_client_callbacks_new(void)
{
    nghttp2_session_callbacks *cb;
    int rc = nghttp2_session_callbacks_new(&cb);
    KD_ASSERT(rc == 0);
    nghttp2_session_callbacks_set_on_header_callback(cb, client_conn_on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(cb, client_conn_on_stream_close);
    return cb;
}

/* ---- sending ----------------------------------------------------------------------------------------------
 */

static ssize_t client_conn_read_body(nghttp2_session *session, int32_t stream, uint8_t *buf, size_t len,
                                     uint32_t *flags, nghttp2_data_source *source, void *arg)
{
    (void)session, (void)stream, (void)arg;
    kd_client_request *r = source->ptr;
    size_t n = KD_MIN(len, r->text.len - r->body_sent);
    memcpy(buf, r->text.data + r->body_sent, n);
    r->body_sent += n;
    if (r->body_sent == r->text.len) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)n;
}

bool kd_client_conn_has_room(const kd_client_conn *conn)
{
    return conn->state == KD_CONN_READY && !conn->draining && !conn->broken && conn->open < conn->room;
}

int kd_client_conn_submit(kd_client_conn *conn, kd_client_request *r)
{
    nghttp2_data_provider body = {.source.ptr = r, .read_callback = client_conn_read_body};
    bool has_body = r->text.len > r->body_at;
    r->body_sent = r->body_at;
    int32_t stream =
        nghttp2_submit_request(conn->session, NULL, r->head, r->head_count, has_body ? &body : NULL, r);
    if (stream < 0) { /* out of stream numbers */
        conn->draining = true;
        return KD_EAGAIN;
    }
    r->stream = stream;
    r->conn = conn;
    kd_link_append(&conn->requests, &r->at);
    conn->open++;
    conn->dirty = true;
    if (!conn->busy) kd_client_wake(conn->client);
    return KD_OK;
}

void kd_client_conn_reset_stream(kd_client_request *r)
{
    kd_client_conn *conn = r->conn;
    nghttp2_submit_rst_stream(conn->session, NGHTTP2_FLAG_NONE, r->stream, NGHTTP2_CANCEL);
    conn->dirty = true;
    if (++conn->timeouts_in_row >= KD_CLIENT_STALL_TIMEOUTS) {
        kd_client_link_trouble(&conn->link, KD_REASON_TIMEOUT, "no answer in time, several times in a row");
        conn->broken = true;
    }
    kd_client_wake(conn->client);
}

/* Everything that nghttp2 has to say now, up to a bound, goes behind what is still to be written. */
static int client_conn_gather(kd_client_conn *conn)
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

static bool finished(const kd_client_conn *conn)
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
    int rc;
    do {
        rc = client_conn_gather(conn);
        full = conn->link.out.len >= KD_CLIENT_WRITE_BYTES;
        if (rc == KD_OK) rc = kd_client_link_write(&conn->link, &conn->client->stats.bytes_out);
    } while (rc == KD_OK && full);
    conn->busy = false;
    if (rc == KD_EAGAIN) event_add(conn->write_event, NULL);
    if ((rc != KD_OK && rc != KD_EAGAIN) || (rc == KD_OK && finished(conn))) {
        conn->broken = true;
        kd_client_wake(conn->client);
    }
}

/* ---- the life of a connection -----------------------------------------------------------------------------
 */

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

static void fail_all(kd_link *lost)
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
    bool useful = conn->answered || (conn->state == KD_CONN_READY && !failed);
    if (failed) kd_client_trouble(conn->client, conn->link.trouble.reason, conn->link.trouble.text);
    evtimer_del(conn->connect_timer);
    event_free(conn->read_event);
    event_free(conn->write_event);
    if (conn->session) nghttp2_session_del(conn->session);
    kd_client_link_close(&conn->link);
    kd_link lost;
    kd_link_init(&lost);
    while (!kd_link_alone(&conn->requests)) {
        kd_link *l = conn->requests.next;
        kd_link_remove(l);
        kd_link_append(&lost, l);
    }
    conn->state = KD_CONN_CLOSED;
    conn->session = NULL;
    conn->open = conn->timeouts_in_row = 0;
    conn->draining = conn->broken = conn->dirty = conn->answered = false;
    kd_client_conn_lost(conn->client, useful);
    fail_all(&lost);
}

static void begin_session(kd_client_conn *conn)
{
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 512 * 1024},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, KD_HEADER_BYTES_MAX},
        {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
    };
    nghttp2_option *option;
    int rc = nghttp2_option_new(&option);
    KD_ASSERT(rc == 0);
    nghttp2_option_set_no_closed_streams(option, 1);
    rc = nghttp2_session_client_new2(&conn->session, conn->client->callbacks, conn, option);
    nghttp2_option_del(option);
    KD_ASSERT(rc == 0);
    rc = nghttp2_submit_settings(conn->session, NGHTTP2_FLAG_NONE, settings, KD_COUNT(settings));
    KD_ASSERT(rc == 0);
    rc = nghttp2_session_set_local_window_size(conn->session, NGHTTP2_FLAG_NONE, 0, KD_HTTP_CLIENT_BODY_MAX);
    KD_ASSERT(rc == 0);
    conn->state = KD_CONN_SETTINGS;
    event_add(conn->read_event, NULL);
    kd_client_conn_flush(conn);
}

static int client_conn_handshake(kd_client_conn *conn)
{
    kd_http_client *c = conn->client;
    bool wants_write;
    int rc = kd_client_link_handshake(&conn->link, c->tls, &c->url, !c->options.insecure, &wants_write,
                                      &c->distrust);
    if (rc == KD_OK) {
        begin_session(conn);
        return KD_OK;
    }
    if (rc == KD_EAGAIN) event_add(wants_write ? conn->write_event : conn->read_event, NULL);
    return rc == KD_EAGAIN ? KD_OK : rc;
}

static int connected(kd_client_conn *conn)
{
    int rc = kd_client_link_opened(&conn->link);
    if (rc != KD_OK) return rc;
    if (!conn->client->tls) {
        begin_session(conn);
        return KD_OK;
    }
    conn->state = KD_CONN_TLS;
    return client_conn_handshake(conn);
}

/* Reads until the socket is empty, or a fair share: other connections wait. */
static int receive(kd_client_conn *conn)
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
        /* What OpenSSL holds back raises no event: go on until it is empty. */
        if (conn->link.ssl && SSL_pending(conn->link.ssl) > 0) i--;
    }
    return KD_OK;
}

static void client_conn_exchange(kd_client_conn *conn)
{
    kd_http_client *c = conn->client;
    conn->busy = true;
    c->current = conn;
    int rc = receive(conn);
    c->current = NULL;
    conn->busy = false;
    if (rc != KD_OK)
        conn->broken = true;
    else
        kd_client_conn_flush(conn);
}

static int connect_expired(kd_client_conn *conn)
{
    static const char *const waited_for[] = {[KD_CONN_CONNECTING] = "no TCP connection in time",
                                             [KD_CONN_TLS] = "the TLS handshake did not end in time",
                                             [KD_CONN_SETTINGS] = "no HTTP/2 SETTINGS in time"};
    if (conn->state < KD_CONN_READY)
        kd_client_link_trouble(&conn->link, KD_REASON_TIMEOUT, waited_for[conn->state]);
    return KD_EUNAVAILABLE;
}

static void client_conn_on_event(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    kd_client_conn *conn = arg;
    int rc = KD_OK;
    if (what & EV_TIMEOUT)
        rc = connect_expired(conn);
    else if (conn->state == KD_CONN_CONNECTING)
        rc = connected(conn);
    else if (conn->state == KD_CONN_TLS)
        rc = client_conn_handshake(conn);
    else if (what & EV_READ)
        client_conn_exchange(conn);
    else
        kd_client_conn_flush(conn);
    kd_http_client *c = conn->client;
    if (rc != KD_OK || conn->broken) kd_client_conn_close(conn, rc != KD_OK || !conn->draining);
    if (rc == KD_EUNTRUSTED) kd_client_untrusted(c);
}

void kd_client_conn_start(kd_client_conn *conn)
{
    kd_http_client *c = conn->client;
    KD_ASSERT(conn->state == KD_CONN_CLOSED);
    const struct addrinfo *address = kd_client_address(c);
    if (!address) return;
    if (!conn->connect_timer) conn->connect_timer = evtimer_new(c->base, client_conn_on_event, conn);
    c->stats.connects++;
    if (kd_client_link_open(&conn->link, address) != KD_OK) {
        kd_client_trouble(c, conn->link.trouble.reason, conn->link.trouble.text);
        kd_client_conn_lost(c, false);
        return;
    }
    conn->state = KD_CONN_CONNECTING;
    conn->room = c->options.max_streams;
    conn->read_event = event_new(c->base, conn->link.fd, EV_READ | EV_PERSIST, client_conn_on_event, conn);
    conn->write_event = event_new(c->base, conn->link.fd, EV_WRITE, client_conn_on_event, conn);
    KD_ASSERT(conn->read_event && conn->write_event && conn->connect_timer);
    struct timeval limit = {.tv_sec = c->options.connect_ms / 1000,
                            .tv_usec = (suseconds_t)(c->options.connect_ms % 1000) * 1000};
    evtimer_add(conn->connect_timer, &limit);
    event_add(conn->write_event, NULL);
}
