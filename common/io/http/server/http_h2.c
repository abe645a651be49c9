/*
 * http_h2.c - one nghttp2 session per connection, and what nghttp2 leaves to the application.
 *
 * nghttp2 checks framing, HPACK, message rules (pseudo headers, content-length against the body) and the
 * peer's stream limit. Counted here: header fields and bytes, body bytes, CONTINUATION frames, resets by
 * either side, control frames, requests in work including those whose stream is already gone. Too many of
 * anything ends the connection with ENHANCE_YOUR_CALM.
 */
#include "common/io/http/server/http_internal.h"
#include "common/json/json_writer.h"

enum {
    H2_STREAM_WINDOW = 256 * 1024,
    H2_CONNECTION_WINDOW = 1024 * 1024,
    H2_SWALLOW_MAX = 1024 * 1024, /* of a body whose request is answered already */
};

static void h2_calm(http_conn *conn)
{
    if (conn->fate != HTTP_LIVE) return;
    conn->server->counters.floods++;
    http_h2_terminate(conn, NGHTTP2_ENHANCE_YOUR_CALM);
}

static void h2_count(http_conn *conn, uint32_t *counter, uint32_t limit)
{
    int64_t now = conn->server->now_ms;
    if (now - conn->rate_since_ms >= 1000) {
        conn->rate_since_ms = now;
        conn->resets = 0;
        conn->controls = 0;
    }
    if (++*counter > limit) h2_calm(conn);
}

static void h2_count_control(http_conn *conn)
{
    h2_count(conn, &conn->controls, conn->server->config.max_control_per_s);
}

static void h2_count_reset(http_conn *conn)
{
    conn->server->counters.resets++;
    h2_count(conn, &conn->resets, conn->server->config.max_resets_per_s);
}

/* ---- callbacks: frames coming in ---- */

static int on_begin_frame(nghttp2_session *session, const nghttp2_frame_hd *hd, void *arg)
{
    (void)session;
    http_conn *conn = arg;
    if (hd->type == NGHTTP2_HEADERS) conn->continuations = 0;
    if (hd->type == NGHTTP2_CONTINUATION && ++conn->continuations > HTTP_CONTINUATIONS_MAX) h2_calm(conn);
    if (hd->type == NGHTTP2_DATA && hd->length == 0 && (hd->flags & NGHTTP2_FLAG_END_STREAM) == 0) {
        h2_count_control(conn);
    }
    /* Not reported as received: priorities are switched off. */
    if (hd->type == NGHTTP2_PRIORITY) h2_count_control(conn);
    return 0;
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    http_conn *conn = arg;
    conn->current = NULL;
    if (frame->headers.cat != NGHTTP2_HCAT_REQUEST || conn->fate != HTTP_LIVE) return 0;
    if (conn->request_count >= conn->server->config.max_streams) {
        conn->server->counters.refused_streams++;
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

static void h2_pseudo(http_request *req, kd_bytes name, kd_bytes value)
{
    if (kd_bytes_eq(name, kd_bytes_str(":path"))) {
        http_request_set_target(req, http_request_copy(req, value));
    } else if (kd_bytes_eq(name, kd_bytes_str(":method"))) {
        http_request_set_method(req, http_request_copy(req, value));
    }
}

static void h2_length(http_request *req, kd_bytes value)
{
    /* nghttp2 has checked that it is one number that fits. */
    req->has_length = true;
    req->length = 0;
    for (size_t i = 0; i < value.len; i++) req->length = req->length * 10 + (uint64_t)(value.data[i] - '0');
}

static int h2_on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name_data,
                        size_t name_len, const uint8_t *value_data, size_t value_len, uint8_t flags,
                        void *arg)
{
    (void)session, (void)flags;
    http_conn *conn = arg;
    http_request *req = conn->current;
    if (req == NULL || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
    kd_bytes name = kd_bytes_of(name_data, name_len), value = kd_bytes_of(value_data, value_len);
    if (!http_request_add_header(req, name, value)) {
        h2_calm(conn);
        return 0;
    }
    if (req->refusal != 0) return 0;
    if (name_data[0] == ':')
        h2_pseudo(req, name, value);
    else if (name_len == 14 && memcmp(name_data, "content-length", 14) == 0)
        h2_length(req, value);
    return 0;
}

static int on_invalid_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                             size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                             void *arg)
{
    (void)session, (void)frame, (void)name, (void)name_len, (void)value, (void)value_len, (void)flags;
    http_conn *conn = arg;
    if (conn->current != NULL) http_request_refuse(conn->current, 400);
    return 0;
}

static void h2_advance(http_request *req, bool ended)
{
    if (req->stage >= HTTP_HANDLED) return;
    req->ended = ended;
    if (ended || req->refusal != 0) http_request_dispatch(req);
}

static void h2_headers_frame(http_conn *conn, const nghttp2_frame *frame)
{
    bool ended = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
        http_request *req = conn->current;
        conn->current = NULL;
        if (req == NULL) return;
        http_request_headers_done(req);
        h2_advance(req, ended);
        return;
    }
    /* Trailers end the body; what they say is not looked at. */
    http_request *req = nghttp2_session_get_stream_user_data(conn->session, frame->hd.stream_id);
    if (req != NULL) h2_advance(req, ended);
}

