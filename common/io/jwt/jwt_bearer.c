/* jwt_bearer.c - see the header. */
#include "common/io/jwt/jwt_bearer.h"

#include <stdio.h>
#include <strings.h>

#include "common/io/http/credentials.h"
#include "common/io/http/peer.h"

enum { BEARER_UNTRIED_SLOW_MS = 20 };

static bool bearer_refuse(kd_http_request *req, const char *detail, kd_refusal *why)
{
    req->challenge = "Bearer error=\"invalid_token\"";
    *why = (kd_refusal){.problem = KD_PROBLEM_UNAUTHORIZED, .detail = detail, .field = "Authorization"};
    return false;
}

/* A token that was not verified may be good: nothing is said against it but that it came at a bad time. To refuse it costs little, and those who have
 * no other aim come again at once, as many times as they can: they have to wait. */
static bool bearer_refuse_user(kd_http_request *req, kd_jwt_fault fault, kd_refusal *why)
{
    const char *detail = kd_jwt_fault_detail(fault);
    if (fault != KD_JWT_UNTRIED) return bearer_refuse(req, detail, why);
    kd_http_slow(req, BEARER_UNTRIED_SLOW_MS);
    *why = (kd_refusal){.problem = KD_PROBLEM_RATE_LIMITED, .detail = detail, .field = "Authorization"};
    return false;
}

/* A copy: the claims are the gate's until its next token. */
static kd_bearer *bearer_keep(kd_http_request *req, const kd_jwt_claims *claims)
{
    kd_bearer *who = kd_http_request_alloc(req, sizeof *who + claims->user_len + claims->scopes_len);
    uint8_t *text = (uint8_t *)(who + 1);
    memcpy(text, claims->user, claims->user_len);
    memcpy(text + claims->user_len, claims->scopes, claims->scopes_len);
    *who = (kd_bearer){.user = kd_bytes_of(text, claims->user_len),
                       .token = true,
                       .rights = claims->rights,
                       .good_until_s = claims->good_until_s,
                       .scopes = kd_bytes_of(text + claims->user_len, claims->scopes_len)};
    return who;
}

/* A service that may act for others names the user, as a gateway does. */
static bool bearer_act(kd_http_request *req, kd_bearer *who, kd_refusal *why)
{
    kd_bytes named;
    if (!(who->rights & KD_SCOPE_ACT_AS) || !kd_http_request_header(req, "x-user-id", &named)) return true;
    return kd_peer_named(req, false, &who->user, why);
}

static bool bearer_scheme(kd_bytes value)
{
    return value.len >= 6 && strncasecmp((const char *)value.data, "bearer", 6) == 0 &&
           (value.len == 6 || value.data[6] == ' ' || value.data[6] == '\t');
}

/* A connection's requests mostly bring one token: its digest is noted with the connection. */
static kd_jwt_digest *bearer_digest(kd_http_request *req, kd_bytes token)
{
    _Static_assert(sizeof(kd_jwt_digest) <= KD_HTTP_NOTE, "a note holds a digest");
    return kd_http_request_note(req, token);
}

/* The two ways to verify a token: true, and the caller is kept in req->user; or false with *why filled. */

static bool bearer_user(kd_jwt_gate *gate, kd_http_request *req, kd_bytes token, kd_refusal *why)
{
    const kd_jwt_claims *claims;
    uint32_t cost_us;
    kd_jwt_fault fault =
        kd_jwt_gate_ask(gate, req->client, token, bearer_digest(req, token), &claims, &cost_us);
    if (cost_us > 0) kd_http_charge(req, cost_us, false); /* a unit is about a microsecond */
    if (fault != KD_JWT_GOOD) return bearer_refuse_user(req, fault, why);
    req->user = bearer_keep(req, claims);
    return true;
}

static bool bearer_visitor(kd_visitor_gate *gate, kd_http_request *req, kd_bytes token, kd_refusal *why)
{
    struct {
        kd_bearer who;
        kd_visitor visitor;
        char id[KD_VISITOR_ID];
    } *kept = kd_http_request_alloc(req, sizeof *kept);
    kd_visitor_fault fault = kd_visitor_gate_ask(gate, token, &kept->visitor);
    if (fault != KD_VISITOR_GOOD) return bearer_refuse(req, kd_visitor_fault_detail(fault), why);
    kd_visitor_id(&kept->visitor, kept->id);
    kept->who = (kd_bearer){.user = kd_bytes_of(kept->id, KD_VISITOR_ID),
                            .token = true,
                            .visitor = &kept->visitor,
                            .good_until_s = kept->visitor.good_until_s};
    req->user = &kept->who;
    return true;
}

kd_bearer_end kd_bearer_ask(const kd_bearer_gates *gates, kd_http_request *req, kd_bearer *who,
                            kd_refusal *why)
{
    kd_bytes value;
    if (!kd_http_request_header(req, "authorization", &value) || !bearer_scheme(value)) return KD_BEARER_NONE;
    kd_bytes token = kd_bearer_token(value);
    bool visitor = gates->visitors->keys && kd_visitor_meant(token), good = req->user != NULL;
    if (!visitor && !gates->users) return KD_BEARER_NONE;
    if (!good)
        good = visitor ? bearer_visitor(gates->visitors, req, token, why)
                       : bearer_user(gates->users, req, token, why);
    if (!good) return KD_BEARER_REFUSED;
    *who = *(const kd_bearer *)req->user;
    return bearer_act(req, who, why) ? KD_BEARER_GOOD : KD_BEARER_REFUSED;
}

bool kd_bearer_lacks(kd_http_request *req, const char *scope, kd_refusal *why)
{
    static const char text[] = "Bearer error=\"insufficient_scope\", scope=\"%s\"";
    size_t room = sizeof text + strlen(scope);
    char *challenge = kd_http_request_alloc(req, room);
    snprintf(challenge, room, text, scope);
    req->challenge = challenge;
    *why = (kd_refusal){.problem = KD_PROBLEM_FORBIDDEN, .detail = KD_BEARER_LACKS, .field = "Authorization"};
    return false;
}

bool kd_bearer_writes(const kd_bearer *who, kd_bytes collection, const char *counter)
{
    return !who->token || kd_jwt_scope_writes(who->scopes, collection, kd_bytes_str(counter));
}

bool kd_bearer_lacks_write(kd_http_request *req, kd_bytes collection, const char *counter, kd_refusal *why)
{
    char scope[sizeof "kudos:write:/" + KD_COLLECTION_MAX + KD_NAME_MAX];
    snprintf(scope, sizeof scope, "kudos:write:%.*s/%s", (int)collection.len, (const char *)collection.data,
             counter);
    return kd_bearer_lacks(req, scope, why);
}
