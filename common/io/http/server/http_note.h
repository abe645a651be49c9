/*
 * http_note.h - what the handler knows about a value that the requests of a connection bring again and again, such as a token: kept with a copy of the
 * value, by which it is known again. One for each connection; the copy is as long as a header field may be, and counts as a buffer (http_admission.h).
 */
#ifndef KUDOS_COMMON_IO_HTTP_SERVER_HTTP_NOTE_H
#define KUDOS_COMMON_IO_HTTP_SERVER_HTTP_NOTE_H

#include "common/io/http/server/http_internal.h"

/* Bytes that the note of a connection takes beside the connection. */
static inline size_t http_note_held(const http_conn *conn)
{
    return conn->note.of.cap;
}
/* The connection is closed: forgets value and note. Again does nothing. */
void http_note_finish(http_conn *conn);

#endif
