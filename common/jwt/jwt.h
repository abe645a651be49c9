/*
 * jwt.h - whether a token is good: JWS compact serialization (RFC 7515) of JWT claims (RFC 7519), as RFC 8725 advises. Pure: the text of a token, keys,
 * a policy and the time go in; claims or a fault come out.
 *
 * The algorithm belongs to the key. `alg` of the token has to name the key's own; `kid` chooses the key (jwt_keys.h). `jku`, `x5u`, `jwk` and `x5c` are
 * never looked at, a token with `crit` is refused, and so is one in which a member stands twice.
 *
 * Why no library: of those in Debian 12, libjwt 1.10 and cjose 0.6 know neither EdDSA nor Ed25519 keys, and libjwt has no key sets, so the larger part
 * would stay here in any case; libjwt besides needs libb64. OpenSSL, jansson and libsodium are linked anyway.
 */
#ifndef KUDOS_COMMON_JWT_JWT_H
#define KUDOS_COMMON_JWT_JWT_H

#include "common/conf/strings.h"
#include "common/jwt/jwt_keys.h"
#include "common/jwt/jwt_scope.h"
#include "kudos/limits.h"

enum { KD_JWT_MAX = 4096 }; /* bytes of a token */

/* id, the value of the label `reason`, what the client is told. UNTRIED is the fault of a token that was not looked at (jwt_budget.h). */
#define KD_JWT_FAULTS(X)                                                                                     \
    X(MALFORMED, "malformed",                                                                                \
      "malformed: no signed JWT, or a member of it is missing, stands twice or has another type than it "    \
      "must have")                                                                                           \
    X(ALGORITHM, "wrong-algorithm", "wrong algorithm: not the one of the key")                               \
    X(UNKNOWN_KEY, "unknown-key", "unknown key: no key here is the one that the token names")                \
    X(SIGNATURE, "bad-signature", "bad signature")                                                           \
    X(EXPIRED, "expired", "expired")                                                                         \
    X(EARLY, "not-yet-valid", "not yet valid")                                                               \
    X(ISSUER, "wrong-issuer", "wrong issuer")                                                                \
    X(AUDIENCE, "wrong-audience", "wrong audience")                                                          \
    X(USER, "invalid-user",                                                                                  \
      "invalid user: the claim that names the user must be 1 to 128 bytes of [A-Za-z0-9._~:@=+-], and not "  \
      "begin with visitor~")                                                                                 \
    X(SCOPE, "unknown-scope", "unknown scope: a scope that begins with kudos: is none of those there are")   \
    X(UNTRIED, "not-verified", "not verified: too many tokens of this address were worthless lately")

#define KD_JWT_FAULT_ID(id, name, detail) KD_JWT_##id,
typedef enum { KD_JWT_GOOD = -1, KD_JWT_FAULTS(KD_JWT_FAULT_ID) KD_JWT_FAULT_COUNT } kd_jwt_fault;

const char *kd_jwt_fault_name(kd_jwt_fault fault);   /* "bad-signature", static; not of KD_JWT_GOOD */
const char *kd_jwt_fault_detail(kd_jwt_fault fault); /* likewise */

/* What a good token must say. Borrowed. */
typedef struct {
    const char *issuer; /* NULL: any */
    const kd_strings *
        audience; /* one of these must be in `aud`; empty: a token with `aud` is for somebody else (RFC 7519, 4.1.3) */
    const char *user_claim, *scope_claim;
    uint64_t leeway_s; /* that `exp` and `nbf` may be missed by */
} kd_jwt_policy;

typedef struct {
    uint64_t good_until_s; /* from this second on the token has expired, leeway included */
    uint32_t rights;       /* kd_jwt_right */
    uint8_t user_len;
    uint16_t scopes_len;
    char user[KD_ID_MAX];
    char scopes
        [KD_JWT_SCOPES_MAX]; /* those that begin with kudos:, with a blank between; last, so that a copy may end early */
} kd_jwt_claims;

/* Unix seconds. KD_JWT_GOOD with *claims, or a fault, and *claims is worth nothing. Of several faults the first of the order key, signature, time,
 * issuer, audience, user, scopes. Any thread. */
kd_jwt_fault kd_jwt_verify(const kd_jwt_keys *keys, const kd_jwt_policy *policy, kd_bytes token,
                           uint64_t now_s, kd_jwt_claims *claims);
/* After KD_JWT_UNKNOWN_KEY: whether newer keys could help, as the token names a key (`kid`) that is not among these. */
bool kd_jwt_wants_keys(const kd_jwt_keys *keys, kd_bytes token);

#endif
