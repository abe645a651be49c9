/* jwt.c - see the header. */
#include "common/jwt/jwt.h"

#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>

#include "common/jwt/jwt_json.h"
#include "kudos/id.h"

enum { SHA256_BYTES = 32, P256_BYTES = 32, DER_MAX = 80 };
#define WHOLE_MAX ((json_int_t)1 << 53) /* larger numbers are not the same in every reader of JSON */

static const struct {
    const char *name, *detail;
} jwt_faults[] = {
#define JWT_FAULT_ROW(id, name, detail) {name, detail},
    KD_JWT_FAULTS(JWT_FAULT_ROW)};

const char *kd_jwt_fault_name(kd_jwt_fault fault)
{
    KD_ASSERT(fault >= 0 && fault < KD_JWT_FAULT_COUNT);
    return jwt_faults[fault].name;
}

const char *kd_jwt_fault_detail(kd_jwt_fault fault)
{
    KD_ASSERT(fault >= 0 && fault < KD_JWT_FAULT_COUNT);
    return jwt_faults[fault].detail;
}

/* ---- the parts of a token ---- */

typedef struct {
    kd_bytes header, payload, signature; /* base64url */
    kd_bytes input;                      /* what is signed: header.payload */
} jwt_parts;

static bool jwt_cut(kd_bytes token, jwt_parts *parts)
{
    const uint8_t *end = token.data + token.len;
    const uint8_t *first = token.len > 0 ? memchr(token.data, '.', token.len) : NULL;
    const uint8_t *second = first ? memchr(first + 1, '.', (size_t)(end - first - 1)) : NULL;
    if (token.len > KD_JWT_MAX || !second || memchr(second + 1, '.', (size_t)(end - second - 1)))
        return false;
    parts->header = kd_bytes_of(token.data, (size_t)(first - token.data));
    parts->payload = kd_bytes_of(first + 1, (size_t)(second - first - 1));
    parts->signature = kd_bytes_of(second + 1, (size_t)(end - second - 1));
    parts->input = kd_bytes_of(token.data, (size_t)(second - token.data));
    return true;
}

/* The object of a part; NULL: there is none. */
static json_t *jwt_part(kd_bytes text)
{
    uint8_t plain[KD_JWT_MAX];
    size_t len;
    return kd_jwt_base64(text, plain, sizeof plain, &len) ? kd_jwt_json_read(kd_bytes_of(plain, len)) : NULL;
}

/* ---- the signature ---- */

static bool jwt_hmac_good(const kd_jwt_key *key, kd_bytes input, kd_bytes signature)
{
    uint8_t mac[SHA256_BYTES];
    unsigned int len = 0;
    uint8_t *made = HMAC(EVP_sha256(), key->secret, (int)key->secret_len, input.data, input.len, mac, &len);
    KD_ASSERT(made && len == SHA256_BYTES);
    return signature.len == SHA256_BYTES && sodium_memcmp(mac, signature.data, SHA256_BYTES) == 0;
}

/* JWS has the two numbers side by side, OpenSSL wants them in DER. The length in `der`; 0: no such numbers. */
static size_t jwt_to_der(kd_bytes signature, uint8_t *der)
{
    if (signature.len != (size_t)2 * P256_BYTES) return 0;
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(signature.data, P256_BYTES, NULL);
    BIGNUM *s = BN_bin2bn(signature.data + P256_BYTES, P256_BYTES, NULL);
    KD_ASSERT(sig && r && s && ECDSA_SIG_set0(sig, r, s) == 1);
    int len = i2d_ECDSA_SIG(sig, &der);
    ECDSA_SIG_free(sig);
    return len > 0 ? (size_t)len : 0;
}

static bool jwt_signature_good(const kd_jwt_key *key, kd_bytes input, kd_bytes signature)
{
    uint8_t der[DER_MAX];
    if (key->alg == KD_JWT_HS256) return jwt_hmac_good(key, input, signature);
    if (key->alg == KD_JWT_ES256) signature = kd_bytes_of(der, jwt_to_der(signature, der));
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const EVP_MD *md = key->alg == KD_JWT_EDDSA ? NULL : EVP_sha256();
    bool good = signature.len > 0 && EVP_DigestVerifyInit(ctx, NULL, md, NULL, key->key) == 1 &&
                EVP_DigestVerify(ctx, signature.data, signature.len, input.data, input.len) == 1;
    EVP_MD_CTX_free(ctx);
    ERR_clear_error();
    return good;
}

