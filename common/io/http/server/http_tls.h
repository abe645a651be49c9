/*
 * http_tls.h - TLS of one connection, between the bytes of its socket and those of its driver. kd_http_tls itself is in http_server.h.
 */
#ifndef KUDOS_COMMON_IO_HTTP_SERVER_HTTP_TLS_H
#define KUDOS_COMMON_IO_HTTP_SERVER_HTTP_TLS_H

#include "common/io/http/server/http_internal.h"

/* A handshake that has new bytes in conn->in waits for its turn from here on. False: too many wait; close the connection. *displaced: another connection,
 * whose handshake gave up its place, and which is to be closed; or NULL. */
bool http_tls_await(http_conn *conn, http_conn **displaced);
/* The connection whose handshake goes on now, or NULL; it waits no longer. */
http_conn *http_tls_next(kd_http_server *server);
/* Sets the timer of the next turn, if a handshake waits. */
void http_tls_arm(kd_http_server *server);
/* A connection whose handshake is not done is so old: where the client has it wait, and not the queue, that counts as one that came to nothing until it is
 * done. */
void http_tls_look(http_conn *conn, int64_t age_ms);
/* The connection ends: it waits no longer, if it did, and OpenSSL's side of it is freed, if there is one. */
void http_tls_end(http_conn *conn);
/* An estimate of what OpenSSL holds of a record whose rest has not come, in bytes. What each connection of TLS takes besides (HTTP_TLS_BYTES) is in the
 * counters from its first step on; the limits on connections bound it. */
size_t http_tls_buffered(const http_conn *conn);
/* Begins the handshake or goes on with it, from conn->tls_in; makes conn->ssl. Its time is counted in the share of handshakes. KD_OK: done, *http2 says which protocol ALPN chose (HTTP/1.1 without ALPN), conn->peer_names are set.
 * KD_EAGAIN: more bytes are needed. KD_EIO: it failed, and is counted. */
int http_tls_handshake(http_conn *conn, bool *http2);
/* The next plain bytes out of conn->tls_in, in the server's buffer until the next call. KD_EAGAIN: no more for now. KD_EIO: TLS failed, or the client
 * ended it. */
int http_tls_read(http_conn *conn, kd_bytes *plain);
/* Encrypts all of plain into the server's cipher buffer, or behind the bytes that wait in conn->out. KD_EIO: TLS has failed. */
int http_tls_write(http_conn *conn, kd_bytes plain);
/* Writes close_notify likewise, when the connection has TLS and its handshake is done. */
void http_tls_goodbye(http_conn *conn);

#endif
