/*
 * jwt_bearer.h - who asks, by the token of a request, that of a user (JWT) or of a visitor: Authorization: Bearer. Such a request is decided by its token
 * alone, whatever its address, certificate or X-User-Id say.
 */
#ifndef KUDOS_COMMON_IO_JWT_JWT_BEARER_H
#define KUDOS_COMMON_IO_JWT_JWT_BEARER_H

#include "common/api/route.h"
#include "common/io/http/server/http_server.h"
#include "common/io/http/visitor_gate.h"
#include "common/io/jwt/jwt_gate.h"

/* Who asks. Views live as long as the request. */
typedef struct {
    kd_bytes user;
    bool token; /* by a token; else by a gateway, and what follows is empty */
    const kd_visitor
        *visitor;          /* by a visitor's token, which has neither rights nor scopes; NULL: any other */
    uint32_t rights;       /* kd_jwt_right. KD_SCOPE_SERVICE: the limits of a user do not hold */
    kd_bytes scopes;       /* those of kudos: */
    uint64_t good_until_s; /* unix seconds: from this one on the token has expired */
} kd_bearer;

typedef enum {
    KD_BEARER_NONE,    /* the request shows no bearer token */
    KD_BEARER_GOOD,    /* *who is filled */
    KD_BEARER_REFUSED, /* *why is filled (401; 429 for a token that was not verified; 400 for the X-User-Id of a token that may act for others), and with 401 the request's challenge */
} kd_bearer_end;

/* What tokens are verified by, of one loop. */
typedef struct {
    kd_jwt_gate *users;        /* NULL: no JWT is ever taken */
    kd_visitor_gate *visitors; /* without keys: no token of a visitor is */
} kd_bearer_gates;

/* Whether any token is ever taken. */
static inline bool kd_bearer_taken(const kd_bearer_gates *gates)
{
    return gates->users || gates->visitors->keys;
}
/* A token of a kind that is never taken is KD_BEARER_NONE, but where users' tokens are: those take all others for their own. The answer is kept in
 * req->user: a second call costs nothing and counts nothing. */
kd_bearer_end kd_bearer_ask(const kd_bearer_gates *gates, kd_http_request *req, kd_bearer *who,
                            kd_refusal *why);
#define KD_BEARER_LACKS "the scopes of this token do not allow this"
/* Fills *why for a token whose scopes lack `scope`: 403, with the challenge that names it. Returns false. */
bool kd_bearer_lacks(kd_http_request *req, const char *scope, kd_refusal *why);
/* Whether who asks may write to this counter of this collection, by the scopes of its token if there is one. */
bool kd_bearer_writes(const kd_bearer *who, kd_bytes collection, const char *counter);
/* As kd_bearer_lacks, of the scope that allows to write so. */
bool kd_bearer_lacks_write(kd_http_request *req, kd_bytes collection, const char *counter, kd_refusal *why);

#endif
