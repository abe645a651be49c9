/*
 * jwt_keys.h - the keys that tokens are verified by. Each key has one algorithm, which follows from what the key is: a token cannot choose it. Pure:
 * texts in, keys out; OpenSSL does the arithmetic.
 *
 *     RSA, 2048 to 8192 bits   RS256
 *     EC, P-256                ES256
 *     Ed25519                  EdDSA (RFC 8037; also named Ed25519, RFC 9864)
 *     a secret, 32 bytes up    HS256
 *
 * A public key comes as PEM or as a JWK Set (RFC 7517). A secret comes from a text of its own, never from a set: who serves a key set must not be able
 * to make a public thing the secret of HS256.
 */
#ifndef KUDOS_COMMON_JWT_JWT_KEYS_H
#define KUDOS_COMMON_JWT_JWT_KEYS_H

#include "kudos/base.h"

enum {
    KD_JWT_KEYS_MAX = 64,
    KD_JWT_KEYS_BYTES_MAX = 256 * 1024, /* of a text with keys */
    KD_JWT_KID_MAX = 256,
    KD_JWT_RSA_BITS_MIN = 2048,
    KD_JWT_RSA_BITS_MAX = 8192, /* the time of a verification grows with the square */
    KD_JWT_SECRET_MIN = 32,
    KD_JWT_SECRET_MAX = 1024,
};

typedef enum { KD_JWT_RS256, KD_JWT_ES256, KD_JWT_EDDSA, KD_JWT_HS256 } kd_jwt_alg;

typedef struct {
    char *kid; /* NULL: the key has no name */
    kd_jwt_alg alg;
    struct evp_pkey_st *key; /* NULL for HS256 */
    uint8_t *secret;         /* of HS256 */
    size_t secret_len;
} kd_jwt_key;

/* Zero is the empty set, which verifies nothing. Many threads may use a set that nobody changes. */
typedef struct {
    kd_jwt_key at[KD_JWT_KEYS_MAX];
    uint32_t count;
    uint32_t
        left_out; /* keys of a JWK Set that cannot be used here, and are no mistake for that (RFC 7517, 5) */
    const char *why; /* why the last of them cannot; static */
} kd_jwt_keys;

/* Adds the public keys of a JWK Set, of one JWK, or of PEM. KD_OK; or KD_EINVAL with *fault in static text, and *keys as it was: no text of this kind,
 * no key in it that can be used, a private key in PEM, two keys of one `kid`, or more keys than KD_JWT_KEYS_MAX. */
int kd_jwt_keys_add(kd_jwt_keys *keys, kd_bytes text, const char **fault);
/* Adds the text, without line ends behind it, as the secret of HS256. KD_EINVAL with *fault: fewer bytes than KD_JWT_SECRET_MIN, more than
 * KD_JWT_SECRET_MAX, or PEM, which is no secret. */
int kd_jwt_keys_add_secret(kd_jwt_keys *keys, kd_bytes text, const char **fault);
/* Frees the keys; the set is empty then. */
void kd_jwt_keys_finish(kd_jwt_keys *keys);

/* The algorithm of a name in `alg`. False: it is none of ours. */
bool kd_jwt_alg_named(kd_bytes name, kd_jwt_alg *alg);
/* The key for a token of this algorithm: the one with this `kid`; without such a key, or without a `kid` (empty), the one key of the algorithm that
 * can be meant. NULL: there is none, or more than one. A key with another `kid` than the token's is never taken. */
const kd_jwt_key *kd_jwt_keys_find(const kd_jwt_keys *keys, kd_bytes kid, kd_jwt_alg alg);
/* Whether any key has this `kid`, of whatever algorithm. */
bool kd_jwt_keys_know(const kd_jwt_keys *keys, kd_bytes kid);

#endif