/* `kid` as a view into `header`, empty when it is missing. False: it is no text, or an empty or a long one. */
static bool jwt_kid(const json_t *header, kd_bytes *kid)
{
    if (!json_object_get(header, "kid")) {
        *kid = kd_bytes_of(NULL, 0);
        return true;
    }
    return kd_jwt_json_string(header, "kid", kid) && kid->len > 0 && kid->len <= KD_JWT_KID_MAX;
}

static kd_jwt_fault jwt_choose(const kd_jwt_keys *keys, const json_t *header, const kd_jwt_key **key)
{
    kd_bytes kid, name;
    kd_jwt_alg alg;
    if (!header || json_object_get(header, "crit") || !kd_jwt_json_string(header, "alg", &name) ||
        !jwt_kid(header, &kid))
        return KD_JWT_MALFORMED;
    if (!kd_jwt_alg_named(name, &alg)) return KD_JWT_ALGORITHM;
    *key = kd_jwt_keys_find(keys, kid, alg);
    if (*key) return KD_JWT_GOOD;
    return kid.len > 0 && kd_jwt_keys_know(keys, kid) ? KD_JWT_ALGORITHM : KD_JWT_UNKNOWN_KEY;
}

static kd_jwt_fault jwt_check_signature(const kd_jwt_keys *keys, const jwt_parts *parts)
{
    uint8_t signature[KD_JWT_MAX];
    size_t len = 0;
    const kd_jwt_key *key = NULL;
    json_t *header = jwt_part(parts->header);
    kd_jwt_fault fault = jwt_choose(keys, header, &key);
    json_decref(header);
    if (fault != KD_JWT_GOOD) return fault;
    if (parts->signature.len == 0) return KD_JWT_SIGNATURE;
    if (!kd_jwt_base64(parts->signature, signature, sizeof signature, &len)) return KD_JWT_MALFORMED;
    return jwt_signature_good(key, parts->input, kd_bytes_of(signature, len)) ? KD_JWT_GOOD
                                                                              : KD_JWT_SIGNATURE;
}

bool kd_jwt_wants_keys(const kd_jwt_keys *keys, kd_bytes token)
{
    jwt_parts parts;
    kd_bytes kid;
    json_t *header = jwt_cut(token, &parts) ? jwt_part(parts.header) : NULL;
    bool wants = header && jwt_kid(header, &kid) && kid.len > 0 && !kd_jwt_keys_know(keys, kid);
    json_decref(header);
    return wants;
}

/* ---- the claims ---- */

/* A whole number of seconds; absent: `absent`. False: another type, a fraction, below 0 or beyond 2^53. */
static bool jwt_seconds(const json_t *claims, const char *name, uint64_t absent, uint64_t *value)
{
    const json_t *member = json_object_get(claims, name);
    json_int_t n = json_integer_value(member);
    *value = absent;
    if (!member) return true;
    if (!json_is_integer(member) || n < 0 || n > WHOLE_MAX) return false;
    *value = (uint64_t)n;
    return true;
}

static kd_jwt_fault jwt_check_time(const json_t *claims, const kd_jwt_policy *policy, uint64_t now_s,
                                   kd_jwt_claims *out)
{
    uint64_t exp, nbf, iat;
    if (!json_object_get(claims, "exp") || !jwt_seconds(claims, "exp", 0, &exp) ||
        !jwt_seconds(claims, "nbf", 0, &nbf) || !jwt_seconds(claims, "iat", 0, &iat))
        return KD_JWT_MALFORMED;
    out->good_until_s = exp + policy->leeway_s;
    if (now_s >= out->good_until_s) return KD_JWT_EXPIRED;
    return now_s + policy->leeway_s < nbf ? KD_JWT_EARLY : KD_JWT_GOOD;
}

static bool jwt_for(const kd_strings *audience, const json_t *name)
{
    for (uint32_t i = 0; i < audience->count; i++)
        if (json_is_string(name) &&
            kd_bytes_eq(kd_bytes_of(json_string_value(name), json_string_length(name)),
                        kd_bytes_str(audience->at[i])))
            return true;
    return false;
}

static bool jwt_for_us(const json_t *claims, const kd_strings *audience)
{
    const json_t *aud = json_object_get(claims, "aud"), *name;
    size_t i;
    if (!aud) return audience->count == 0;
    if (jwt_for(audience, aud)) return true;
    json_array_foreach(aud, i, name) if (jwt_for(audience, name)) return true;
    return false;
}

