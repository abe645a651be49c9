/*
 * peer.h - who asks: the address of a peer, and whether its `X-User-Id` counts.
 */
#ifndef KUDOS_COMMON_IO_HTTP_PEER_H
#define KUDOS_COMMON_IO_HTTP_PEER_H

#include <sys/socket.h>

#include "common/base/cidr.h"
#include "common/io/http/server/http_server.h"
#include "common/api/route.h"

/* The 4 or 16 bytes of an IPv4 or IPv6 address, as a view into it; empty for other families. */
kd_bytes kd_peer_address(const struct sockaddr *peer);
/* Whether the list holds the peer. */
bool kd_peer_trusted(const kd_cidrs *trusted, const struct sockaddr *peer);
/* The user that a trusted peer names in X-User-Id, percent-decoded; a view that lives as long as the request. From anyone else
 * the header does not exist. True, or false with *why filled. */
bool kd_peer_user(const kd_cidrs *trusted, kd_http_request *req, kd_bytes *user, kd_refusal *why);

#endif