static void h2_data_frame(http_conn *conn, const nghttp2_frame *frame)
{
    if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) {
        /* Padding alone moves a request no further than an empty frame does. */
        if (frame->hd.length > 0 && frame->hd.length == frame->data.padlen) h2_count_control(conn);
        return;
    }
    http_request *req = nghttp2_session_get_stream_user_data(conn->session, frame->hd.stream_id);
    if (req != NULL) h2_advance(req, true);
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
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0)
            http_h2_goaway(conn);
        else
            h2_count_control(conn);
        break;
    case NGHTTP2_SETTINGS:
        h2_count_control(conn);
        break;
    default:
        break;
    }
    return 0;
}

static int on_invalid_frame(nghttp2_session *session, const nghttp2_frame *frame, int error, void *arg)
{
    (void)session, (void)frame, (void)error;
    http_conn *conn = arg;
    conn->server->counters.protocol_errors++;
    /* nghttp2 resets the stream: making us reset is as good a flood as resetting. */
    h2_count_reset(conn);
    return 0;
}

/*
 * What still comes for an answered request is swallowed for a while: resetting the stream at once is allowed
 * (RFC 9113, 8.1), but clients are known to lose the answer over it.
 */
static void h2_swallow(http_request *req, size_t len)
{
    req->swallowed += len;
    if (req->swallowed > H2_SWALLOW_MAX) http_h2_stop(req);
}

static int on_data_chunk(nghttp2_session *session, uint8_t flags, int32_t stream_id, const uint8_t *data,
                         size_t len, void *arg)
{
    (void)flags;
    http_conn *conn = arg;
    http_request *req = nghttp2_session_get_stream_user_data(session, stream_id);
    if (req == NULL || conn->fate != HTTP_LIVE) return 0;
    if (req->stage == HTTP_ANSWERED) {
        h2_swallow(req, len);
        return 0;
    }
    http_request_add_body(req, kd_bytes_of(data, len));
    if (req->refusal != 0) h2_advance(req, false);
    return 0;
}

void http_h2_stop(http_request *req)
{
    if (req->stopped) return;
    req->stopped = true;
    nghttp2_submit_rst_stream(req->conn->session, NGHTTP2_FLAG_NONE, req->stream_id, NGHTTP2_NO_ERROR);
    http_conn_touch(req->conn);
}

static int h2_on_stream_close(nghttp2_session *session, int32_t stream_id, uint32_t error_code, void *arg)
{
    (void)error_code, (void)arg;
    http_request *req = nghttp2_session_get_stream_user_data(session, stream_id);
    if (req == NULL) return 0;
    req->attached = false;
    if (req->stage != HTTP_HANDLED) http_request_free(req);
    return 0;
}

/* ---- callbacks: frames going out ---- */

static int on_frame_send(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    (void)arg;
    bool last = (frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS) &&
                (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (!last) return 0;
    http_request *req = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (req != NULL) req->sent = true;
    return 0;
}

static ssize_t h2_read_body(nghttp2_session *session, int32_t stream_id, uint8_t *buf, size_t size,
                            uint32_t *flags, nghttp2_data_source *source, void *arg)
{
    (void)session, (void)stream_id, (void)arg;
    http_request *req = source->ptr;
    size_t n = KD_MIN(size, req->out.len);
    memcpy(buf, req->out.data, n);
    req->out = kd_bytes_of(req->out.data + n, req->out.len - n);
    if (req->out.len == 0) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)n;
}

nghttp2_session_callbacks *http_h2_callbacks(void)
{
    nghttp2_session_callbacks *c;
    KD_ASSERT(nghttp2_session_callbacks_new(&c) == 0);
    nghttp2_session_callbacks_set_on_begin_frame_callback(c, on_begin_frame);
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

/* ---- the connection's side ---- */

void http_h2_start(http_conn *conn)
{
    kd_http_server *server = conn->server;
    int rv = nghttp2_session_server_new3(&conn->session, server->callbacks, conn, server->option,
                                         &server->pool.mem);
    KD_ASSERT(rv == 0);
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, server->config.max_streams},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, H2_STREAM_WINDOW},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, server->config.max_header_bytes},
        {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
    };
    KD_ASSERT(nghttp2_submit_settings(conn->session, NGHTTP2_FLAG_NONE, settings, KD_COUNT(settings)) == 0);
    KD_ASSERT(nghttp2_session_set_local_window_size(conn->session, NGHTTP2_FLAG_NONE, 0,
                                                    H2_CONNECTION_WINDOW) == 0);
}

