/*
 * http_tls_beside.h - what a client says in TLS beside its data, once the handshake is done: updates of keys (TLS 1.3, RFC 8446, 4.6.3), and handshakes begun anew (TLS 1.2), which are
 * refused. 27 bytes cost two derivations of keys and an answer, some 20 microseconds, and OpenSSL works through all that have come in one call. Honest clients update their keys after
 * gigabytes, if ever. So few are taken, and what they cost is charged.
 */
#ifndef KUDOS_COMMON_IO_HTTP_SERVER_HTTP_TLS_BESIDE_H
#define KUDOS_COMMON_IO_HTTP_SERVER_HTTP_TLS_BESIDE_H

#include "common/io/http/server/http_internal.h"

/* From now on counts what the client says beside its data. */
void http_tls_beside_watch(http_conn *conn);
/* The client has said too much: OpenSSL gets no more bytes, and the connection is to be closed. */
bool http_tls_beside_flooded(const http_conn *conn);

#endif
