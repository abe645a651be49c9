/*
 * access.h - who may ask what of central's public port: one table (access.c) of what can be asked and the least class of caller that may.
 *
 *     public     anybody who reaches the port
 *     edge       an address of http.edge_peers, a token of http.edge_token_file, a certificate of http.edge_names or http.edge_san
 *     operator   an address of http.trusted_peers, a token of http.operator_token_file, a certificate of http.operator_names
 *     user       somebody with a token of his own (JWT, section [jwt]); apart from the others: what he may ask is a column of its own
 *     visitor    somebody with a visitor's token (section [visitors]): a user who may ask nothing that needs a scope
 *
 * Of the first three a class may ask all that the classes above it in this list may. A request with a user's token is decided by that alone. A token
 * that is shown and not known is refused, whatever the address. A loopback
 * address counts only under a loopback Host, or one of http.host_names: a page in a browser of this machine has the Host of its own domain.
 */
#ifndef KUDOS_CENTRAL_IO_API_ACCESS_H
#define KUDOS_CENTRAL_IO_API_ACCESS_H

#include "central/io/daemon/settings.h"
#include "common/base/cidr.h"
#include "common/io/http/credentials.h"
#include "common/io/http/peer.h"
#include "common/io/jwt/jwt_bearer.h"
#include "common/io/openapi/openapi.h"

typedef enum { KD_CALLER_PUBLIC, KD_CALLER_EDGE, KD_CALLER_OPERATOR } kd_caller;

/* What can be asked: a row of the table each. */
typedef enum {
    KD_RIGHT_COUNTS,    /* numbers of items */
    KD_RIGHT_PARTS,     /* the same by region or day */
    KD_RIGHT_LIKED,     /* whether the user of X-User-Id likes items */
    KD_RIGHT_TIME,      /* central's clock */
    KD_RIGHT_CATALOGUE, /* collections and counters */
    KD_RIGHT_MEMBERS,   /* who leads what */
    KD_RIGHT_SNAPSHOT,  /* an item as a record */
    KD_RIGHT_LIKERS,    /* who likes an item, when and where */
    KD_RIGHT_USERS,     /* who of some users likes an item, and its counts without them */
    KD_RIGHT_EXPORT,    /* who likes what */
    KD_RIGHT_SEED,      /* a copy of a partition, chunk by chunk */
    KD_RIGHT_ADMIN,     /* where the admin port is */
    KD_RIGHT_OPENAPI,   /* the description of the API; whoever asks, his token is not looked at */
} kd_right;

/* Of the loop of the HTTP server alone. */
typedef struct {
    const kd_central_settings *settings;
    kd_cidrs operators, edges;
    kd_tokens operator_tokens, edge_tokens; /* a reload may read them again, on that loop */
    kd_jwt_gate *jwt; /* made by the owner of the program, freed here; NULL: no token of a user is taken */
    kd_visitor_gate visitors; /* its keys are the program's */
    uint64_t refused;         /* requests */
} kd_access;

/* Borrows the settings, and reads the token files. KD_OK, or KD_EINVAL with `error` (KD_OPTIONS_ERROR_MAX bytes). */
int kd_access_init(kd_access *a, const kd_central_settings *settings, char *error);
void kd_access_finish(kd_access *a);

/* Who may, for the description. `right` is a kd_right. */
kd_openapi_who kd_access_who(uint32_t right);
/* Whether the caller may ask for it; false with *why filled (401, or 403), and the request is counted in `refused`. */
bool kd_access_may(kd_access *a, kd_http_request *req, kd_right right, kd_refusal *why);
/* kd_access_may for KD_RIGHT_LIKED, and the user whom it is about: the token's own, or whom an edge or operator names in X-User-Id. */
bool kd_access_user(kd_access *a, kd_http_request *req, kd_bytes *user, kd_refusal *why);
/* Of a request that may ask for likers or about users: whether it may see when and where each of them liked. An edge may not. */
bool kd_access_detail(kd_access *a, kd_http_request *req);
/* Whether the caller, who may ask, may do so under the name of this edge: with http.edge_san its certificate must be that of the edge, unless the caller
 * is an operator. False with *why filled (403), and the request is counted in `refused`. */
bool kd_access_may_as(kd_access *a, const kd_http_request *req, kd_bytes edge, kd_refusal *why);

#endif