static kd_jwt_fault jwt_check_party(const json_t *claims, const kd_jwt_policy *policy)
{
    kd_bytes issuer;
    kd_jwt_json_string(claims, "iss", &issuer);
    if (policy->issuer && !kd_bytes_eq(issuer, kd_bytes_str(policy->issuer))) return KD_JWT_ISSUER;
    return jwt_for_us(claims, policy->audience) ? KD_JWT_GOOD : KD_JWT_AUDIENCE;
}

static kd_jwt_fault jwt_take_user(const json_t *claims, const kd_jwt_policy *policy, kd_jwt_claims *out)
{
    kd_bytes user;
    if (!kd_jwt_json_string(claims, policy->user_claim, &user) || !kd_id_valid(user) || kd_id_visitor(user))
        return KD_JWT_USER;
    memcpy(out->user, user.data, user.len);
    out->user_len = (uint8_t)user.len;
    return KD_JWT_GOOD;
}

static kd_jwt_fault jwt_take_scope(kd_bytes scope, kd_jwt_claims *out)
{
    uint32_t rights;
    if (!kd_jwt_scope_read(scope, &rights)) return KD_JWT_SCOPE;
    if (!kd_jwt_scope_ours(scope)) return KD_JWT_GOOD;
    size_t blank = out->scopes_len > 0;
    if (out->scopes_len + blank + scope.len > KD_JWT_SCOPES_MAX) return KD_JWT_MALFORMED;
    if (blank) out->scopes[out->scopes_len++] = ' ';
    memcpy(out->scopes + out->scopes_len, scope.data, scope.len);
    out->scopes_len = (uint16_t)(out->scopes_len + scope.len);
    out->rights |= rights;
    return KD_JWT_GOOD;
}

/* Whether there is nothing but blanks between scopes (RFC 6749, 3.3): one that hid behind a tab or a line end would be no scope of ours, and a token that it
 * was to narrow would have all rights. */
static bool jwt_scopes_are_plain(kd_bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < ' ' || text.data[i] == 0x7f) return false;
    return true;
}

/* A text with blanks between (RFC 8693), or a list of texts, as some providers make it. */
static kd_jwt_fault jwt_take_scopes(const json_t *claims, const kd_jwt_policy *policy, kd_jwt_claims *out)
{
    const json_t *all = json_object_get(claims, policy->scope_claim), *one;
    kd_jwt_fault fault = KD_JWT_GOOD;
    size_t n = json_is_array(all) ? json_array_size(all) : 1;
    for (size_t i = 0; all && i < n && fault == KD_JWT_GOOD; i++) {
        one = json_is_array(all) ? json_array_get(all, i) : all;
        if (!json_is_string(one)) return KD_JWT_MALFORMED;
        kd_bytes text = kd_bytes_of(json_string_value(one), json_string_length(one));
        if (!jwt_scopes_are_plain(text)) return KD_JWT_MALFORMED;
        for (kd_bytes scope; fault == KD_JWT_GOOD && (scope = kd_jwt_scope_next(&text)).len > 0;)
            fault = jwt_take_scope(scope, out);
    }
    return fault;
}

static kd_jwt_fault jwt_check_claims(const json_t *claims, const kd_jwt_policy *policy, uint64_t now_s,
                                     kd_jwt_claims *out)
{
    kd_jwt_fault fault = jwt_check_time(claims, policy, now_s, out);
    if (fault == KD_JWT_GOOD) fault = jwt_check_party(claims, policy);
    if (fault == KD_JWT_GOOD) fault = jwt_take_user(claims, policy, out);
    return fault == KD_JWT_GOOD ? jwt_take_scopes(claims, policy, out) : fault;
}

kd_jwt_fault kd_jwt_verify(const kd_jwt_keys *keys, const kd_jwt_policy *policy, kd_bytes token,
                           uint64_t now_s, kd_jwt_claims *claims)
{
    jwt_parts parts;
    *claims = (kd_jwt_claims){.rights = 0};
    if (!jwt_cut(token, &parts)) return KD_JWT_MALFORMED;
    kd_jwt_fault fault = jwt_check_signature(keys, &parts);
    if (fault != KD_JWT_GOOD) return fault;
    json_t *payload = jwt_part(parts.payload);
    fault = payload ? jwt_check_claims(payload, policy, now_s, claims) : KD_JWT_MALFORMED;
    json_decref(payload);
    return fault;
}
