/*
 * http_client_conn.h - one connection to the origin.
 */
#ifndef KUDOS_COMMON_IO_HTTP_CLIENT_HTTP_CLIENT_CONN_H
#define KUDOS_COMMON_IO_HTTP_CLIENT_HTTP_CLIENT_CONN_H

#include "common/io/http/client/http_client_internal.h"

/* A closed connection, in zeroed memory. */
void kd_client_conn_init(kd_client_conn *conn, kd_http_client *c);
/* Closes it, and frees all. Callers of its requests are told KD_EUNAVAILABLE. */
void kd_client_conn_finish(kd_client_conn *conn);
/* A closed connection connects to the resolver's next address. It stays closed while none is known, or when the attempt fails at once. */
void kd_client_conn_start(kd_client_conn *conn);
/* Writes what the session has to say, as far as the socket takes it. On failure it sets `broken` and wakes the pump. */
void kd_client_conn_flush(kd_client_conn *conn);
/* Closes it and tells the callers of its requests KD_EUNAVAILABLE. failed: the link's trouble is kept for who asks; false after a GOAWAY. nghttp2
 * must not be on the stack. Does nothing to a closed one. */
void kd_client_conn_close(kd_client_conn *conn, bool failed);

#endif
