/*
 * http_h2.h - HTTP/2 as a driver of a connection.
 */
#ifndef KUDOS_COMMON_IO_HTTP_SERVER_HTTP_H2_H
#define KUDOS_COMMON_IO_HTTP_SERVER_HTTP_H2_H

#include "common/io/http/server/http_internal.h"

extern const http_driver http_h2_driver;

/* Makes what all sessions of a server share: nghttp2's callbacks and options. Before the first connection. */
void http_h2_init(kd_http_server *server);
/* Frees both, after the last connection. */
void http_h2_finish(kd_http_server *server);

#endif
