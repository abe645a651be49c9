/*
 * http_h2.c - one nghttp2 session per connection, and the checks that nghttp2 leaves to the application.
 *
 * nghttp2 checks framing, HPACK, message rules (pseudo headers, content-length against the body) and the client's number of streams. Checked here:
 * header fields and bytes, body bytes, resets by either side, and requests, those included whose stream is gone but whose answer the handler still
 * owes; by http_h2_guard.c, which reads each frame's head before nghttp2 does: control frames, CONTINUATION, and frames on streams that are gone. A
 * client that sends too many of anything gets GOAWAY ENHANCE_YOUR_CALM, and nothing more of it is decoded.
 *
 * The session must not be freed below its own callbacks, so these only set conn->fate.
 */
#include "common/io/http/server/http_h2.h"

#include "common/base/text.h"
#include "common/io/http/server/http_admission.h"
#include "common/io/http/server/http_answer.h"
#include "common/io/http/server/http_h2_answer.h"
#include "common/io/http/server/http_request.h"
#include "common/io/http/server/http_share.h"
#include "common/io/http/server/http_turn.h"

enum {
    H2_STREAM_WINDOW = 256 * 1024,
    H2_CONNECTION_WINDOW = 1024 * 1024,
    H2_SWALLOW_MAX = 1024 * 1024, /* bytes of a body that may still come after its request was answered */
    /* Frames that the client has not taken, above which it is not read: an answer and a reset for each stream. */
    H2_QUEUE_MAX = 2 * HTTP_STREAMS_MAX,
};

/* ---- ways to end a stream or the connection ---- */

static void h2_stop(http_request *req)
{
    if (req->stopped) return;
    req->stopped = true;
    nghttp2_submit_rst_stream(req->conn->h2.session, NGHTTP2_FLAG_NONE, req->stream_id, NGHTTP2_NO_ERROR);
    http_turn_touch(req->conn);
}

/* Of an answer that goes on and is not taken. The client may ask again: what was refused to it is the wait, not the request. */
static void h2_cut(http_request *req)
{
    req->stopped = true;
    nghttp2_submit_rst_stream(req->conn->h2.session, NGHTTP2_FLAG_NONE, req->stream_id, NGHTTP2_CANCEL);
    http_turn_touch(req->conn);
}

/* Ends the grace of a drain: the GOAWAY names the last stream that was taken, and the client may repeat all later ones elsewhere. */
static void h2_goaway(http_conn *conn)
{
    if (conn->drain_by_ms == 0) return;
    conn->drain_by_ms = 0;
    nghttp2_submit_goaway(conn->h2.session, NGHTTP2_FLAG_NONE,
                          nghttp2_session_get_last_proc_stream_id(conn->h2.session), NGHTTP2_NO_ERROR, NULL,
                          0);
}

static void h2_terminate(http_conn *conn, uint32_t error_code)
{
    nghttp2_session_terminate_session(conn->h2.session, error_code);
    conn->fate = HTTP_FINISH;
}

/* ---- floods ---- */

static void h2_calm(http_conn *conn)
{
    if (conn->fate != HTTP_LIVE) return;
    conn->server->counters.floods++;
    h2_terminate(conn, NGHTTP2_ENHANCE_YOUR_CALM);
}

static void h2_count_control(http_conn *conn)
{
    kd_http_server *server = conn->server;
    if (!http_h2_guard_control(&conn->h2.guard, &server->config, server->now_ms)) h2_calm(conn);
}

static void h2_count_refused(http_conn *conn)
{
    kd_http_server *server = conn->server;
    if (!http_h2_guard_reset(&conn->h2.guard, &server->config, server->now_ms)) h2_calm(conn);
}

static void h2_count_reset(http_conn *conn)
{
    conn->server->counters.resets++;
    h2_count_refused(conn);
}

/* A stream ends by our RST_STREAM. What led to it was counted when it came, unless nghttp2 did not tell it: a body that is not as long as content-length
 * says, a window that was overrun. */
