/*
 * http_h1.c - HTTP/1.1 and 1.0, strict, and one request at a time. Some CDNs fetch from origins by it alone.
 *
 *   HEAD ──► LENGTH ──────────────────────► WORK ──answered──► HEAD ...
 *     └────► CHUNK_SIZE ⇄ CHUNK_DATA ──► TRAILERS ──► WORK ──an answer that goes on──► STREAM ──► END
 *
 * Input waits in conn->in, from in_used on. While a request is in work nothing is read: pipelined requests cost the memory of one read, and answers
 * keep their order. A request that two parsers could read in two ways (both lengths, a bare CR or LF, folded lines, blanks before the colon, an odd
 * chunk size, trailers that are no fields) is refused and ends the connection, because nobody can say where the next one begins. tests/fuzz/fuzz_h1.c
 * holds this parser against an independent one.
 */
#include "common/io/http/server/http_h1.h"

#include "common/io/http/server/http_admission.h"
#include "common/io/http/server/http_answer.h"
#include "common/io/http/server/http_h1_text.h"
#include "common/io/http/server/http_note.h"
#include "common/io/http/server/http_request.h"
#include "common/io/http/server/http_share.h"
#include "common/io/http/server/http_stream.h"

enum {
    H1_HEAD,
    H1_LENGTH,
    H1_CHUNK_SIZE,
    H1_CHUNK_DATA,
    H1_CHUNK_END,
    H1_TRAILERS,
    H1_WORK,
    H1_STREAM,
    H1_END
};

enum { H1_LINE_MAX = 256 /* a chunk's size line */, H1_BEHIND_STREAM_MAX = 64 * 1024 };

/* Input that is not understood yet. */
static kd_bytes h1_input(const http_conn *conn)
{
    if (conn->in.len == 0) return (kd_bytes){0}; /* no buffer, perhaps */
    return kd_bytes_of(conn->in.data + conn->h1.in_used, conn->in.len - conn->h1.in_used);
}

static void h1_consume(http_conn *conn, size_t n)
{
    conn->h1.in_used += n;
    if (conn->h1.in_used < conn->in.len) return;
    kd_buf_clear(&conn->in);
    conn->h1.in_used = 0;
    if (conn->in.cap > HTTP_READ_BYTES) kd_buf_finish(&conn->in);
}

static void h1_work(http_conn *conn, bool ended)
{
    conn->h1.stage = H1_WORK;
    conn->current->ended = ended;
    http_answer_dispatch(conn->current);
}

static void h1_refuse(http_conn *conn, int status)
{
    conn->server->counters.protocol_errors++;
    http_request_refuse(conn->current, status);
    h1_work(conn, false);
}

/* ---- the head ---- */

static http_request *h1_current(http_conn *conn)
{
    if (!conn->current) conn->current = http_request_create(conn);
    return conn->current;
}

/* The client asked to be told before it sends the body. If some of the body is here already, it does not wait. */
static void h1_say_continue(http_conn *conn)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
    kd_bytes expect; /* 100-continue: any other one is refused (http_request.c) */
    if (conn->current->http10 || !kd_http_request_header(&conn->current->pub, "expect", &expect)) return;
    if (h1_input(conn).len == 0) kd_buf_put(&conn->h1.out, text, sizeof(text) - 1);
}

/* True: the request was answered, or is refused, before its body. */
static bool h1_begin(http_conn *conn)
{
    if (http_answer_begin(conn->current)) return true;
    if (conn->current->refusal == 0) return false;
    h1_work(conn, false);
    return true;
}

static void h1_after_head(http_conn *conn, const kd_http1_head *head)
{
    http_request *req = conn->current;
    req->keep_alive = head->keep_alive && !conn->drain_told;
    req->has_length = head->has_length;
    req->length = head->length;
    http_request_headers_done(req);
    if (req->refusal != 0) {
        h1_work(conn, !head->chunked && head->length == 0);
    } else if ((head->chunked || head->length > 0) && h1_begin(conn)) {
        return;
    } else if (head->chunked) {
        conn->h1.stage = H1_CHUNK_SIZE;
        h1_say_continue(conn);
    } else if (head->length > 0) {
        conn->h1.stage = H1_LENGTH;
        conn->h1.left = head->length;
        h1_say_continue(conn);
    } else {
        h1_work(conn, true);
    }
}

