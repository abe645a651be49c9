/*
 * peer.h - who asks: the address of a peer, and the user that it names, if it is a gateway that is trusted.
 */
#ifndef KUDOS_COMMON_IO_HTTP_PEER_H
#define KUDOS_COMMON_IO_HTTP_PEER_H

#include <sys/socket.h>

#include "common/base/cidr.h"
#include "common/io/http/server/http_server.h"
#include "common/api/route.h"

/* The 4 or 16 bytes of an IPv4 or IPv6 address, as a view into *peer; empty for other families and for NULL. */
kd_bytes kd_peer_address(const struct sockaddr *peer);
/* Whether one of the networks in the list holds the peer; never for an address of another family than IP. */
bool kd_peer_trusted(const kd_cidrs *trusted, const struct sockaddr *peer);
/* The user that a trusted peer names in X-User-Id, percent-decoded, in *user, a view that lives as long as the request. Any other peer could name
 * whom it likes, so its header is ignored. False, with *why filled in static text: there is no such header or peer (401), or the id is not valid. */
bool kd_peer_user(const kd_cidrs *trusted, kd_http_request *req, kd_bytes *user, kd_refusal *why);

#endif