static void h2_count_own_reset(http_conn *conn, const nghttp2_frame *frame)
{
    const http_request *req = nghttp2_session_get_stream_user_data(conn->h2.session, frame->hd.stream_id);
    if (!req || req->fault_counted || frame->rst_stream.error_code == NGHTTP2_NO_ERROR) return;
    h2_count_reset(conn);
}

/* ---- callbacks: frames coming in ---- */

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    http_conn *conn = arg;
    http_h2_guard_block(&conn->h2.guard);
    conn->current = NULL; /* header blocks do not interleave, so one pointer per connection suffices */
    if (frame->headers.cat != NGHTTP2_HCAT_REQUEST || conn->fate != HTTP_LIVE) return 0;
    if (!http_admit_stream(conn)) {
        h2_count_reset(conn);
        nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_REFUSED_STREAM);
        return 0;
    }
    http_request *req = http_request_create(conn);
    req->stream_id = frame->hd.stream_id;
    req->pub.http2 = true;
    conn->current = req;
    nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, req);
    return 0;
}

/* Hardly anybody writes it in capitals (RFC 3986, 3.1). */
static bool h2_scheme_is_known(kd_bytes scheme)
{
    return kd_bytes_eq(scheme, kd_bytes_str("https")) || kd_bytes_eq(scheme, kd_bytes_str("http")) ||
           kd_text_is_word(scheme, "http") || kd_text_is_word(scheme, "https");
}

/* A field as it is stored: its value lives as long as the request. */
static void h2_pseudo(http_request *req, const http_header *h)
{
    if (kd_bytes_eq(h->name, kd_bytes_str(":path")))
        http_request_set_target(req, h->value);
    else if (kd_bytes_eq(h->name, kd_bytes_str(":method")))
        http_request_set_method(req, h->value);
    else if (kd_bytes_eq(h->name, kd_bytes_str(":scheme")) && !h2_scheme_is_known(h->value))
        http_request_refuse(req, 400);
}

static void h2_length(http_request *req, kd_bytes value)
{
    /* nghttp2 has checked that there is one, and that it is a number of 63 bits. */
    req->has_length = true;
    req->length = 0;
    for (size_t i = 0; i < value.len; i++) req->length = req->length * 10 + (uint64_t)(value.data[i] - '0');
}

/* To decode on once the session ends would be work that the client gets for a byte of input a field: the pause makes nghttp2 leave the rest alone. */
static int h2_weigh_field(http_conn *conn, size_t bytes)
{
    if (!http_h2_guard_field(&conn->h2.guard, &conn->server->config, bytes)) h2_calm(conn);
    return conn->fate == HTTP_LIVE ? 0 : NGHTTP2_ERR_PAUSE;
}

static int h2_on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name_data,
                        size_t name_len, const uint8_t *value_data, size_t value_len, uint8_t flags,
                        void *arg)
{
    (void)session, (void)flags;
    http_conn *conn = arg;
    http_request *req = conn->current;
    int rv = h2_weigh_field(conn, name_len + value_len);
    if (rv != 0 || !req || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return rv;
    kd_bytes name = kd_bytes_of(name_data, name_len), value = kd_bytes_of(value_data, value_len);
    const http_header *stored = http_request_add_header(req, name, value);
    if (req->refusal != 0) return 0;
    if (name_data[0] == ':')
        h2_pseudo(req, stored);
    else if (name_len == 14 && memcmp(name_data, "content-length", 14) == 0)
        h2_length(req, value);
    return 0;
}

static int on_invalid_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                             size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                             void *arg)
{
    (void)session, (void)frame, (void)name, (void)value, (void)flags;
    http_conn *conn = arg;
    if (conn->current) http_request_refuse(conn->current, 400);
    return h2_weigh_field(conn, name_len + value_len);
}

/* More of the request has come: to the handler when that was all, or to a refusal at once. */
static void h2_advance(http_request *req, bool ended)
{
    if (req->stage >= HTTP_HANDLED) return;
    req->ended = ended;
    if (ended || req->refusal != 0) http_answer_dispatch(req);
}

