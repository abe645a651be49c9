/* jwt_keys.c - see the header. */
#include "common/jwt/jwt_keys.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sodium.h>
#include <stdlib.h>

#include "common/jwt/jwt_json.h"

enum { NUMBER_MAX = KD_JWT_RSA_BITS_MAX / 8, P256_BYTES = 32, ED25519_BYTES = 32 };

bool kd_jwt_alg_named(kd_bytes name, kd_jwt_alg *alg)
{
    static const struct {
        const char *name;
        kd_jwt_alg alg;
    } names[] = {{"RS256", KD_JWT_RS256},
                 {"ES256", KD_JWT_ES256},
                 {"EdDSA", KD_JWT_EDDSA},
                 {"Ed25519", KD_JWT_EDDSA},
                 {"HS256", KD_JWT_HS256}};
    for (size_t i = 0; i < KD_COUNT(names); i++) {
        *alg = names[i].alg;
        if (kd_bytes_eq(name, kd_bytes_str(names[i].name))) return true;
    }
    return false;
}

/* ---- which key ---- */

static bool keys_named(const kd_jwt_key *key, kd_bytes kid)
{
    return key->kid && kd_bytes_eq(kd_bytes_str(key->kid), kid);
}

bool kd_jwt_keys_know(const kd_jwt_keys *keys, kd_bytes kid)
{
    for (uint32_t i = 0; i < keys->count; i++)
        if (keys_named(&keys->at[i], kid)) return true;
    return false;
}

const kd_jwt_key *kd_jwt_keys_find(const kd_jwt_keys *keys, kd_bytes kid, kd_jwt_alg alg)
{
    const kd_jwt_key *only = NULL;
    uint32_t candidates = 0;
    for (uint32_t i = 0; i < keys->count; i++) {
        const kd_jwt_key *key = &keys->at[i];
        if (kid.len > 0 && keys_named(key, kid)) return key->alg == alg ? key : NULL;
        if (key->alg != alg || (kid.len > 0 && key->kid)) continue;
        only = key;
        candidates++;
    }
    return candidates == 1 ? only : NULL;
}

/* ---- what a key is ---- */

/* NULL: *alg is the algorithm of this key. Else why it cannot be used. */
static const char *keys_judge(EVP_PKEY *key, kd_jwt_alg *alg)
{
    char group[32] = "";
    int bits = EVP_PKEY_get_bits(key);
    if (EVP_PKEY_is_a(key, "ED25519")) {
        *alg = KD_JWT_EDDSA;
        return NULL;
    }
    if (EVP_PKEY_is_a(key, "EC")) {
        *alg = KD_JWT_ES256;
        EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, NULL);
        return strcmp(group, "prime256v1") == 0 ? NULL : "a key of another curve than P-256";
    }
    if (!EVP_PKEY_is_a(key, "RSA")) return "a key of a type that is not used here";
    *alg = KD_JWT_RS256;
    if (bits < KD_JWT_RSA_BITS_MIN) return "an RSA key of fewer than 2048 bits";
    return bits > KD_JWT_RSA_BITS_MAX ? "an RSA key of more than 8192 bits" : NULL;
}

/* Whether its numbers are those of a key: a point on the curve, an odd modulus. */
static bool keys_sound(EVP_PKEY *key)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    bool good = EVP_PKEY_is_a(key, "ED25519") || (ctx && EVP_PKEY_public_check(ctx) == 1);
    EVP_PKEY_CTX_free(ctx);
    ERR_clear_error();
    return good;
}

/* Takes `key` over in any case. NULL, or why it was not added. */
static const char *keys_put(kd_jwt_keys *keys, EVP_PKEY *key, kd_bytes kid)
{
    kd_jwt_alg alg;
    const char *fault = !key                             ? "a key whose numbers are not those of a key"
                        : keys->count == KD_JWT_KEYS_MAX ? "more keys than are taken"
                                                         : keys_judge(key, &alg);
    if (!fault && !keys_sound(key)) fault = "a key whose numbers are not those of a key";
    if (fault) {
        EVP_PKEY_free(key);
        return fault;
    }
    kd_jwt_key *added = &keys->at[keys->count++];
    *added = (kd_jwt_key){.alg = alg, .key = key};
    if (kid.len > 0) {
        added->kid = kd_alloc(kid.len + 1);
        memcpy(added->kid, kid.data, kid.len);
    }
    return NULL;
}

static void keys_free(kd_jwt_key *key)
{
    EVP_PKEY_free(key->key);
    free(key->kid);
    if (key->secret) sodium_memzero(key->secret, key->secret_len);
    free(key->secret);
    *key = (kd_jwt_key){.kid = NULL};
}

static void keys_cut(kd_jwt_keys *keys, uint32_t count)
{
    while (keys->count > count) keys_free(&keys->at[--keys->count]);
}

void kd_jwt_keys_finish(kd_jwt_keys *keys)
{
    keys_cut(keys, 0);
    keys->left_out = 0;
    keys->why = NULL;
}

