/*
 * http_share.h - which connection has its turn next, and how much a turn may do: addresses share the time of the server alike, and so do the
 * connections of an address (common/base/fair.h).
 *
 * Limits count requests, bytes and connections, and within all of them a client can ask for more work than there is time. So a request costs units of
 * work, which are charged to its connection's address. A turn begins requests until HTTP_TURN_UNITS are spent; what the client has sent beyond them
 * waits, unread or not understood, for the connection's next turn. Between two looks for new input the loop gives turns worth HTTP_SLICE_UNITS, more
 * only to addresses that have asked for little.
 *
 * Work that is not answered at once, because its items are other shards', is bounded: while HTTP_WORK_UNITS of what began lately are with the handler,
 * addresses that have had their share get no turn. So little of it is held, and little is before a request of somebody else, wherever it waits. What
 * is not answered within HTTP_WORK_MS waits for something else than time, and counts no more.
 *
 * Clients behind a gateway or balancer without PROXY headers come from one address, and share as its connections do: one that has cost little lately
 * has the turn behind the present one, and between two such turns one of the others has its own. So a phone need not wait for a turn of each connection
 * that brings as many requests as it can.
 */
#ifndef KUDOS_COMMON_IO_HTTP_SERVER_HTTP_SHARE_H
#define KUDOS_COMMON_IO_HTTP_SERVER_HTTP_SHARE_H

#include "common/io/http/server/http_internal.h"

/* serve: called with the server as its argument, to give the turns of http_share_next. */
void http_share_init(kd_http_server *server, event_callback_fn serve);
/* No connection waits any more. */
void http_share_finish(kd_http_server *server);
/* The connection wants a turn: in this turn of the loop if it is called from an event of the socket, unless others come first. */
void http_share_wait_now(http_conn *conn);
/* The same from anywhere else: in the next turn of the loop, after new input of others has been seen. */
void http_share_wait(http_conn *conn);
/* A connection that is being closed wants none. */
void http_share_forget(http_conn *conn);
/* `serve` begins: what was spent counts from here. */
void http_share_begin(kd_http_server *server);
/* The connection whose turn it is. NULL: none waits, or the loop has to look for new input first, and `serve` comes again. */
http_conn *http_share_next(kd_http_server *server);
/* So much work was done for the connection. */
void http_share_charge(http_conn *conn, uint64_t units);
/* The handler has answered a request: its work is done. */
void http_share_answered(const http_request *req);
/* Whether the connection has cost much lately. */
bool http_share_heavy(http_conn *conn);
/* Whether the connection must begin no further request before its next turn. */
bool http_share_over(const http_conn *conn);

#endif
