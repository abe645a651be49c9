/*
 * http_listen.h - listening sockets. kd_http_server_listen and kd_http_server_port are defined here, too.
 */
#ifndef KUDOS_COMMON_IO_HTTP_SERVER_HTTP_LISTEN_H
#define KUDOS_COMMON_IO_HTTP_SERVER_HTTP_LISTEN_H

#include "common/io/http/server/http_internal.h"

/* Makes the timer that accepts again after a lack of descriptors; nothing listens yet. */
void http_listen_init(kd_http_server *server);
/* Closes all listeners. take_queue: clients whose connection is established already are accepted first. */
void http_listen_close(kd_http_server *server, bool take_queue);
/* Closes what still listens, and frees the timer. */
void http_listen_finish(kd_http_server *server);

#endif
