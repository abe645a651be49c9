/*
 * http_handshakes.h - the turns of TLS handshakes: one step in a turn of the loop, behind the clients that are served already (http_tls_queue.h).
 */
#ifndef KUDOS_COMMON_IO_HTTP_SERVER_HTTP_HANDSHAKES_H
#define KUDOS_COMMON_IO_HTTP_SERVER_HTTP_HANDSHAKES_H

#include "common/io/http/server/http_internal.h"

/* Makes the empty queue and its timer. */
void http_handshakes_init(kd_http_server *server);
/* Frees the timer. No connection waits any more (asserted). */
void http_handshakes_finish(kd_http_server *server);

#endif
