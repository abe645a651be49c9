/*
 * peer.h - who asks: what a peer is worth, and the user that it names, if it is a gateway that is trusted.
 */
#ifndef KUDOS_COMMON_IO_HTTP_PEER_H
#define KUDOS_COMMON_IO_HTTP_PEER_H

#include "common/base/cidr.h"
#include "common/conf/strings.h"
#include "common/io/http/server/http_server.h"
#include "common/api/route.h"

/* Whom a program trusts without a token; borrowed views of its configuration. */
typedef struct {
    const kd_cidrs *peers; /* address blocks */
    const kd_strings
        *hosts; /* values of Host that a loopback peer may ask under, besides those of the loopback address */
    const kd_strings *names; /* DNS names and URIs of client certificates */
} kd_peer_trust;

typedef enum {
    KD_PEER_STRANGER,
    KD_PEER_ELSEWHERE, /* a loopback address that would be trusted, but Host names another machine, or none */
    KD_PEER_TRUSTED,
} kd_peer_standing;

/* What a request's certificate and address are worth. Host is judged where the address is a loopback one (common/api/authority.h). */
kd_peer_standing kd_peer_stands(const kd_peer_trust *trust, const kd_http_request *req);
/* The same of whom the request is for in the end: a client that a trusted peer names must be one of the peers itself. */
kd_peer_standing kd_peer_client_stands(const kd_peer_trust *trust, const kd_http_request *req);
/* Fills *why for KD_PEER_ELSEWHERE: 403 with the field Host. Returns false. */
bool kd_peer_elsewhere(kd_refusal *why);

/* The user that X-User-Id names, of a request whose peer may name one; as kd_peer_user, without its look at the peer. `visitors`: it may name one, too,
 * as an edge that asks central for a visitor does. */
bool kd_peer_named(kd_http_request *req, bool visitors, kd_bytes *user, kd_refusal *why);
/* The user that a trusted peer names in X-User-Id, percent-decoded, in *user, a view that lives as long as the request. Any other peer could name
 * whom it likes, so its header is ignored. A server asks with the same trust always. False, with *why filled in static text: there is no such header or peer (401), the peer's Host is
 * another machine's or missing (403), or the id is not valid or that of a visitor (400). */
bool kd_peer_user(const kd_peer_trust *trust, kd_http_request *req, kd_bytes *user, kd_refusal *why);

/* At a start: logs `forwarded-any` where peers beyond this machine may name the client by either of two headers (KD_HTTP_FORWARDED_ANY). A gateway that
 * hands on the header that it does not write itself lets a client say whom it counts as. */
void kd_peer_warn_forwarded(uint32_t forwarded, const kd_cidrs *trusted);

#endif
