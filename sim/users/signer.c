/* signer.c - see the header. */
#include "sim/users/signer.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <sodium.h>
#include <stdlib.h>

#include "common/io/daemon/file_read.h"
#include "common/json/json_writer.h"

enum { P256_BYTES = 32, SIGNATURE_MAX = KD_JWT_RSA_BITS_MAX / 8 };

static int signer_judge(sim_signer *signer, const char **fault)
{
    char group[32] = "";
    EVP_PKEY_get_utf8_string_param(signer->key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, NULL);
    if (EVP_PKEY_is_a(signer->key, "RSA") && EVP_PKEY_get_bits(signer->key) <= KD_JWT_RSA_BITS_MAX)
        signer->alg = KD_JWT_RS256;
    else if (EVP_PKEY_is_a(signer->key, "EC") && strcmp(group, "prime256v1") == 0)
        signer->alg = KD_JWT_ES256;
    else if (EVP_PKEY_is_a(signer->key, "ED25519"))
        signer->alg = KD_JWT_EDDSA;
    else
        *fault = "a key of RSA, P-256 or Ed25519 is wanted";
    return *fault ? KD_EINVAL : KD_OK;
}

int sim_signer_read(sim_signer *signer, kd_bytes text, const char **fault)
{
    *signer = (sim_signer){.alg = KD_JWT_HS256};
    *fault = NULL;
    if (memmem(text.data, text.len, "-----BEGIN ", 11)) {
        BIO *bio = BIO_new_mem_buf(text.data, (int)text.len);
        KD_ASSERT(bio);
        signer->key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
        BIO_free(bio);
        ERR_clear_error();
        if (!signer->key) *fault = "no private key in PEM";
        int err = signer->key ? signer_judge(signer, fault) : KD_EINVAL;
        if (err != KD_OK) sim_signer_finish(signer);
        return err;
    }
    while (text.len > 0 && (text.data[text.len - 1] == '\n' || text.data[text.len - 1] == '\r')) text.len--;
    if (text.len < KD_JWT_SECRET_MIN) *fault = "a secret has at least 32 bytes";
    if (!*fault) kd_buf_put(&signer->secret, text.data, text.len);
    return *fault ? KD_EINVAL : KD_OK;
}

int sim_signer_load(sim_signer *signer, const char *path, const char **fault)
{
    kd_buf text = {0};
    *fault = "the file cannot be read";
    int err = kd_file_read(path, KD_JWT_KEYS_BYTES_MAX, &text);
    if (err == KD_OK) err = sim_signer_read(signer, kd_buf_view(&text), fault);
    kd_buf_finish(&text);
    return err;
}

void sim_signer_finish(sim_signer *signer)
{
    EVP_PKEY_free(signer->key);
    kd_buf_finish(&signer->secret);
    *signer = (sim_signer){.alg = KD_JWT_HS256};
}

const char *sim_signer_alg(const sim_signer *signer)
{
    static const char *const names[] = {[KD_JWT_RS256] = "RS256",
                                        [KD_JWT_ES256] = "ES256",
                                        [KD_JWT_EDDSA] = "EdDSA",
                                        [KD_JWT_HS256] = "HS256"};
    return names[signer->alg];
}

/* The two numbers of a signature in DER side by side, as JWS has them. */
static size_t signer_from_der(const uint8_t *der, size_t len, uint8_t out[2 * P256_BYTES])
{
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)len);
    KD_ASSERT(sig);
    BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, P256_BYTES);
    BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + P256_BYTES, P256_BYTES);
    ECDSA_SIG_free(sig);
    return (size_t)2 * P256_BYTES;
}

/* The length of the signature; 0: OpenSSL makes none. */
static size_t signer_make(const sim_signer *signer, kd_bytes input, uint8_t out[SIGNATURE_MAX])
{
    size_t len = SIGNATURE_MAX;
    unsigned int mac = 0;
    if (signer->alg == KD_JWT_HS256) {
        HMAC(EVP_sha256(), signer->secret.data, (int)signer->secret.len, input.data, input.len, out, &mac);
        return mac;
    }
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const EVP_MD *md = signer->alg == KD_JWT_EDDSA ? NULL : EVP_sha256();
    if (EVP_DigestSignInit(ctx, NULL, md, NULL, signer->key) != 1 ||
        EVP_DigestSign(ctx, out, &len, input.data, input.len) != 1)
        len = 0;
    EVP_MD_CTX_free(ctx);
    uint8_t der[SIGNATURE_MAX];
    if (len == 0 || signer->alg != KD_JWT_ES256) return len;
    memcpy(der, out, len);
    return signer_from_der(der, len, out);
}

static void signer_put(kd_buf *token, kd_bytes part)
{
    size_t room = sodium_base64_ENCODED_LEN(part.len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    kd_buf_reserve(token, room);
    sodium_bin2base64((char *)token->data + token->len, room, part.data, part.len,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    token->len += room - 1; /* without the NUL */
}

int sim_signer_sign(const sim_signer *signer, kd_bytes header, kd_bytes payload, kd_buf *token)
{
    uint8_t signature[SIGNATURE_MAX];
    size_t start = token->len;
    signer_put(token, header);
    kd_buf_put_u8(token, '.');
    signer_put(token, payload);
    size_t len = signer_make(signer, kd_bytes_of(token->data + start, token->len - start), signature);
    kd_buf_put_u8(token, '.');
    signer_put(token, kd_bytes_of(signature, len));
    return len > 0 ? KD_OK : KD_EINVAL;
}

/* ---- what a token says ---- */

static void token_put(kd_json *j, const char *name, const char *value)
{
    if (!value) return;
    kd_json_key_bytes(j, kd_bytes_str(name));
    kd_json_cstr(j, value);
}

static void token_write_header(const sim_token *t, const sim_signer *signer, kd_buf *out)
{
    kd_json j = kd_json_of(out);
    kd_json_object(&j);
    token_put(&j, "alg", t->alg ? t->alg : sim_signer_alg(signer));
    token_put(&j, "typ", "JWT");
    token_put(&j, "kid", t->kid);
    kd_json_end_object(&j);
}

static void token_write_claims(const sim_token *t, kd_buf *out)
{
    kd_json j = kd_json_of(out);
    kd_json_object(&j);
    token_put(&j, "iss", t->iss);
    token_put(&j, "sub", t->sub);
    token_put(&j, "aud", t->aud);
    token_put(&j, "scope", t->scope);
    kd_json_key(&j, "iat"), kd_json_u64(&j, t->made_s);
    kd_json_key(&j, "exp"), kd_json_u64(&j, t->made_s + t->good_s);
    kd_json_end_object(&j);
}

int sim_signer_token(const sim_signer *signer, const sim_token *t, kd_buf *token)
{
    kd_buf header = {0}, claims = {0};
    token_write_header(t, signer, &header);
    token_write_claims(t, &claims);
    int err = sim_signer_sign(signer, kd_buf_view(&header), kd_buf_view(&claims), token);
    kd_buf_finish(&header);
    kd_buf_finish(&claims);
    return err;
}