/* Length of a head with its empty line; 0 when its end has not come, or when a line of it ends by LF alone: then *bare. */
static size_t h1_head_length(kd_bytes in, bool *bare)
{
    const uint8_t *line = in.data, *end = in.data + in.len, *lf;
    for (; line < end && (lf = memchr(line, '\n', (size_t)(end - line))) != NULL; line = lf + 1) {
        *bare = lf == line || lf[-1] != '\r';
        if (*bare) return 0;
        if (lf == line + 1) return (size_t)(lf + 1 - in.data);
    }
    return 0;
}

/* Bytes of a head: besides names and values, two colons or blanks and a line end per field, and the rest of the request line. */
static size_t h1_head_max(const http_conn *conn)
{
    const kd_http_config *config = &conn->server->config;
    return config->max_header_bytes + 4 * (size_t)config->max_headers + 64;
}

/* Some clients send an empty line behind a body. False: here is one more than is skipped. */
static bool h1_skip_empty_lines(http_conn *conn)
{
    while (h1_input(conn).len >= 2 && memcmp(h1_input(conn).data, "\r\n", 2) == 0) {
        if (conn->h1.empty_lines == KD_HTTP1_EMPTY_LINES_MAX) return false;
        conn->h1.empty_lines++;
        h1_consume(conn, 2);
    }
    return true;
}

static bool h1_read_head(http_conn *conn)
{
    bool bad = !h1_skip_empty_lines(conn);
    kd_bytes in = h1_input(conn);
    if (in.len == 0) return false;
    http_request *req = h1_current(conn);
    size_t max = h1_head_max(conn), len = 0;
    if (!bad) len = h1_head_length(kd_bytes_of(in.data, KD_MIN(in.len, max)), &bad);
    if (bad || (len == 0 && in.len > max)) {
        h1_refuse(conn, bad ? 400 : 431);
        return true;
    }
    if (len == 0) return false;
    kd_http1_head head;
    int status = http_h1_parse_head(req, kd_bytes_of(in.data, len), &head);
    h1_consume(conn, len);
    conn->h1.empty_lines = 0;
    if (status != 0)
        h1_refuse(conn, status);
    else
        h1_after_head(conn, &head);
    return true;
}

/* ---- the body ---- */

/* Moves up to h1_left bytes into the body; true when something moved. */
static bool h1_move_body(http_conn *conn)
{
    kd_bytes in = h1_input(conn);
    size_t n = (size_t)KD_MIN((uint64_t)in.len, conn->h1.left);
    if (n == 0) return false;
    http_request_add_body(conn->current, kd_bytes_of(in.data, n));
    conn->h1.left -= n;
    h1_consume(conn, n);
    if (conn->current->refusal != 0) h1_work(conn, false);
    return true;
}

static bool h1_read_length(http_conn *conn)
{
    bool moved = h1_move_body(conn);
    if (conn->h1.stage == H1_LENGTH && conn->h1.left == 0) h1_work(conn, true);
    return moved;
}

static bool h1_read_chunk_data(http_conn *conn)
{
    bool moved = h1_move_body(conn);
    if (conn->h1.stage == H1_CHUNK_DATA && conn->h1.left == 0) conn->h1.stage = H1_CHUNK_END;
    return moved;
}

/* A line without its CRLF. False when it has not come whole, or when it was refused: with 400 for a bare LF, with `too_long` beyond max bytes. Then the
 * stage has changed. */