static void h2_headers_frame(http_conn *conn, const nghttp2_frame *frame)
{
    bool ended = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
        http_request *req = conn->current;
        conn->current = NULL;
        if (!req) return;
        http_request_headers_done(req);
        if (req->refusal == 431)
            h2_count_refused(conn); /* many of them cost as much as one that is far too large */
        if (!ended && http_answer_begin(req)) return;
        if (!ended && req->refusal == 0) http_h2_say_continue(req);
        h2_advance(req, ended);
        return;
    }
    /* A second block of headers is trailers: they end the body, and their fields are ignored. */
    http_request *req = nghttp2_session_get_stream_user_data(conn->h2.session, frame->hd.stream_id);
    if (req) h2_advance(req, ended);
}

static void h2_data_frame(http_conn *conn, const nghttp2_frame *frame)
{
    if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) {
        /* A frame of padding alone moves the request no further than an empty one, and costs us as much. */
        if (frame->hd.length > 0 && frame->hd.length == frame->data.padlen) h2_count_control(conn);
        return;
    }
    http_request *req = nghttp2_session_get_stream_user_data(conn->h2.session, frame->hd.stream_id);
    if (req) h2_advance(req, true);
}

static int on_frame_recv(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    (void)session;
    http_conn *conn = arg;
    if (conn->fate != HTTP_LIVE) return 0;
    switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
        h2_headers_frame(conn, frame);
        break;
    case NGHTTP2_DATA:
        h2_data_frame(conn, frame);
        break;
    case NGHTTP2_RST_STREAM:
        h2_count_reset(conn);
        break;
    case NGHTTP2_PING:
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) h2_goaway(conn);
        break;
    default:
        break;
    }
    return 0;
}

static int on_invalid_frame(nghttp2_session *session, const nghttp2_frame *frame, int error, void *arg)
{
    (void)error;
    http_conn *conn = arg;
    http_request *req = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (req) req->fault_counted = true;
    conn->server->counters.protocol_errors++;
    http_h2_guard_pardon(&conn->h2.guard, frame->hd.stream_id);
    /* nghttp2 resets the stream by itself. A client that provokes resets costs as much as one that sends them. */
    h2_count_reset(conn);
    return 0;
}

/*
 * The rest of a body whose request is answered already is thrown away, up to H2_SWALLOW_MAX. To reset the stream at once is allowed (RFC 9113, 8.1),
 * but some clients then lose the answer.
 */
static void h2_swallow(http_request *req, size_t len)
{
    req->swallowed += len;
    if (req->swallowed > H2_SWALLOW_MAX) h2_stop(req);
}

static int on_data_chunk(nghttp2_session *session, uint8_t flags, int32_t stream_id, const uint8_t *data,
                         size_t len, void *arg)
{
    (void)flags;
    http_conn *conn = arg;
    http_request *req = nghttp2_session_get_stream_user_data(session, stream_id);
    if (!req || conn->fate != HTTP_LIVE) return 0;
    if (req->stage == HTTP_ANSWERED) {
        h2_swallow(req, len);
        return 0;
    }
    http_request_add_body(req, kd_bytes_of(data, len));
    if (req->refusal != 0) h2_advance(req, false);
    return 0;
}

static int h2_on_stream_close(nghttp2_session *session, int32_t stream_id, uint32_t error_code, void *arg)
{
    (void)error_code, (void)arg;
    http_request *req = nghttp2_session_get_stream_user_data(session, stream_id);
    if (!req) return 0;
    req->attached = false; /* a handler that works on it still answers, and frees it thereby */
    if (req->stage != HTTP_HANDLED) http_request_free(req);
    return 0;
}

/* ---- callbacks: frames going out ---- */

static int on_frame_send(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    http_conn *conn = arg;
    if (frame->hd.type == NGHTTP2_DATA) http_h2_guard_sent(&conn->h2.guard, frame->hd.length);
    if (frame->hd.type == NGHTTP2_RST_STREAM) {
        http_h2_guard_pardon(&conn->h2.guard, frame->hd.stream_id);
        h2_count_own_reset(conn, frame);
    }
    /* Of an answer without a body; the end of a body tells itself (http_h2_answer.c). */
    bool last = frame->hd.type == NGHTTP2_HEADERS && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (!last) return 0;
    http_request *req = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (req) req->sent = true;
    return 0;
}

