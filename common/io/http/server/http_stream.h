/*
 * http_stream.h - an answer that goes on: its source is asked for the next piece when the client can take one, so that nothing waits here for a client that
 * does not read but the rest of one piece.
 */
#ifndef KUDOS_COMMON_IO_HTTP_SERVER_HTTP_STREAM_H
#define KUDOS_COMMON_IO_HTTP_SERVER_HTTP_STREAM_H

#include "common/io/http/server/http_internal.h"

/* Begins to stream the answer of `req`, a slim one: from now on its source is asked. */
void http_stream_begin(http_request *req, const kd_http_source *source, void *arg);
/* Up to `room` bytes of the answer; 0: none for now, or its end (http_stream_ended). What does not fit of a piece is held for the client. */
size_t http_stream_read(http_request *req, uint8_t *at, size_t room);
/* The next piece, whole, appended to `out`; false: there is none for now, or the answer has ended. */
bool http_stream_take(http_request *req, kd_buf *out);
/* Whether everything of the answer was read. */
bool http_stream_ended(const http_request *req);
/* The client has taken nothing for write_stall_timeout_ms although there was something. True: the connection as a whole has to go. */
bool http_stream_stalled(http_request *req);

#endif
