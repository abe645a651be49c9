/*
 * http_tls.h - TLS of one connection, between the bytes of its socket and those of its driver. kd_http_tls itself is in http_server.h.
 */
#ifndef KUDOS_COMMON_IO_HTTP_SERVER_HTTP_TLS_H
#define KUDOS_COMMON_IO_HTTP_SERVER_HTTP_TLS_H

#include "common/io/http/server/http_internal.h"

/* OpenSSL's side of a new connection, with the newest certificate; freed by SSL_free. Takes the lock of tls. */
SSL *http_tls_accept(kd_http_tls *tls, http_conn *conn);
/* Goes on with the handshake, from conn->tls_in. KD_OK: done, *http2 says which protocol ALPN chose (HTTP/1.1 without ALPN), conn->peer_name is set.
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
