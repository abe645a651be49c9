/*
 * auth.h - what the headers of a request say: who asks (Authorization, X-User-Id), what they have seen (Kudos-Session), and by which key they repeat themselves
 * (Idempotency-Key).
 */
#ifndef KUDOS_EDGE_IO_HTTP_AUTH_H
#define KUDOS_EDGE_IO_HTTP_AUTH_H

#include "common/api/route.h"
#include "common/io/jwt/jwt_bearer.h"
#include "edge/io/shard/shard.h"

/* The scope of a token that kd_auth_likers wants. */
#define KD_AUTH_LIKERS "kudos:likers"

/* The functions are true, or false with *why filled: refuse the request with it. Views live as long as the request. */

/* The caller: of a bearer token, where [jwt] or [visitors] is configured; such a request is decided by its token alone. Else X-User-Id, believed from a peer of
 * http.trusted_peers or a certificate with a name of http.trusted_names alone. From anyone else the request has no user (401). A loopback peer must ask by a
 * loopback Host, or one of http.host_names (403). */
bool kd_auth_caller(kd_shard *s, kd_http_request *req, kd_bearer *who, kd_refusal *why);
/* The same for a token alone: a user's or a visitor's. KD_BEARER_REFUSED: *why is filled. */
kd_bearer_end kd_auth_token(kd_shard *s, kd_http_request *req, kd_bearer *who, kd_refusal *why);
/* The caller, if he may be told of other users who likes an item: a gateway, or by a token with the scope of likers, as at central. */
bool kd_auth_likers(kd_shard *s, kd_http_request *req, kd_bearer *who, kd_refusal *why);
/* Why the caller may not write to this counter of the item, as a visitor or by the scopes of its token; NULL: it may. `item` is its key, `counter` the
 * index of one that is served. */
const char *kd_auth_forbids(kd_shard *s, const kd_bearer *who, kd_bytes item, uint32_t counter);
/* Fills *why (403) for a write that is forbidden, and the request's challenge. Returns false. */
bool kd_auth_refuse_write(kd_shard *s, kd_http_request *req, const kd_bearer *who, kd_bytes item,
                          uint32_t counter, kd_refusal *why);
/* Both at once. */
bool kd_auth_write(kd_shard *s, kd_http_request *req, const kd_bearer *who, kd_bytes item, uint32_t counter,
                   kd_refusal *why);
/* What the session token of `user` tells; nothing where there is no token. False where its signature or its user is not good: then *seen is nothing,
 * too. */
bool kd_auth_session(kd_shard *s, kd_http_request *req, kd_bytes user, kd_seen *seen, kd_refusal *why);
/* Whether no limit holds for the caller: one whose token says kudos:service. A user whom a gateway names is limited like anybody. */
bool kd_auth_unlimited(const kd_bearer *who);
/* The idempotency key without its quotes; empty where there is none. */
bool kd_auth_key(kd_http_request *req, kd_bytes *key, kd_refusal *why);

#endif
