/*
 * peer.h - who asks: the address of a peer, and the user that it names, if it is a gateway that is trusted.
 */
#ifndef KUDOS_COMMON_IO_HTTP_PEER_H
#define KUDOS_COMMON_IO_HTTP_PEER_H

#include <sys/socket.h>

#include "common/base/cidr.h"
#include "common/conf/strings.h"
#include "common/io/http/server/http_server.h"
#include "common/api/route.h"

/* The 4 or 16 bytes of an IPv4 or IPv6 address, as a view into *peer; empty for other families and for NULL. */
kd_bytes kd_peer_address(const struct sockaddr *peer);
/* Whether one of the networks in the list holds the peer; never for an address of another family than IP. */
bool kd_peer_trusted(const kd_cidrs *trusted, const struct sockaddr *peer);
/* Whom a program trusts without a token; borrowed views of its configuration. */
typedef struct {
    const kd_cidrs *peers; /* address blocks */
    const kd_strings
        *hosts; /* values of Host that a loopback peer may ask under, besides those of the loopback address */
    const kd_strings *names; /* common names of client certificates */
} kd_peer_trust;

typedef enum {
    KD_PEER_STRANGER,
    KD_PEER_ELSEWHERE, /* a loopback address that would be trusted, but Host names another machine */
    KD_PEER_TRUSTED,
} kd_peer_standing;

/* What a request's certificate and address are worth. Host is judged where the address is a loopback one (common/api/host.h). */
kd_peer_standing kd_peer_stands(const kd_peer_trust *trust, const kd_http_request *req);
/* Fills *why for KD_PEER_ELSEWHERE: 403 with the field Host. Returns false. */
bool kd_peer_elsewhere(kd_refusal *why);

/* The user that X-User-Id names, of a request whose peer may name one; as kd_peer_user, without its look at the peer. */
bool kd_peer_named(kd_http_request *req, kd_bytes *user, kd_refusal *why);
/* The user that a trusted peer names in X-User-Id, percent-decoded, in *user, a view that lives as long as the request. Any other peer could name
 * whom it likes, so its header is ignored. False, with *why filled in static text: there is no such header or peer (401), the peer's Host is
 * another machine's (403), or the id is not valid (400). */
bool kd_peer_user(const kd_peer_trust *trust, kd_http_request *req, kd_bytes *user, kd_refusal *why);

#endif