/* ---- JWK ---- */

/* A member in base64url. False: it is missing, or not of at least `least` and at most `room` bytes. */
static bool jwk_number(const json_t *jwk, const char *name, uint8_t *out, size_t least, size_t room,
                       size_t *len)
{
    kd_bytes text;
    return kd_jwt_json_string(jwk, name, &text) && kd_jwt_base64(text, out, room, len) && *len >= least;
}

/* A public key of these parameters, which are freed; NULL when there is no such key. */
static EVP_PKEY *jwk_make(const char *type, OSSL_PARAM_BLD *build)
{
    EVP_PKEY *key = NULL;
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    if (params && ctx && EVP_PKEY_fromdata_init(ctx) == 1 &&
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    ERR_clear_error();
    return key;
}

static EVP_PKEY *jwk_rsa(const json_t *jwk)
{
    uint8_t n[NUMBER_MAX], e[8];
    size_t n_len, e_len;
    if (!jwk_number(jwk, "n", n, 1, sizeof n, &n_len) || !jwk_number(jwk, "e", e, 1, sizeof e, &e_len))
        return NULL;
    BIGNUM *modulus = BN_bin2bn(n, (int)n_len, NULL), *exponent = BN_bin2bn(e, (int)e_len, NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    KD_ASSERT(modulus && exponent && build);
    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, modulus);
    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, exponent);
    EVP_PKEY *key = jwk_make("RSA", build);
    BN_free(modulus);
    BN_free(exponent);
    return key;
}

static EVP_PKEY *jwk_ec(const json_t *jwk)
{
    uint8_t point[1 + 2 * P256_BYTES] = {POINT_CONVERSION_UNCOMPRESSED};
    size_t len;
    if (!jwk_number(jwk, "x", point + 1, P256_BYTES, P256_BYTES, &len) ||
        !jwk_number(jwk, "y", point + 1 + P256_BYTES, P256_BYTES, P256_BYTES, &len))
        return NULL;
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    KD_ASSERT(build);
    OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
    OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point);
    return jwk_make("EC", build);
}

static EVP_PKEY *jwk_ed25519(const json_t *jwk)
{
    uint8_t x[ED25519_BYTES];
    size_t len;
    if (!jwk_number(jwk, "x", x, sizeof x, sizeof x, &len)) return NULL;
    return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, x, sizeof x);
}

typedef struct {
    const char *kty, *crv; /* crv NULL: this type has none */
    kd_jwt_alg alg;
    EVP_PKEY *(*make)(const json_t *jwk);
} jwk_type;

static const jwk_type *jwk_type_of(const json_t *jwk)
{
    static const jwk_type types[] = {{"RSA", NULL, KD_JWT_RS256, jwk_rsa},
                                     {"EC", "P-256", KD_JWT_ES256, jwk_ec},
                                     {"OKP", "Ed25519", KD_JWT_EDDSA, jwk_ed25519}};
    kd_bytes kty, crv;
    kd_jwt_json_string(jwk, "kty", &kty);
    kd_jwt_json_string(jwk, "crv", &crv);
    for (size_t i = 0; i < KD_COUNT(types); i++)
        if (kd_bytes_eq(kty, kd_bytes_str(types[i].kty)) &&
            (!types[i].crv || kd_bytes_eq(crv, kd_bytes_str(types[i].crv))))
            return &types[i];
    return NULL;
}

/* `key_ops`, where it stands, lists "verify". */
static bool jwk_verifies(const json_t *jwk)
{
    const json_t *ops = json_object_get(jwk, "key_ops"), *op;
    size_t i;
    if (!ops) return true;
    json_array_foreach(ops, i, op) if (json_is_string(op) &&
                                       strcmp(json_string_value(op), "verify") == 0) return true;
    return false;
}

/* Why a key of this type is not for signatures that are made as we verify them, or NULL. */
static const char *jwk_unfit(const json_t *jwk, const jwk_type *type)
{
    kd_bytes text;
    kd_jwt_alg alg;
    if (json_object_get(jwk, "use") &&
        !(kd_jwt_json_string(jwk, "use", &text) && kd_bytes_eq(text, kd_bytes_str("sig"))))
        return "its `use` is not sig";
    if (!jwk_verifies(jwk)) return "its `key_ops` lack verify";
    if (!json_object_get(jwk, "alg")) return NULL;
    if (!kd_jwt_json_string(jwk, "alg", &text) || !kd_jwt_alg_named(text, &alg))
        return "its `alg` is not used here";
    return alg == type->alg ? NULL : "its `alg` is not one of its `kty` and `crv`";
}