void http_h2_feed(http_conn *conn, kd_bytes data)
{
    if (conn->fate != HTTP_LIVE) return;
    ssize_t n = nghttp2_session_mem_recv(conn->session, data.data, data.len);
    if (n >= 0) return;
    /* Too many unsent acknowledgements, say. nghttp2 must not be asked for anything after this, not even a
     * GOAWAY. */
    conn->server->counters.protocol_errors++;
    if (n == NGHTTP2_ERR_FLOODED) conn->server->counters.floods++;
    conn->fate = HTTP_ABORT;
}

void http_h2_produce(http_conn *conn, kd_buf *out)
{
    while (out->len < HTTP_WRITE_BYTES) {
        const uint8_t *data;
        ssize_t n = nghttp2_session_mem_send(conn->session, &data);
        if (n < 0) conn->fate = HTTP_ABORT;
        if (n <= 0) return;
        kd_buf_put(out, data, (size_t)n);
    }
}

bool http_h2_over(const http_conn *conn)
{
    return !nghttp2_session_want_read(conn->session) && !nghttp2_session_want_write(conn->session);
}

void http_h2_notice(http_conn *conn)
{
    static const uint8_t opaque[8] = "kudos";
    nghttp2_submit_shutdown_notice(conn->session);
    nghttp2_submit_ping(conn->session, NGHTTP2_FLAG_NONE, opaque);
    conn->goaway_by_ms = conn->server->now_ms + HTTP_DRAIN_NOTICE_MS;
}

void http_h2_goaway(http_conn *conn)
{
    if (conn->goaway_by_ms == 0) return;
    conn->goaway_by_ms = 0;
    nghttp2_submit_goaway(conn->session, NGHTTP2_FLAG_NONE,
                          nghttp2_session_get_last_proc_stream_id(conn->session), NGHTTP2_NO_ERROR, NULL, 0);
}

void http_h2_terminate(http_conn *conn, uint32_t error_code)
{
    nghttp2_session_terminate_session(conn->session, error_code);
    conn->fate = HTTP_FINISH;
}

/* Another value in every answer: in the compression table it would only push out what all answers share. */
static bool h2_always_new(const char *name)
{
    return strcmp(name, "kudos-session") == 0;
}

static nghttp2_nv h2_field(const char *name, kd_bytes value)
{
    /* The name is static by contract, the value is copied with the array in one piece. */
    return (nghttp2_nv){.name = (uint8_t *)(uintptr_t)name,
                        .namelen = strlen(name),
                        .value = (uint8_t *)(uintptr_t)value.data,
                        .valuelen = value.len,
                        .flags = (uint8_t)(NGHTTP2_NV_FLAG_NO_COPY_NAME |
                                           (h2_always_new(name) ? NGHTTP2_NV_FLAG_NO_INDEX : 0))};
}

void http_h2_respond(http_request *req, int status, const kd_http_field *fields, size_t n, kd_bytes body)
{
    http_conn *conn = req->conn;
    char code[3], length[24];
    int status_left = status;
    nghttp2_nv nv[KD_HTTP_FIELDS_MAX + 3];
    size_t count = 0;
    for (int i = 2; i >= 0; i--, status_left /= 10) code[i] = (char)('0' + status_left % 10);
    nv[count++] = h2_field(":status", kd_bytes_of(code, 3));
    for (size_t i = 0; i < n; i++) nv[count++] = h2_field(fields[i].name, fields[i].value);
    if (status != 204 && status != 304) {
        size_t digits = kd_decimal(body.len, length);
        nv[count++] = h2_field("content-length", kd_bytes_of(length, digits));
    }
    nv[count++] = h2_field("date", kd_bytes_of(http_server_date(conn->server), HTTP_DATE_BYTES));
    bool silent = req->head || status == 204 || status == 304;
    req->out = silent ? kd_bytes_of(NULL, 0) : http_request_copy(req, body);
    req->out_held = req->out.len;
    conn->server->counters.buffered_bytes += req->out_held;
    nghttp2_data_provider provider = {.source.ptr = req, .read_callback = h2_read_body};
    int rv = nghttp2_submit_response(conn->session, req->stream_id, nv, count,
                                     req->out.len > 0 ? &provider : NULL);
    /* The session refuses only when it is ending; the stream goes with it. */
    if (rv != 0 && conn->fate == HTTP_LIVE) conn->fate = HTTP_FINISH;
}
