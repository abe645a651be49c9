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
/* Frees what sim_signer_read made. */
void sim_signer_finish(sim_signer *signer);
/* The name of its algorithm for `alg` of a header: "EdDSA", static. */
const char *sim_signer_alg(const sim_signer *signer);
/* Appends the token of this header and payload, which may be any bytes. KD_OK, or KD_EINVAL: OpenSSL does not sign with this key. */
int sim_signer_sign(const sim_signer *signer, kd_bytes header, kd_bytes payload, kd_buf *token);

#endif
