/*
 * http_note.h - what the handler knows about a value that the requests of a connection bring again and again, such as a token: kept with a copy of the
 * value, by which it is known again. One for each connection; the copy is as long as a header field may be, and counts as a buffer (http_admission.h).
 * Beside it the host of the connection's requests, which mostly is one for all: it is valid, and the handler keeps a byte about it.
 */
#ifndef KUDOS_COMMON_IO_HTTP_SERVER_HTTP_NOTE_H
#define KUDOS_COMMON_IO_HTTP_SERVER_HTTP_NOTE_H

#include "common/io/http/server/http_internal.h"

/* Bytes that the note of a connection takes beside the connection. */
static inline size_t http_note_held(const http_conn *conn)
{
    return conn->note.of.cap;
}
/* Whether this is the host that http_note_host was told of last. */
static inline bool http_note_is_host(const http_conn *conn, kd_bytes host)
{
    return host.len > 0 && host.len == conn->host.len && memcmp(host.data, conn->host.text, host.len) == 0;
}
/* A request has this host, which is valid. One that is too long is not remembered. */
static inline void http_note_host(http_conn *conn, kd_bytes host)
{
    if (host.len > HTTP_HOST_NOTED) return;
    conn->host.len = (uint8_t)host.len;
    conn->host.kept = 0;
    if (host.len > 0) memcpy(conn->host.text, host.data, host.len);
}
/* The connection is closed: forgets value and note. Again does nothing. */
void http_note_finish(http_conn *conn);

#endif