static bool h1_read_line(http_conn *conn, size_t max, int too_long, kd_bytes *line)
{
    kd_bytes in = h1_input(conn);
    const uint8_t *end = in.len > 0 ? memchr(in.data, '\n', in.len) : NULL;
    bool bare = end && (end == in.data || end[-1] != '\r');
    size_t len = end && !bare ? (size_t)(end - in.data) - 1 : in.len;
    if (bare || len > max) {
        h1_refuse(conn, bare ? 400 : too_long);
        return false;
    }
    *line = kd_bytes_of(in.data, len);
    return end != NULL;
}

static bool h1_read_chunk_size(http_conn *conn)
{
    kd_bytes line;
    if (!h1_read_line(conn, H1_LINE_MAX, 400, &line)) return conn->h1.stage != H1_CHUNK_SIZE;
    uint64_t size;
    if (!kd_http1_chunk_size(line, &size)) {
        h1_refuse(conn, 400);
        return true;
    }
    h1_consume(conn, line.len + 2);
    conn->h1.left = size;
    conn->h1.trailers = 0;
    conn->h1.stage = size > 0 ? H1_CHUNK_DATA : H1_TRAILERS;
    if (!http_admit_length(conn->server, size)) h1_refuse(conn, 413);
    return true;
}

static bool h1_read_chunk_end(http_conn *conn)
{
    kd_bytes in = h1_input(conn);
    if (in.len < 2) return false;
    if (memcmp(in.data, "\r\n", 2) != 0) {
        h1_refuse(conn, 400);
        return true;
    }
    h1_consume(conn, 2);
    conn->h1.stage = H1_CHUNK_SIZE;
    return true;
}

/* The fields of trailers are checked and thrown away; their bytes count, or there could be trailers without end. */
static bool h1_read_trailers(http_conn *conn)
{
    kd_bytes line;
    size_t max = conn->server->config.max_header_bytes;
    if (!h1_read_line(conn, max, 431, &line)) return conn->h1.stage != H1_TRAILERS;
    size_t len = line.len;
    bool good = len == 0 || kd_http1_trailer(line);
    h1_consume(conn, len + 2);
    conn->h1.trailers += len + 2;
    if (len == 0)
        h1_work(conn, true);
    else if (!good)
        h1_refuse(conn, 400);
    else if (conn->h1.trailers > max)
        h1_refuse(conn, 431);
    return true;
}

/* ---- the machine, and the driver ---- */

/* One step of the machine; false when it waits for more input, or for the handler. */
static bool h1_step(http_conn *conn)
{
    switch (conn->h1.stage) {
    case H1_HEAD:
        return h1_read_head(conn);
    case H1_LENGTH:
        return h1_read_length(conn);
    case H1_CHUNK_SIZE:
        return h1_read_chunk_size(conn);
    case H1_CHUNK_DATA:
        return h1_read_chunk_data(conn);
    case H1_CHUNK_END:
        return h1_read_chunk_end(conn);
    case H1_TRAILERS:
        return h1_read_trailers(conn);
    default:
        return false;
    }
}

/* Until so much output waits, or the turn is over. */
static void h1_go_on(http_conn *conn, size_t output)
{
    while (conn->h1.out.len < output && !http_share_over(conn) && h1_step(conn)) continue;
    bool waits = conn->h1.stage < H1_WORK;
    conn->paused = waits && http_share_over(conn) && h1_input(conn).len > 0;
}

/* No request follows: input is read to notice that the client has gone. Who sends all the same is closed: to read it would cost as long as the stream lasts. */
static void h1_throw_away(http_conn *conn, size_t bytes)
{
    conn->lingered += bytes;
    if (conn->lingered > H1_BEHIND_STREAM_MAX) conn->fate = HTTP_ABORT;
}

static void h1_feed(http_conn *conn, kd_bytes data)
{
    if (conn->h1.stage >= H1_STREAM) {
        h1_throw_away(conn, data.len);
        return;
    }
    if (conn->h1.in_used > 0) {
        memmove(conn->in.data, conn->in.data + conn->h1.in_used, conn->in.len - conn->h1.in_used);
        conn->in.len -= conn->h1.in_used;
        conn->h1.in_used = 0;
    }
    kd_buf_put(&conn->in, data.data, data.len);
    /* At once, not only when output is asked for: a body would pile up in `in` besides its copy. Stops by itself at a request in work. */
    h1_go_on(conn, conn->server->config.output_high_water_bytes);
}

