/*
 * http_client_stream.c - see the header.
 *
 * The callbacks of nghttp2 run with the session on the stack: they submit frames and set flags, but neither write nor close. conn->busy is set around
 * them.
 */
#include "common/io/http/client/http_client_stream.h"

#include "common/io/http/client/http_client_queue.h"
#include "common/io/http/client/http_client_request.h"

/* ---- answers: nghttp2's callbacks ---- */

/* NULL: the request is gone, or the stream is the peer's. */
static kd_client_request *request_of(nghttp2_session *session, int32_t stream)
{
    return nghttp2_session_get_stream_user_data(session, stream);
}

static int stream_on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                            size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags, void *arg)
{
    (void)flags, (void)arg;
    kd_client_request *r = request_of(session, frame->hd.stream_id);
    if (!r || !r->cb || frame->hd.type != NGHTTP2_HEADERS) return 0;
    /* Trailers: callers get the fields before the body alone. */
    if (frame->headers.cat == NGHTTP2_HCAT_HEADERS && r->response.status >= 200) return 0;
    kd_client_response_field(&r->response, kd_bytes_of(name, name_len), kd_bytes_of(value, value_len));
    return r->response.too_big ? NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE : 0;
}

static int stream_on_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *data,
                          size_t len, void *arg)
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
    kd_client_wake(conn->client); /* requests wait for it */
}

static int stream_on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    kd_client_conn *conn = arg;
    if (frame->hd.type == NGHTTP2_SETTINGS && !(frame->hd.flags & NGHTTP2_FLAG_ACK)) on_settings(conn);
    if (frame->hd.type == NGHTTP2_GOAWAY) conn->draining = true;
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
    kd_client_request *r = request_of(session, frame->hd.stream_id);
    if (!r) return 0;
    if (frame->hd.type == NGHTTP2_HEADERS && r->response.status < 200)
        kd_client_response_reset(&r->response); /* an interim answer (1xx): the real one follows */
    if (!(frame->hd.flags & NGHTTP2_FLAG_END_STREAM)) return 0;
    r->response.complete = true;
    /* The peer answered before it had read the whole request: it has no use for the rest. */
    if (r->body_sent < r->text.len) {
        nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_CANCEL);
    }
    return 0;
}

/* REFUSED_STREAM promises that the peer did nothing with the request (RFC 9113, 8.7): only then may it be sent again unasked. */
static bool replayable(const kd_client_request *r, uint32_t error)
{
    return error == NGHTTP2_REFUSED_STREAM && r->cb && r->replays < KD_CLIENT_REPLAYS_MAX;
}

static int stream_on_close(nghttp2_session *session, int32_t stream, uint32_t error, void *arg)
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

nghttp2_session_callbacks *kd_client_stream_callbacks(void)
{
    nghttp2_session_callbacks *cb;
    int err = nghttp2_session_callbacks_new(&cb);
    KD_ASSERT(err == 0);
    nghttp2_session_callbacks_set_on_header_callback(cb, stream_on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, stream_on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(cb, stream_on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(cb, stream_on_close);
    return cb;
}

/* ---- requests ---- */

static ssize_t stream_read_body(nghttp2_session *session, int32_t stream, uint8_t *buf, size_t len,
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

bool kd_client_stream_has_room(const kd_client_conn *conn)
{
    return conn->state == KD_CONN_READY && !conn->draining && !conn->broken && conn->open < conn->room;
}

int kd_client_stream_submit(kd_client_conn *conn, kd_client_request *r)
{
    nghttp2_data_provider body = {.source.ptr = r, .read_callback = stream_read_body};
    bool has_body = r->text.len > r->body_at;
    r->body_sent = r->body_at;
    int32_t stream =
        nghttp2_submit_request(conn->session, NULL, r->head, r->head_count, has_body ? &body : NULL, r);
    if (stream < 0) { /* a connection has 2^30 stream numbers, and they are used up */
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

void kd_client_stream_give_up(kd_client_request *r)
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
