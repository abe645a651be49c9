/* signer.h - makes JWTs, for demos and tests: the other side of common/jwt, which only verifies. */
#ifndef KUDOS_SIM_USERS_SIGNER_H
#define KUDOS_SIM_USERS_SIGNER_H

#include "common/jwt/jwt_keys.h"

/* Zero is no signer. */
typedef struct {
    kd_jwt_alg alg;
    struct evp_pkey_st *key; /* NULL for HS256 */
    kd_buf secret;           /* of HS256 */
} sim_signer;

/* A private key in PEM (RSA, P-256, Ed25519), else the secret of HS256: the text without line ends behind it. KD_OK, and the caller finishes *signer;
 * or KD_EINVAL with *fault in static text. */
int sim_signer_read(sim_signer *signer, kd_bytes text, const char **fault);
/* The same with what a file holds; a file that cannot be read is a fault, too. */
int sim_signer_load(sim_signer *signer, const char *path, const char **fault);
/* Frees what sim_signer_read made. */
void sim_signer_finish(sim_signer *signer);
/* The name of its algorithm for `alg` of a header: "EdDSA", static. */
const char *sim_signer_alg(const sim_signer *signer);
/* What a token says; NULL: the member is left out. */
typedef struct {
    const char *alg; /* NULL: the key's */
    const char *kid, *iss, *sub, *aud, *scope;
    uint64_t made_s, good_s; /* Unix seconds; for how many seconds from then on */
} sim_token;
/* Appends the token. KD_OK, or KD_EINVAL: OpenSSL does not sign with this key. */
int sim_signer_token(const sim_signer *signer, const sim_token *t, kd_buf *token);
/* Appends the token of this header and payload, which may be any bytes. KD_OK, or KD_EINVAL as above. */
int sim_signer_sign(const sim_signer *signer, kd_bytes header, kd_bytes payload, kd_buf *token);

#endif