static nghttp2_session_callbacks *h2_callbacks(void)
{
    nghttp2_session_callbacks *c;
    KD_ASSERT(nghttp2_session_callbacks_new(&c) == 0);
    nghttp2_session_callbacks_set_on_begin_headers_callback(c, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(c, h2_on_header);
    nghttp2_session_callbacks_set_on_invalid_header_callback(c, on_invalid_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(c, on_frame_recv);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(c, on_invalid_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(c, on_data_chunk);
    nghttp2_session_callbacks_set_on_stream_close_callback(c, h2_on_stream_close);
    nghttp2_session_callbacks_set_on_frame_send_callback(c, on_frame_send);
    return c;
}

static nghttp2_option *h2_option(void)
{
    nghttp2_option *option;
    KD_ASSERT(nghttp2_option_new(&option) == 0);
    /* By default closed streams are kept for the old tree of priorities, which is switched off: memory for nothing. */
    nghttp2_option_set_no_closed_streams(option, 1);
    return option;
}

void http_h2_init(kd_http_server *server)
{
    server->callbacks = h2_callbacks();
    server->option = h2_option();
}

void http_h2_finish(kd_http_server *server)
{
    nghttp2_session_callbacks_del(server->callbacks);
    nghttp2_option_del(server->option);
}

/* ---- the driver ---- */

static void h2_start(http_conn *conn)
{
    kd_http_server *server = conn->server;
    http_h2_guard_init(&conn->h2.guard);
    int rv = nghttp2_session_server_new3(&conn->h2.session, server->callbacks, conn, server->option,
                                         &server->pool.mem);
    KD_ASSERT(rv == 0);
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, server->config.max_streams},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, H2_STREAM_WINDOW},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, server->config.max_header_bytes},
        {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
    };
    KD_ASSERT(nghttp2_submit_settings(conn->h2.session, NGHTTP2_FLAG_NONE, settings, KD_COUNT(settings)) ==
              0);
    KD_ASSERT(nghttp2_session_set_local_window_size(conn->h2.session, NGHTTP2_FLAG_NONE, 0,
                                                    H2_CONNECTION_WINDOW) == 0);
}

static void h2_feed_session(http_conn *conn, const uint8_t *data, size_t len)
{
    ssize_t n = len > 0 ? nghttp2_session_mem_recv(conn->h2.session, data, len) : 0;
    if (n >= 0) return; /* fewer than len: the session ends */
    /* Too many acknowledgements that the client does not take (FLOODED), or no memory. After an error nghttp2 must not be asked for anything, not
     * even a GOAWAY. */
    conn->server->counters.protocol_errors++;
    if (n == NGHTTP2_ERR_FLOODED) conn->server->counters.floods++;
    conn->fate = HTTP_ABORT;
}

/* Whether the stream was open once. Streams above the last one that nghttp2 took may be under way at a drain, which it drops. */
static bool h2_gone(http_conn *conn, int32_t stream)
{
    return stream <= nghttp2_session_get_last_proc_stream_id(conn->h2.session) &&
           !nghttp2_session_find_stream(conn->h2.session, stream);
}

static void h2_judge(http_conn *conn, const http_h2_head *head, bool gone)
{
    kd_http_server *server = conn->server;
    uint32_t error = http_h2_guard_frame(&conn->h2.guard, &server->config, server->now_ms, head, gone);
    if (error == NGHTTP2_NO_ERROR) return;
    if (error == NGHTTP2_ENHANCE_YOUR_CALM) {
        h2_calm(conn);
        return;
    }
    server->counters.protocol_errors++;
    h2_terminate(conn, error);
}

/* Whether a request may begin with the end of this frame. */
static bool h2_may_ask(const http_h2_head *head)
{
    return head->type == NGHTTP2_HEADERS || head->type == NGHTTP2_CONTINUATION ||
           (head->type == NGHTTP2_DATA && (head->flags & NGHTTP2_FLAG_END_STREAM) != 0);
}

