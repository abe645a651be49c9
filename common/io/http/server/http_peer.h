/*
 * http_peer.h - from where a connection comes, and from whom a request: the client that trusted gateways name, else the peer of the connection.
 */
#ifndef KUDOS_COMMON_IO_HTTP_SERVER_HTTP_PEER_H
#define KUDOS_COMMON_IO_HTTP_SERVER_HTTP_PEER_H

#include "common/io/http/server/http_internal.h"

/* Whether one of the blocks holds the address; never for an address of another family than IP. */
bool http_peer_in(const kd_cidrs *blocks, const struct sockaddr_storage *peer);
/* Sets the connection's peer, and whether it is believed when it names a client. The caller counts the connection under the address. */
void http_peer_set(http_conn *conn, const struct sockaddr_storage *peer, socklen_t len);
/* All headers have come: sets pub.client by them, if the peer is believed. What it sends and cannot be read, or says two things, refuses with 400. */
void http_peer_read_client(http_request *req);

#endif