/* NULL, or why it is left out. */
static const char *jwk_add(kd_jwt_keys *keys, const json_t *jwk)
{
    kd_bytes kid, kty;
    if (!json_is_object(jwk)) return "it is no object";
    if (json_object_get(jwk, "kid") && (!kd_jwt_json_string(jwk, "kid", &kid) || kid.len > KD_JWT_KID_MAX))
        return "its `kid` is no text, or a long one";
    kd_jwt_json_string(jwk, "kid", &kid);
    kd_jwt_json_string(jwk, "kty", &kty);
    if (kd_bytes_eq(kty, kd_bytes_str("oct"))) return "a secret (oct) stands in a file of its own";
    const jwk_type *type = jwk_type_of(jwk);
    if (!type) return "its `kty` or `crv` is not used here";
    const char *unfit = jwk_unfit(jwk, type);
    return unfit ? unfit : keys_put(keys, type->make(jwk), kid);
}

static bool keys_kids_differ(const kd_jwt_keys *keys)
{
    for (uint32_t i = 0; i < keys->count; i++)
        for (uint32_t k = 0; k < i; k++)
            if (keys->at[i].kid && keys_named(&keys->at[k], kd_bytes_str(keys->at[i].kid))) return false;
    return true;
}

/* Returns the fault, or NULL. */
static const char *keys_add_jwks(kd_jwt_keys *keys, kd_bytes text)
{
    json_t *document = kd_jwt_json_read(text);
    if (!document) return "no JSON object, or one with a member twice";
    const json_t *set = json_object_get(document, "keys");
    bool many = json_is_array(set) && json_array_size(set) > KD_JWT_KEYS_MAX;
    size_t n = many ? 0 : set ? json_array_size(set) : 1;
    for (size_t i = 0; i < n; i++) {
        const char *why = jwk_add(keys, set ? json_array_get(set, i) : document);
        keys->left_out += why != NULL;
        if (why) keys->why = why;
    }
    json_decref(document);
    return many ? "more than 64 keys" : NULL;
}

/* ---- PEM ---- */

/* One block of PEM. NULL, or why it was not added. */
static const char *keys_add_block(kd_jwt_keys *keys, const char *name, const uint8_t *der, long len)
{
    const uint8_t *end = der;
    if (strstr(name, "PRIVATE KEY")) return "a private key: only the public one belongs here";
    if (strcmp(name, PEM_STRING_PUBLIC) != 0) return "a block of PEM that is no PUBLIC KEY";
    EVP_PKEY *key = d2i_PUBKEY(NULL, &end, len);
    if (key && end != der + len) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    return keys_put(keys, key, kd_bytes_of(NULL, 0));
}

static const char *keys_add_pem(kd_jwt_keys *keys, kd_bytes text)
{
    const char *fault = NULL;
    char *name, *header;
    uint8_t *der;
    long len;
    BIO *bio = BIO_new_mem_buf(text.data, (int)text.len);
    KD_ASSERT(bio);
    while (!fault && PEM_read_bio(bio, &name, &header, &der, &len) == 1) {
        fault = keys_add_block(keys, name, der, len);
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_free(der);
    }
    bool end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    BIO_free(bio);
    ERR_clear_error();
    return fault || end ? fault : "PEM that cannot be read";
}

int kd_jwt_keys_add(kd_jwt_keys *keys, kd_bytes text, const char **fault)
{
    uint32_t before = keys->count, left_out = keys->left_out;
    const char *why = keys->why;
    size_t blank = 0;
    while (blank < text.len && strchr(" \t\r\n", text.data[blank]) && text.data[blank]) blank++;
    bool json = blank < text.len && text.data[blank] == '{';
    ERR_clear_error();
    *fault = text.len > KD_JWT_KEYS_BYTES_MAX ? "more than 256 KiB"
             : json                           ? keys_add_jwks(keys, text)
                                              : keys_add_pem(keys, text);
    if (!*fault && !keys_kids_differ(keys)) *fault = "two keys have the same `kid`";
    if (!*fault && keys->count == before)
        *fault = keys->left_out > left_out ? keys->why : "no key in it: a JWK Set or PEM is wanted";
    if (!*fault) return KD_OK;
    keys_cut(keys, before);
    keys->left_out = left_out;
    keys->why = why;
    return KD_EINVAL;
}

int kd_jwt_keys_add_secret(kd_jwt_keys *keys, kd_bytes text, const char **fault)
{
    while (text.len > 0 && (text.data[text.len - 1] == '\n' || text.data[text.len - 1] == '\r')) text.len--;
    *fault = text.len < KD_JWT_SECRET_MIN                     ? "a secret has at least 32 bytes"
             : text.len > KD_JWT_SECRET_MAX                   ? "a secret has at most 1024 bytes"
             : memmem(text.data, text.len, "-----BEGIN ", 11) ? "PEM is no secret of HS256"
             : keys->count == KD_JWT_KEYS_MAX                 ? "more keys than are taken"
                                                              : NULL;
    if (*fault) return KD_EINVAL;
    keys->at[keys->count++] =
        (kd_jwt_key){.alg = KD_JWT_HS256, .secret = kd_dup(text), .secret_len = text.len};
    return KD_OK;
}