/* Takes data until its end or, behind a frame, until the turn is over: how much was taken. The session gets what comes before a frame's head before
 * the head is judged, when that depends on the session; and each frame that may ask for work, so that the turn can end behind it. */
static size_t h2_take(http_conn *conn, kd_bytes data)
{
    http_h2_guard *guard = &conn->h2.guard;
    size_t fed = 0, seen = 0;
    http_h2_head head;
    while (conn->fate == HTTP_LIVE && http_h2_guard_next(guard, data, &seen, &head)) {
        bool asks = http_h2_guard_asks(guard, &head);
        if (asks) {
            h2_feed_session(conn, data.data + fed, seen - 1 - fed);
            fed = seen - 1;
            if (conn->fate != HTTP_LIVE) break;
        }
        h2_judge(conn, &head, asks && h2_gone(conn, head.stream));
        if (conn->fate != HTTP_LIVE || !h2_may_ask(&head) || !http_h2_guard_whole(guard, data, &seen))
            continue;
        h2_feed_session(conn, data.data + fed, seen - fed);
        fed = seen;
        if (http_share_over(conn)) return fed;
    }
    if (conn->fate == HTTP_LIVE) h2_feed_session(conn, data.data + fed, data.len - fed);
    return data.len;
}

static void h2_feed(http_conn *conn, kd_bytes data)
{
    kd_buf *left = &conn->in;
    bool behind = left->len > 0;
    if (behind) kd_buf_put(left, data.data, data.len);
    if (behind && http_share_over(conn)) return;
    if (behind) data = kd_buf_view(left);
    size_t taken = h2_take(conn, data);
    conn->paused = conn->fate == HTTP_LIVE && taken < data.len;
    if (!behind) {
        kd_buf_put(left, data.data + taken, data.len - taken);
        return;
    }
    memmove(left->data, left->data + taken, left->len - taken);
    left->len -= taken;
}

static void h2_produce(http_conn *conn, kd_buf *out)
{
    while (out->len < HTTP_WRITE_BYTES) {
        const uint8_t *data;
        ssize_t n = nghttp2_session_mem_send(conn->h2.session, &data);
        if (n < 0) conn->fate = HTTP_ABORT;
        if (n <= 0) return;
        kd_buf_put(out, data, (size_t)n);
    }
}

static bool h2_over(const http_conn *conn)
{
    return !nghttp2_session_want_read(conn->h2.session) && !nghttp2_session_want_write(conn->h2.session);
}

/* GOAWAY alone would cut off requests that are on their way here. So there is a notice first, and a PING: when its answer comes, the client has seen
 * the notice, and the GOAWAY that follows names the last stream for good. */
static void h2_drain(http_conn *conn)
{
    static const uint8_t opaque[8] = "kudos";
    nghttp2_submit_shutdown_notice(conn->h2.session);
    nghttp2_submit_ping(conn->h2.session, NGHTTP2_FLAG_NONE, opaque);
    conn->drain_by_ms = conn->server->now_ms + HTTP_DRAIN_NOTICE_MS;
}

static void h2_idle_out(http_conn *conn)
{
    h2_terminate(conn, NGHTTP2_NO_ERROR);
}

/* nghttp2 and the windows bound what a client can send, the connection's high-water mark bounds what it leaves. Frames of a few bytes that answer what
 * it sends wait with nghttp2 before they reach that mark. */
static bool h2_wants_input(const http_conn *conn)
{
    return nghttp2_session_get_outbound_queue_size(conn->h2.session) <= H2_QUEUE_MAX;
}

static void h2_finish(http_conn *conn)
{
    nghttp2_session_del(conn->h2.session); /* takes NULL, and calls no callback */
    conn->h2.session = NULL;
}

const http_driver http_h2_driver = {
    .start = h2_start,
    .feed = h2_feed,
    .produce = h2_produce,
    .respond = http_h2_respond,
    .stream = http_h2_stream,
    .resume = http_h2_resume,
    .cut = h2_cut,
    .wants_input = h2_wants_input,
    .over = h2_over,
    .drain = h2_drain,
    .drain_due = h2_goaway,
    .idle_out = h2_idle_out,
    .stop = h2_stop,
    .finish = h2_finish,
};
