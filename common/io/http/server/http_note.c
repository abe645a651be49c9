/*
 * http_note.c - see the header. The value is compared whole: that takes a thirtieth of the time of a keyed hash, and nobody can be taken for somebody else.
 * A request of a connection that is closed has a note of its own, which nobody finds again.
 */
#include "common/io/http/server/http_note.h"

#include "common/io/http/server/http_request.h"

static void note_begin(http_conn *conn, kd_bytes value)
{
    kd_buf_clear(&conn->note.of);
    kd_buf_put(&conn->note.of, value.data, value.len);
    memset(conn->note.kept, 0, sizeof conn->note.kept);
}

void *kd_http_request_note(kd_http_request *pub, kd_bytes value)
{
    http_conn *conn = ((http_request *)pub)->conn;
    if (conn->state == HTTP_CLOSED) return kd_http_request_alloc(pub, KD_HTTP_NOTE);
    if (!kd_bytes_eq(kd_buf_view(&conn->note.of), value)) note_begin(conn, value);
    return conn->note.kept;
}

uint8_t *kd_http_request_host_note(kd_http_request *pub)
{
    const http_request *req = (const http_request *)pub;
    http_conn *conn = req->conn;
    kd_bytes host = req->host;
    if (host.len == 0) kd_http_request_header(pub, "host", &host);
    return http_note_is_host(conn, host) ? &conn->host.kept : NULL;
}

void http_note_finish(http_conn *conn)
{
    kd_buf_finish(&conn->note.of);
    memset(conn->note.kept, 0, sizeof conn->note.kept);
}
