/*
 * http_h1.c - HTTP/1.1 (and 1.0) for CDNs that fetch origins that way: simple, strict, one request
 * at a time.
 *
 *   HEAD ──► LENGTH ──────────────────────► WORK ──answered──► HEAD ...
 *     └────► CHUNK_SIZE ⇄ CHUNK_DATA ──► TRAILERS ──► WORK
 *
 * Input waits in conn->in from in_used on. While a request is in work nothing is read, so pipelined requests
 * cost one read's worth of memory, and answers keep their order. Whatever could be understood in two ways
 * (both lengths, a bare CR, folded lines, blanks before the colon, an odd chunk size) is refused and ends the
 * connection.
 */
#include "common/io/http/server/http_h1.h"

enum { H1_HEAD, H1_LENGTH, H1_CHUNK_SIZE, H1_CHUNK_DATA, H1_CHUNK_END, H1_TRAILERS, H1_WORK, H1_END };

enum { H1_LINE_MAX = 256 /* a chunk's size line */ };

static kd_bytes input(const http_conn *conn)
{
    return kd_bytes_of(conn->in.data + conn->in_used, conn->in.len - conn->in_used);
}

static void consume(http_conn *conn, size_t n)
{
    conn->in_used += n;
    if (conn->in_used < conn->in.len) return;
    kd_buf_clear(&conn->in);
    conn->in_used = 0;
    if (conn->in.cap > HTTP_READ_BYTES) {
        kd_buf_finish(&conn->in);
        conn->in = (kd_buf){0};
    }
}

static void h1_work(http_conn *conn, bool ended)
{
    conn->h1_stage = H1_WORK;
    conn->current->ended = ended;
    http_request_dispatch(conn->current);
}

static void h1_refuse(http_conn *conn, int status)
{
    conn->server->counters.protocol_errors++;
    http_request_refuse(conn->current, status);
    h1_work(conn, false);
}

/* ---- the head ---- */

static http_request *current(http_conn *conn)
{
    if (conn->current == NULL) conn->current = http_request_create(conn);
    return conn->current;
}

static void say_continue(http_conn *conn)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
    kd_bytes expect;
    if (!kd_http_request_header(&conn->current->pub, "expect", &expect)) return;
    if (input(conn).len == 0) kd_buf_put(&conn->h1_out, text, sizeof(text) - 1);
}

static void after_head(http_conn *conn, const http_h1_head *head)
{
    http_request *req = conn->current;
    req->keep_alive = head->keep_alive && !conn->drain_told;
    req->has_length = head->has_length;
    req->length = head->length;
    http_request_headers_done(req);
    if (req->refusal != 0) {
        h1_work(conn, !head->chunked && head->length == 0);
    } else if (head->chunked) {
        conn->h1_stage = H1_CHUNK_SIZE;
        say_continue(conn);
    } else if (head->length > 0) {
        conn->h1_stage = H1_LENGTH;
        conn->h1_left = head->length;
        say_continue(conn);
    } else {
        h1_work(conn, true);
    }
}

/* Length of the head with its empty line; 0 when the end has not come. */
static size_t head_length(kd_bytes in)
{
    const uint8_t *end = memmem(in.data, in.len, "\r\n\r\n", 4);
    return end != NULL ? (size_t)(end - in.data) + 4 : 0;
}

static size_t head_max(const http_conn *conn)
{
    const kd_http_config *config = &conn->server->config;
    return config->max_header_bytes + 4 * (size_t)config->max_headers + 64;
}

static bool h1_read_head(http_conn *conn)
{
    /* An empty line before a request is left over from the one before (RFC 9112, 2.2). */
    while (input(conn).len >= 2 && memcmp(input(conn).data, "\r\n", 2) == 0) consume(conn, 2);
    kd_bytes in = input(conn);
    if (in.len == 0) return false;
    http_request *req = current(conn);
    size_t len = head_length(in);
    if ((len == 0 && in.len > head_max(conn)) || len > head_max(conn)) {
        h1_refuse(conn, 431);
        return true;
    }
    if (len == 0) return false;
    http_h1_head head;
    int status = http_h1_parse_head(req, kd_bytes_of(in.data, len), &head);
    consume(conn, len);
    if (status != 0)
        h1_refuse(conn, status);
    else
        after_head(conn, &head);
    return true;
}

/* ---- the body ---- */

/* Moves up to h1_left bytes into the body; true when something moved. */
static bool move_body(http_conn *conn)
{
    kd_bytes in = input(conn);
    size_t n = (size_t)KD_MIN((uint64_t)in.len, conn->h1_left);
    if (n == 0) return false;
    http_request_add_body(conn->current, kd_bytes_of(in.data, n));
    conn->h1_left -= n;
    consume(conn, n);
    if (conn->current->refusal != 0) h1_work(conn, false);
    return true;
}

