/*
 * http_stream.c - see the header.
 *
 * While its source has nothing, a stream has no deadline: it may stay open for hours. From the moment that there is something the client has
 * write_stall_timeout_ms to take it. A connection whose socket is full has a deadline of its own (conn->out_by_ms).
 */
#include "common/io/http/server/http_stream.h"

#include "common/io/http/server/http_admission.h"
#include "common/io/http/server/http_request.h"
#include "common/io/http/server/http_turn.h"

static int64_t stream_deadline(const http_request *req)
{
    const kd_http_server *server = req->conn->server;
    return server->now_ms + server->config.write_stall_timeout_ms;
}

void http_stream_begin(http_request *req, const kd_http_source *source, void *arg)
{
    req->stage = HTTP_STREAMING;
    req->source = source;
    req->source_arg = arg;
    req->out = (kd_bytes){0};
    req->deadline_ms = stream_deadline(req);
}

bool http_stream_ended(const http_request *req)
{
    return req->stage == HTTP_ANSWERED && req->out.len == 0;
}

/* The source has said its last word; the request stays until that is taken. */
static void stream_end(http_request *req)
{
    http_request_end_source(req);
    req->stage = HTTP_ANSWERED;
}

bool http_stream_take(http_request *req, kd_buf *out)
{
    size_t before = out->len;
    if (!req->source) return false;
    bool more = req->source->next(req->source_arg, out);
    size_t len = out->len - before;
    req->streamed += len;
    if (!more) stream_end(req);
    req->deadline_ms = more && len == 0 ? INT64_MAX : stream_deadline(req);
    return len > 0;
}

static size_t stream_read_rest(http_request *req, uint8_t *at, size_t room)
{
    size_t n = KD_MIN(room, req->out.len);
    memcpy(at, req->out.data, n);
    req->out = kd_bytes_of(req->out.data + n, req->out.len - n);
    req->deadline_ms = stream_deadline(req);
    if (req->out.len == 0) http_request_drop_piece(req);
    return n;
}

size_t http_stream_read(http_request *req, uint8_t *at, size_t room)
{
    kd_buf *piece = &req->conn->server->piece;
    if (req->out.len > 0) return stream_read_rest(req, at, room);
    kd_buf_clear(piece);
    if (!http_stream_take(req, piece)) return 0;
    size_t n = KD_MIN(room, piece->len);
    memcpy(at, piece->data, n);
    if (n < piece->len) req->out = http_request_keep_piece(req, kd_bytes_of(piece->data + n, piece->len - n));
    return n;
}

bool http_stream_stalled(http_request *req)
{
    http_conn *conn = req->conn;
    if (conn->out_by_ms != 0) {
        req->deadline_ms = stream_deadline(req);
        return false;
    }
    if (!conn->driver->cut) return true;
    conn->server->counters.timeouts++;
    req->deadline_ms = INT64_MAX;
    conn->driver->cut(req);
    return false;
}

void kd_http_stream_hold(kd_http_stream *stream, size_t bytes)
{
    http_request *req = (http_request *)stream;
    req->kept += bytes;
    http_admission_hold(req, bytes);
}

void kd_http_stream_wake(kd_http_stream *stream)
{
    http_request *req = (http_request *)stream;
    http_conn *conn = req->conn;
    KD_ASSERT(req->stage == HTTP_STREAMING);
    if (conn->fate != HTTP_LIVE || req->stopped) return;
    http_turn_clock(conn->server);
    if (req->deadline_ms == INT64_MAX) req->deadline_ms = stream_deadline(req);
    conn->driver->resume(req);
    http_turn_touch(conn);
}
