/*
 * http_conn.h - one connection: its bytes in and out, its turns, its end.
 */
#ifndef KUDOS_COMMON_IO_HTTP_SERVER_HTTP_CONN_H
#define KUDOS_COMMON_IO_HTTP_SERVER_HTTP_CONN_H

#include "common/io/http/server/http_internal.h"

/* Reads from an accepted and admitted socket from here on. Owns fd. */
void http_conn_create(kd_http_server *server, int fd, const struct sockaddr_storage *peer,
                      socklen_t peer_len);
/* Outside of a turn of the connection: writes the output that is there, sets what the events wait for, and does what conn->fate says: the connection may be closed and freed. */
void http_conn_turn(http_conn *conn);
/* The turn of its handshake has come: goes on with it, from the bytes that are kept for it, and ends with http_conn_turn. */
void http_conn_shake(http_conn *conn);
/* A turn (http_share.h): takes input that the socket has or that the last turn left, then as http_conn_turn. */
void http_conn_serve(http_conn *conn);
/* Closes at once, whatever waits. Requests in the handler are detached; the memory goes with the last of them. */
void http_conn_close(http_conn *conn);
/* Takes leave of a client that has no request in work, as far as the socket takes it, and closes at once. */
void http_conn_dismiss(http_conn *conn);
/* The server drains: tells the client, once. Does nothing before the protocol is known (it is told then) or after the end. */
void http_conn_drain(http_conn *conn);

#endif