static bool read_length(http_conn *conn)
{
    bool moved = move_body(conn);
    if (conn->h1_stage == H1_LENGTH && conn->h1_left == 0) h1_work(conn, true);
    return moved;
}

static bool read_chunk_data(http_conn *conn)
{
    bool moved = move_body(conn);
    if (conn->h1_stage == H1_CHUNK_DATA && conn->h1_left == 0) conn->h1_stage = H1_CHUNK_END;
    return moved;
}

/* A line without its CRLF; false when it has not come whole. A line that is too long is refused. */
static bool h1_read_line(http_conn *conn, size_t max, kd_bytes *line)
{
    kd_bytes in = input(conn);
    const uint8_t *end = memmem(in.data, in.len, "\r\n", 2);
    size_t len = end != NULL ? (size_t)(end - in.data) : in.len;
    if (len > max) {
        h1_refuse(conn, 400);
        return false;
    }
    *line = kd_bytes_of(in.data, len);
    return end != NULL;
}

static bool read_chunk_size(http_conn *conn)
{
    kd_bytes line;
    if (!h1_read_line(conn, H1_LINE_MAX, &line)) return conn->h1_stage != H1_CHUNK_SIZE;
    uint64_t size;
    if (!http_h1_chunk_size(line, &size)) {
        h1_refuse(conn, 400);
        return true;
    }
    consume(conn, line.len + 2);
    conn->h1_left = size;
    conn->h1_trailers = 0;
    conn->h1_stage = size > 0 ? H1_CHUNK_DATA : H1_TRAILERS;
    if (size > conn->server->config.max_body_bytes) h1_refuse(conn, 413);
    return true;
}

static bool read_chunk_end(http_conn *conn)
{
    kd_bytes in = input(conn);
    if (in.len < 2) return false;
    if (memcmp(in.data, "\r\n", 2) != 0) {
        h1_refuse(conn, 400);
        return true;
    }
    consume(conn, 2);
    conn->h1_stage = H1_CHUNK_SIZE;
    return true;
}

/* Trailers are counted and thrown away. */
static bool read_trailers(http_conn *conn)
{
    kd_bytes line;
    size_t max = conn->server->config.max_header_bytes;
    if (!h1_read_line(conn, max, &line)) return conn->h1_stage != H1_TRAILERS;
    size_t len = line.len;
    consume(conn, len + 2);
    conn->h1_trailers += len + 2;
    if (len == 0)
        h1_work(conn, true);
    else if (conn->h1_trailers > max)
        h1_refuse(conn, 431);
    return true;
}

/* ---- the machine ---- */

static bool step(http_conn *conn)
{
    switch (conn->h1_stage) {
    case H1_HEAD:
        return h1_read_head(conn);
    case H1_LENGTH:
        return read_length(conn);
    case H1_CHUNK_SIZE:
        return read_chunk_size(conn);
    case H1_CHUNK_DATA:
        return read_chunk_data(conn);
    case H1_CHUNK_END:
        return read_chunk_end(conn);
    case H1_TRAILERS:
        return read_trailers(conn);
    default:
        return false;
    }
}

void http_h1_feed(http_conn *conn, kd_bytes data)
{
    if (conn->h1_stage == H1_END) return;
    if (conn->in_used > 0) {
        memmove(conn->in.data, conn->in.data + conn->in_used, conn->in.len - conn->in_used);
        conn->in.len -= conn->in_used;
        conn->in_used = 0;
    }
    kd_buf_put(&conn->in, data.data, data.len);
    /* Understood at once, so that a body does not pile up here; stops by itself at a request in work. */
    while (conn->h1_out.len < conn->server->config.output_high_water_bytes && step(conn)) continue;
}

void http_h1_produce(http_conn *conn, kd_buf *out)
{
    while (conn->h1_out.len < HTTP_WRITE_BYTES && step(conn)) continue;
    kd_buf_put(out, conn->h1_out.data, conn->h1_out.len);
    kd_buf_clear(&conn->h1_out);
    if (conn->h1_out.cap > HTTP_READ_BYTES) {
        kd_buf_finish(&conn->h1_out);
        conn->h1_out = (kd_buf){0};
    }
    if (conn->h1_stage == H1_END && conn->fate == HTTP_LIVE) conn->fate = HTTP_FINISH;
}

bool http_h1_wants_input(const http_conn *conn)
{
    return conn->h1_stage != H1_WORK && conn->h1_stage != H1_END;
}

bool http_h1_idle(const http_conn *conn)
{
    return conn->h1_stage == H1_HEAD && conn->in.len == 0;
}

void http_h1_respond(http_request *req, int status, const kd_http_field *fields, size_t n, kd_bytes body)
{
    http_conn *conn = req->conn;
    bool keep = req->keep_alive && !conn->drain_told;
    http_h1_write_answer(req, keep, status, fields, n, body);
    conn->h1_stage = keep ? H1_HEAD : H1_END;
    http_request_free(req);
}
