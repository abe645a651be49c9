/*
 * http_conns.h - the server's list of connections, and their memory.
 */
#ifndef KUDOS_COMMON_IO_HTTP_SERVER_HTTP_CONNS_H
#define KUDOS_COMMON_IO_HTTP_SERVER_HTTP_CONNS_H

#include "common/io/http/server/http_internal.h"

/* A connection for an admitted socket, in state DETECT or PROXY, linked into server->conns; it has no events yet. Owns fd. Limits count its peer's
 * address until http_admission_readdress. */
http_conn *http_conns_add(kd_http_server *server, int fd, const struct sockaddr_storage *peer,
                          socklen_t peer_len);
/* Makes the connection CLOSED and takes it off the list. Frees it, unless answers are owed: then with the last of them. */
void http_conns_remove(http_conn *conn);
/* A request of the connection was freed. May free the connection. */
void http_conns_request_gone(http_conn *conn);

#endif
