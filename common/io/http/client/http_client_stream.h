/*
 * http_client_stream.h - requests out and answers in, on the streams of one connection's nghttp2 session.
 */
#ifndef KUDOS_COMMON_IO_HTTP_CLIENT_HTTP_CLIENT_STREAM_H
#define KUDOS_COMMON_IO_HTTP_CLIENT_HTTP_CLIENT_STREAM_H

#include "common/io/http/client/http_client_internal.h"

/* The callbacks of all sessions of a client; their user data is the kd_client_conn. To be freed by nghttp2_session_callbacks_del. */
nghttp2_session_callbacks *kd_client_stream_callbacks(void);
/* Whether the connection takes one request more. */
bool kd_client_stream_has_room(const kd_client_conn *conn);
/* Puts a filled request, which is in no list, onto a connection with room. KD_EAGAIN: stream numbers are used up, the connection now drains. */
int kd_client_stream_submit(kd_client_conn *conn, kd_client_request *r);
/* The deadline of a request on a connection has passed: resets its stream. The request is released when the stream closes. After
 * KD_CLIENT_STALL_TIMEOUTS such deadlines in a row the connection counts as dead. */
void kd_client_stream_give_up(kd_client_request *r);

#endif