/* False: the answer that goes on has no piece for now, or has ended. */
static bool h1_put_piece(http_conn *conn, kd_buf *out)
{
    http_request *req = conn->current;
    kd_buf *piece = &conn->server->piece;
    kd_buf_clear(piece);
    bool some = http_stream_take(req, piece);
    if (some) http_h1_write_chunk(req, kd_buf_view(piece), out);
    if (!http_stream_ended(req)) return some;
    http_h1_write_chunk(req, (kd_bytes){0}, out);
    conn->h1.stage = H1_END;
    http_request_free(req);
    return false;
}

static void h1_produce(http_conn *conn, kd_buf *out)
{
    h1_go_on(conn, HTTP_WRITE_BYTES);
    kd_buf_put(out, conn->h1.out.data, conn->h1.out.len);
    kd_buf_clear(&conn->h1.out);
    if (conn->h1.out.cap > HTTP_READ_BYTES) kd_buf_finish(&conn->h1.out);
    if (conn->h1.stage != H1_STREAM) return;
    while (out->len < HTTP_WRITE_BYTES && h1_put_piece(conn, out)) continue;
}

/* Input is read from now on, to notice that the client has gone; requests behind this one are not answered. */
static void h1_stream(http_request *req, const kd_http_field *fields, size_t n)
{
    http_conn *conn = req->conn;
    http_h1_write_stream_head(req, fields, n, &conn->h1.out);
    conn->h1.stage = req->head ? H1_END : H1_STREAM;
    h1_consume(conn, h1_input(conn).len);
    if (req->head) http_request_free(req);
}

/* The turn asks for output anyway. */
static void h1_resume(http_request *req)
{
    (void)req;
}

static void h1_respond(http_request *req, int status, const kd_http_field *fields, size_t n, kd_bytes body)
{
    http_conn *conn = req->conn;
    bool keep = req->keep_alive && !conn->drain_told;
    http_h1_write_answer(req, keep, status, fields, n, body, &conn->h1.out);
    conn->h1.stage = keep ? H1_HEAD : H1_END;
    http_request_free(req);
    /* At once, as HTTP/2 does: until the end of the turn thousands of answers may come. */
    http_admission_buffers(conn, conn->in.cap + conn->out.cap + conn->h1.out.cap + http_note_held(conn));
}

/* More input is of no use while a request is in work, nor before the answers have gone: it would only pile up. */
static bool h1_wants_input(const http_conn *conn)
{
    return conn->h1.stage != H1_WORK && conn->h1.stage != H1_END && conn->out.len == conn->out_sent;
}

static bool h1_over(const http_conn *conn)
{
    return conn->h1.stage == H1_END;
}

static void h1_start(http_conn *conn)
{
    conn->h1.stage = H1_HEAD;
}

/* HTTP/1.1 has no way to tell an idle client: it gets a while to send one more request, whose answer says Connection: close. */
static void h1_drain(http_conn *conn)
{
    conn->drain_by_ms = conn->server->now_ms + HTTP_DRAIN_IDLE_MS;
}

static void h1_drain_due(http_conn *conn)
{
    if (conn->h1.stage == H1_HEAD && conn->in.len == 0) conn->fate = HTTP_FINISH;
}

static void h1_idle_out(http_conn *conn)
{
    conn->fate = HTTP_FINISH;
}

static void h1_finish(http_conn *conn)
{
    kd_buf_finish(&conn->h1.out);
}

const http_driver http_h1_driver = {
    .start = h1_start,
    .feed = h1_feed,
    .produce = h1_produce,
    .respond = h1_respond,
    .stream = h1_stream,
    .resume = h1_resume,
    .wants_input = h1_wants_input,
    .over = h1_over,
    .drain = h1_drain,
    .drain_due = h1_drain_due,
    .idle_out = h1_idle_out,
    .finish = h1_finish,
};
