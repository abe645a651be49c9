/* test_jwt.c - which tokens are good: the vectors of the RFCs, and each trap that a library is known to have fallen into. */
#include "common/jwt/jwt.h"

#include <criterion/criterion.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/users/signer.h"

#define NOW 1700000000u
#define HEADER(alg) "{\"alg\":\"" alg "\"}"
#define WITH(more) "{\"sub\":\"ada\",\"exp\":1700000060," more "}"
#define GOOD "{\"sub\":\"ada\",\"exp\":1700000060}"

static const kd_strings nobody;
static const kd_jwt_policy plain = {.audience = &nobody, .user_claim = "sub", .scope_claim = "scope"};

static kd_jwt_fault verify_at(const kd_jwt_keys *keys, const kd_jwt_policy *policy, const char *token,
                              uint64_t now_s, kd_jwt_claims *claims)
{
    return kd_jwt_verify(keys, policy, kd_bytes_str(token), now_s, claims);
}

static kd_jwt_fault verify(const kd_jwt_keys *keys, const char *token)
{
    kd_jwt_claims claims;
    return verify_at(keys, &plain, token, NOW, &claims);
}

static void add(kd_jwt_keys *keys, const char *text)
{
    const char *fault;
    cr_assert_eq(kd_jwt_keys_add(keys, kd_bytes_str(text), &fault), KD_OK, "%s", fault);
}

/* Why a text gives no key. */
static const char *refused(const char *text)
{
    kd_jwt_keys keys = {.count = 0};
    const char *fault = NULL;
    cr_assert_eq(kd_jwt_keys_add(&keys, kd_bytes_str(text), &fault), KD_EINVAL, "taken: %s", text);
    cr_assert_eq(keys.count, 0);
    return fault;
}

/* ---- keys made here ---- */

static char *pem_of(EVP_PKEY *key, bool private)
{
    char *data;
    BIO *bio = BIO_new(BIO_s_mem());
    if (private)
        PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
    else
        PEM_write_bio_PUBKEY(bio, key);
    long len = BIO_get_mem_data(bio, &data);
    char *text = strndup(data, (size_t)len);
    BIO_free(bio);
    return text;
}

static sim_signer signer_of(EVP_PKEY *key)
{
    sim_signer signer;
    const char *fault;
    char *text = pem_of(key, true);
    cr_assert_eq(sim_signer_read(&signer, kd_bytes_str(text), &fault), KD_OK, "%s", fault);
    free(text);
    return signer;
}

/* A signer by a fresh key, and its public half in *keys. */
static sim_signer pair(EVP_PKEY *key, kd_jwt_keys *keys)
{
    sim_signer signer = signer_of(key);
    char *text = pem_of(key, false);
    add(keys, text);
    free(text);
    EVP_PKEY_free(key);
    return signer;
}

static sim_signer secret_pair(const char *secret, kd_jwt_keys *keys)
{
    sim_signer signer;
    const char *fault;
    cr_assert_eq(kd_jwt_keys_add_secret(keys, kd_bytes_str(secret), &fault), KD_OK, "%s", fault);
    cr_assert_eq(sim_signer_read(&signer, kd_bytes_str(secret), &fault), KD_OK, "%s", fault);
    return signer;
}

#define SECRET "0123456789abcdef0123456789abcdef"

static char *made(const sim_signer *signer, const char *header, const char *claims)
{
    kd_buf token = {0};
    cr_assert_eq(sim_signer_sign(signer, kd_bytes_str(header), kd_bytes_str(claims), &token), KD_OK);
    kd_buf_put_u8(&token, 0);
    return (char *)token.data;
}

static kd_jwt_fault judged(const kd_jwt_keys *keys, const kd_jwt_policy *policy, const sim_signer *signer,
                           const char *header, const char *claims)
{
    kd_jwt_claims out;
    char *token = made(signer, header, claims);
    kd_jwt_fault fault = verify_at(keys, policy, token, NOW, &out);
    free(token);
    return fault;
}

/* ---- vectors ---- */

#define JOE "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"

static void vector(const kd_jwt_keys *keys, const char *token)
{
    const kd_jwt_policy joe = {
        .issuer = "joe", .audience = &nobody, .user_claim = "iss", .scope_claim = "scope"};
    kd_jwt_claims claims;
    char *other = strdup(token);
    size_t dot = (size_t)(strrchr(token, '.') - token);
    cr_expect_eq(verify_at(keys, &joe, token, 1300819379, &claims), KD_JWT_GOOD);
    cr_expect_eq(claims.good_until_s, 1300819380);
    cr_expect(kd_bytes_eq(kd_bytes_of(claims.user, claims.user_len), kd_bytes_str("joe")));
    cr_expect_eq(verify_at(keys, &joe, token, 1300819380, &claims), KD_JWT_EXPIRED);
    other[dot + 5] = other[dot + 5] == 'A' ? 'B' : 'A';
    cr_expect_eq(verify_at(keys, &joe, other, 1300819379, &claims), KD_JWT_SIGNATURE);
    free(other);
}

Test(jwt, rfc_7515_a1_hs256)
{
    static const uint8_t key[] = {3,   35,  53,  75,  43,  15,  165, 188, 131, 126, 6,   101, 119,
                                  123, 166, 143, 90,  179, 40,  230, 240, 84,  201, 40,  169, 15,
                                  132, 178, 210, 80,  46,  191, 211, 251, 90,  146, 210, 6,   71,
                                  239, 150, 138, 180, 195, 119, 98,  61,  34,  61,  46,  33,  114,
                                  5,   46,  79,  8,   192, 205, 154, 245, 103, 208, 128, 163};
    kd_jwt_keys keys = {.count = 0};
    const char *fault;
    cr_assert_eq(kd_jwt_keys_add_secret(&keys, kd_bytes_of(key, sizeof key), &fault), KD_OK);
    vector(&keys,
           "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." JOE ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    kd_jwt_keys_finish(&keys);
}

#define RSA_N                                                                                                \
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-"     \
    "yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-"    \
    "KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-"                   \
    "DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
#define RSA_JWK "{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAB\""

Test(jwt, rfc_7515_a2_rs256)
{
    kd_jwt_keys keys = {.count = 0};
    add(&keys, RSA_JWK "}");
    vector(&keys, "eyJhbGciOiJSUzI1NiJ9." JOE
                  ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_"
                  "lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_"
                  "nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--"
                  "xi12jzDwusC-"
                  "eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrB"
                  "p0igcN_IoypGlUPQGe77Rw");
    kd_jwt_keys_finish(&keys);
}

#define EC_X "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define EC_Y "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define EC_JWK "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y "\""

Test(jwt, rfc_7515_a3_es256)
{
    kd_jwt_keys keys = {.count = 0};
    add(&keys, EC_JWK "}");
    vector(&keys, "eyJhbGciOiJFUzI1NiJ9." JOE
                  ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-"
                  "Kg6NU1Q");
    kd_jwt_keys_finish(&keys);
}

#define OKP_JWK "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\""

/* What it signs is no JSON, so a good signature shows by the next fault. */
Test(jwt, rfc_8037_a4_eddsa)
{
    kd_jwt_keys keys = {.count = 0};
    add(&keys, OKP_JWK "}");
    cr_expect_eq(verify(&keys,
                        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
                        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_"
                        "MuM0KAg"),
                 KD_JWT_MALFORMED);
    cr_expect_eq(verify(&keys,
                        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmd."
                        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_"
                        "MuM0KAg"),
                 KD_JWT_SIGNATURE);
    kd_jwt_keys_finish(&keys);
}

/* ---- algorithms belong to keys ---- */

Test(jwt, each_algorithm_by_its_key_and_by_no_other)
{
    kd_jwt_keys keys = {.count = 0};
    sim_signer signers[] = {pair(EVP_RSA_gen(2048), &keys), pair(EVP_EC_gen("P-256"), &keys),
                            pair(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), &keys),
                            secret_pair(SECRET, &keys)};
    static const char *const headers[] = {HEADER("RS256"), HEADER("ES256"), HEADER("EdDSA"), HEADER("HS256")};
    for (size_t s = 0; s < KD_COUNT(signers); s++)
        for (size_t h = 0; h < KD_COUNT(headers); h++)
            cr_expect_eq(judged(&keys, &plain, &signers[s], headers[h], GOOD),
                         s == h ? KD_JWT_GOOD : KD_JWT_SIGNATURE, "%zu %s", s, headers[h]);
    cr_expect_eq(judged(&keys, &plain, &signers[2], HEADER("Ed25519"), GOOD), KD_JWT_GOOD);
    for (size_t s = 0; s < KD_COUNT(signers); s++) sim_signer_finish(&signers[s]);
    kd_jwt_keys_finish(&keys);
}

Test(jwt, a_public_key_is_no_secret)
{
    kd_jwt_keys keys = {.count = 0};
    EVP_PKEY *key = EVP_RSA_gen(2048);
    char *public = pem_of(key, false);
    sim_signer honest = pair(key, &keys);
    /* By its PEM, with and without the line's end, as in CVE-2016-5431 and its kin. */
    sim_signer forger = {.alg = KD_JWT_HS256};
    kd_buf_put(&forger.secret, public, strlen(public));
    for (int cut = 0; cut < 2; cut++, forger.secret.len--) {
        cr_expect_eq(judged(&keys, &plain, &forger, HEADER("HS256"), GOOD), KD_JWT_UNKNOWN_KEY);
        cr_expect_eq(judged(&keys, &plain, &forger, HEADER("RS256"), GOOD), KD_JWT_SIGNATURE);
    }
    const char *fault;
    cr_expect_eq(kd_jwt_keys_add_secret(&keys, kd_bytes_str(public), &fault), KD_EINVAL);
    free(public);
    sim_signer_finish(&honest);
    sim_signer_finish(&forger);
    kd_jwt_keys_finish(&keys);
}

Test(jwt, a_kid_binds_a_token_to_its_key_and_that_to_its_algorithm)
{
    kd_jwt_keys keys = {.count = 0};
    sim_signer secret = secret_pair(SECRET, &keys);
    keys.at[0].kid = strdup("mac");
    add(&keys, EC_JWK ",\"kid\":\"ec\"}");
    cr_expect_eq(judged(&keys, &plain, &secret, "{\"alg\":\"HS256\",\"kid\":\"mac\"}", GOOD), KD_JWT_GOOD);
    cr_expect_eq(judged(&keys, &plain, &secret, "{\"alg\":\"HS256\"}", GOOD), KD_JWT_GOOD);
    cr_expect_eq(judged(&keys, &plain, &secret, "{\"alg\":\"HS256\",\"kid\":\"ec\"}", GOOD),
                 KD_JWT_ALGORITHM);
    cr_expect_eq(judged(&keys, &plain, &secret, "{\"alg\":\"ES256\",\"kid\":\"mac\"}", GOOD),
                 KD_JWT_ALGORITHM);
    cr_expect_eq(judged(&keys, &plain, &secret, "{\"alg\":\"HS256\",\"kid\":\"other\"}", GOOD),
                 KD_JWT_UNKNOWN_KEY);
    cr_expect_eq(judged(&keys, &plain, &secret, "{\"alg\":\"HS256\",\"kid\":\"\"}", GOOD), KD_JWT_MALFORMED);
    cr_expect_eq(judged(&keys, &plain, &secret, "{\"alg\":\"HS256\",\"kid\":7}", GOOD), KD_JWT_MALFORMED);
    /* A second key of the algorithm: without a kid nobody is meant. */
    sim_signer other = secret_pair("another secret of thirty-two byte", &keys);
    cr_expect_eq(judged(&keys, &plain, &secret, "{\"alg\":\"HS256\"}", GOOD), KD_JWT_UNKNOWN_KEY);
    /* A key without a name stands in for a name that no key has. */
    cr_expect_eq(judged(&keys, &plain, &other, "{\"alg\":\"HS256\",\"kid\":\"other\"}", GOOD), KD_JWT_GOOD);
    cr_expect_eq(judged(&keys, &plain, &other, "{\"alg\":\"HS256\",\"kid\":\"mac\"}", GOOD),
                 KD_JWT_SIGNATURE);
    sim_signer_finish(&secret);
    sim_signer_finish(&other);
    kd_jwt_keys_finish(&keys);
}

Test(jwt, more_keys_are_wanted_for_a_name_that_no_key_has)
{
    kd_jwt_keys keys = {.count = 0};
    sim_signer secret = secret_pair(SECRET, &keys);
    static const struct {
        const char *header;
        bool wants;
    } cases[] = {{"{\"alg\":\"RS256\",\"kid\":\"new\"}", true},
                 {"{\"alg\":\"RS256\",\"kid\":\"ec\"}", false},
                 {"{\"alg\":\"RS256\"}", false}};
    add(&keys, EC_JWK ",\"kid\":\"ec\"}");
    for (size_t i = 0; i < KD_COUNT(cases); i++) {
        char *token = made(&secret, cases[i].header, GOOD);
        cr_expect_eq(kd_jwt_wants_keys(&keys, kd_bytes_str(token)), cases[i].wants, "%s", cases[i].header);
        free(token);
    }
    cr_expect_not(kd_jwt_wants_keys(&keys, kd_bytes_str("no token")));
    sim_signer_finish(&secret);
    kd_jwt_keys_finish(&keys);
}

/* ---- headers ---- */

Test(jwt, headers_that_are_refused)
{
    kd_jwt_keys keys = {.count = 0};
    sim_signer s = secret_pair(SECRET, &keys);
    static const struct {
        const char *header;
        kd_jwt_fault fault;
    } cases[] = {
        {HEADER("none"), KD_JWT_ALGORITHM},
        {HEADER("None"), KD_JWT_ALGORITHM},
        {HEADER("nOnE"), KD_JWT_ALGORITHM},
        {HEADER("hs256"), KD_JWT_ALGORITHM},
        {HEADER("HS512"), KD_JWT_ALGORITHM},
        {HEADER("HS256 "), KD_JWT_ALGORITHM},
        {HEADER("HS256\\u0000"), KD_JWT_MALFORMED},
        {"{}", KD_JWT_MALFORMED},
        {"{\"alg\":null}", KD_JWT_MALFORMED},
        {"{\"alg\":[\"HS256\"]}", KD_JWT_MALFORMED},
        {"[\"HS256\"]", KD_JWT_MALFORMED},
        {"", KD_JWT_MALFORMED},
        {"{\"alg\":\"HS256\"", KD_JWT_MALFORMED},
        {"{\"alg\":\"HS256\"}{}", KD_JWT_MALFORMED},
        {"{\"alg\":\"HS256\",\"alg\":\"HS256\"}", KD_JWT_MALFORMED},
        {"{\"alg\":\"HS256\",\"kid\":\"a\",\"kid\":\"a\"}", KD_JWT_MALFORMED},
        {"{\"alg\":\"HS256\",\"kid\":\"a\",\"\\u006bid\":\"a\"}", KD_JWT_MALFORMED},
        {"{\"alg\":\"HS256\",\"crit\":[\"exp\"]}", KD_JWT_MALFORMED},
        {"{\"alg\":\"HS256\",\"crit\":null}", KD_JWT_MALFORMED},
        {"{\"alg\":\"HS256\",\"x\":[[[[[[[[1]]]]]]]]}", KD_JWT_MALFORMED},
        {"{\"alg\":\"HS256\",\"x\":[[[[[[[1]]]]]]]}", KD_JWT_GOOD},
        {"{\"alg\":\"HS256\",\"jku\":\"https://evil.example/keys\",\"x5u\":\"https://evil.example/\"}",
         KD_JWT_GOOD},
    };
    for (size_t i = 0; i < KD_COUNT(cases); i++)
        cr_expect_eq(judged(&keys, &plain, &s, cases[i].header, GOOD), cases[i].fault, "%s", cases[i].header);
    sim_signer_finish(&s);
    kd_jwt_keys_finish(&keys);
}

/* The key that a token brings along (`jwk`) is not the one it is verified by. */
Test(jwt, a_token_brings_no_key_of_its_own)
{
    kd_jwt_keys keys = {.count = 0}, own = {.count = 0};
    add(&keys, EC_JWK "}");
    sim_signer forger = pair(EVP_EC_gen("P-256"), &own);
    cr_expect_eq(judged(&keys, &plain, &forger, "{\"alg\":\"ES256\",\"jwk\":" EC_JWK "}}", GOOD),
                 KD_JWT_SIGNATURE);
    sim_signer_finish(&forger);
    kd_jwt_keys_finish(&own);
    kd_jwt_keys_finish(&keys);
}

/* ---- the text of a token ---- */

Test(jwt, texts_that_are_no_token)
{
    kd_jwt_keys keys = {.count = 0};
    sim_signer s = secret_pair(SECRET, &keys);
    char *token = made(&s, HEADER("HS256"), GOOD), other[8192];
    size_t len = strlen(token), dot = (size_t)(strrchr(token, '.') - token);
    static const char *const rubbish[] = {"", ".", "..", "...", "a.b", "a.b.c", "a.b.c.d", "=.=.="};
    for (size_t i = 0; i < KD_COUNT(rubbish); i++) cr_expect_eq(verify(&keys, rubbish[i]), KD_JWT_MALFORMED);
    cr_assert_eq(verify(&keys, token), KD_JWT_GOOD);
    static const char *const behind[] = {"=", "==", ".", " ", "\n", ".x", "+", "%3D"};
    for (size_t i = 0; i < KD_COUNT(behind); i++) {
        snprintf(other, sizeof other, "%s%s", token, behind[i]);
        cr_expect_eq(verify(&keys, other), KD_JWT_MALFORMED, "with '%s' behind", behind[i]);
    }
    snprintf(other, sizeof other, "%s", token); /* the last bits of its last character stand for nothing */
    other[len - 1] = (char)(other[len - 1] + 1);
    cr_expect_neq(verify(&keys, other), KD_JWT_GOOD);
    snprintf(other, sizeof other, "%.*s.", (int)dot, token);
    cr_expect_eq(verify(&keys, other), KD_JWT_SIGNATURE, "an empty signature");
    snprintf(other, sizeof other, "%sAAAA", token);
    cr_expect_eq(verify(&keys, other), KD_JWT_SIGNATURE, "trailing bytes");
    memset(other, 'A', sizeof other - 1), other[sizeof other - 1] = '\0';
    cr_expect_eq(verify(&keys, other), KD_JWT_MALFORMED, "too long");
    free(token);
    sim_signer_finish(&s);
    kd_jwt_keys_finish(&keys);
}

/* A good signature under a long text, on both sides of the limit. */
Test(jwt, a_token_has_a_largest_size)
{
    kd_jwt_keys keys = {.count = 0};
    sim_signer s = secret_pair(SECRET, &keys);
    static char claims[KD_JWT_MAX];
    size_t longest = 0;
    for (int pad = 2900; pad < 3100; pad++) {
        snprintf(claims, sizeof claims, WITH("\"x\":\"%0*d\""), pad, 0);
        char *token = made(&s, HEADER("HS256"), claims);
        size_t len = strlen(token);
        cr_expect_eq(verify(&keys, token), len <= KD_JWT_MAX ? KD_JWT_GOOD : KD_JWT_MALFORMED, "%zu bytes",
                     len);
        longest = KD_MAX(longest, len);
        free(token);
    }
    cr_expect_gt(longest, KD_JWT_MAX);
    sim_signer_finish(&s);
    kd_jwt_keys_finish(&keys);
}

Test(jwt, a_signature_in_der_is_none_of_jws)
{
    kd_jwt_keys keys = {.count = 0};
    sim_signer s = pair(EVP_EC_gen("P-256"), &keys);
    char *token = made(&s, HEADER("ES256"), GOOD);
    cr_expect_eq(verify(&keys, token), KD_JWT_GOOD);
    free(token);
    s.alg = KD_JWT_RS256; /* SHA-256, and no conversion */
    cr_expect_eq(judged(&keys, &plain, &s, HEADER("ES256"), GOOD), KD_JWT_SIGNATURE);
    sim_signer_finish(&s);
    kd_jwt_keys_finish(&keys);
}

/* CVE-2022-21449: a signature of two zeros. */
Test(jwt, a_signature_of_zeros_is_bad)
{
    kd_jwt_keys keys = {.count = 0};
    sim_signer s = pair(EVP_EC_gen("P-256"), &keys);
    char *token = made(&s, HEADER("ES256"), GOOD);
    memset(strrchr(token, '.') + 1, 'A', strlen(strrchr(token, '.') + 1));
    cr_expect_eq(verify(&keys, token), KD_JWT_SIGNATURE);
    free(token);
    sim_signer_finish(&s);
    kd_jwt_keys_finish(&keys);
}

/* ---- claims ---- */

typedef struct {
    const char *claims;
    kd_jwt_fault fault;
} claims_case;

static void each(const kd_jwt_policy *policy, const claims_case *cases, size_t n)
{
    kd_jwt_keys keys = {.count = 0};
    sim_signer s = secret_pair(SECRET, &keys);
    for (size_t i = 0; i < n; i++)
        cr_expect_eq(judged(&keys, policy, &s, HEADER("HS256"), cases[i].claims), cases[i].fault, "%s",
                     cases[i].claims);
    sim_signer_finish(&s);
    kd_jwt_keys_finish(&keys);
}

Test(jwt, times)
{
    static const claims_case cases[] = {
        {GOOD, KD_JWT_GOOD},
        {"{\"sub\":\"ada\"}", KD_JWT_MALFORMED},
        {"{\"sub\":\"ada\",\"exp\":1700000000}", KD_JWT_EXPIRED},
        {"{\"sub\":\"ada\",\"exp\":1700000001}", KD_JWT_GOOD},
        {"{\"sub\":\"ada\",\"exp\":1700000060.5}", KD_JWT_MALFORMED},
        {"{\"sub\":\"ada\",\"exp\":1700000060.0}", KD_JWT_MALFORMED},
        {"{\"sub\":\"ada\",\"exp\":17e8}", KD_JWT_MALFORMED},
        {"{\"sub\":\"ada\",\"exp\":\"1700000060\"}", KD_JWT_MALFORMED},
        {"{\"sub\":\"ada\",\"exp\":-1}", KD_JWT_MALFORMED},
        {"{\"sub\":\"ada\",\"exp\":null}", KD_JWT_MALFORMED},
        {"{\"sub\":\"ada\",\"exp\":true}", KD_JWT_MALFORMED},
        {"{\"sub\":\"ada\",\"exp\":0}", KD_JWT_EXPIRED},
        {"{\"sub\":\"ada\",\"exp\":9007199254740992}", KD_JWT_GOOD},
        {"{\"sub\":\"ada\",\"exp\":9007199254740993}", KD_JWT_MALFORMED},
        {"{\"sub\":\"ada\",\"exp\":18446744073709551616}", KD_JWT_MALFORMED},
        {"{\"sub\":\"ada\",\"exp\":1700000060,\"exp\":1700000060}", KD_JWT_MALFORMED},
        {WITH("\"nbf\":1700000000"), KD_JWT_GOOD},
        {WITH("\"nbf\":1700000001"), KD_JWT_EARLY},
        {WITH("\"nbf\":1699999999.5"), KD_JWT_MALFORMED},
        {WITH("\"nbf\":\"0\""), KD_JWT_MALFORMED},
        {WITH("\"iat\":1800000000"), KD_JWT_GOOD},
        {WITH("\"iat\":1.5"), KD_JWT_MALFORMED},
    };
    static const claims_case late[] = {{"{\"sub\":\"ada\",\"exp\":1699999971}", KD_JWT_GOOD},
                                       {"{\"sub\":\"ada\",\"exp\":1699999970}", KD_JWT_EXPIRED},
                                       {WITH("\"nbf\":1700000030"), KD_JWT_GOOD},
                                       {WITH("\"nbf\":1700000031"), KD_JWT_EARLY}};
    kd_jwt_policy lenient = plain;
    lenient.leeway_s = 30;
    each(&plain, cases, KD_COUNT(cases));
    each(&lenient, late, KD_COUNT(late));
}

Test(jwt, parties)
{
    char *names[] = {"kudos", "likes"};
    const kd_strings us = {.at = names, .count = 2};
    static const claims_case cases[] = {
        {WITH("\"iss\":\"idp\",\"aud\":\"kudos\""), KD_JWT_GOOD},
        {WITH("\"iss\":\"idp\",\"aud\":[\"shop\",\"likes\"]"), KD_JWT_GOOD},
        {WITH("\"iss\":\"idp\",\"aud\":[\"shop\",[\"likes\"],7]"), KD_JWT_AUDIENCE},
        {WITH("\"iss\":\"idp\",\"aud\":[]"), KD_JWT_AUDIENCE},
        {WITH("\"iss\":\"idp\",\"aud\":\"kudos2\""), KD_JWT_AUDIENCE},
        {WITH("\"iss\":\"idp\",\"aud\":{\"kudos\":1}"), KD_JWT_AUDIENCE},
        {WITH("\"iss\":\"idp\""), KD_JWT_AUDIENCE},
        {WITH("\"aud\":\"kudos\""), KD_JWT_ISSUER},
        {WITH("\"iss\":\"idp2\",\"aud\":\"kudos\""), KD_JWT_ISSUER},
        {WITH("\"iss\":[\"idp\"],\"aud\":\"kudos\""), KD_JWT_ISSUER},
    };
    static const claims_case open[] = {{WITH("\"iss\":\"any\""), KD_JWT_GOOD},
                                       {WITH("\"aud\":\"shop\""), KD_JWT_AUDIENCE}};
    kd_jwt_policy strict = plain;
    strict.issuer = "idp";
    strict.audience = &us;
    each(&strict, cases, KD_COUNT(cases));
    each(&plain, open, KD_COUNT(open));
}

Test(jwt, users)
{
    static const claims_case cases[] = {
        {"{\"exp\":1700000060}", KD_JWT_USER},
        {"{\"exp\":1700000060,\"sub\":7}", KD_JWT_USER},
        {"{\"exp\":1700000060,\"sub\":\"\"}", KD_JWT_USER},
        {"{\"exp\":1700000060,\"sub\":\"auth0|12\"}", KD_JWT_USER},
        {"{\"exp\":1700000060,\"sub\":\"a\\u0000da\"}", KD_JWT_MALFORMED},
        {"{\"exp\":1700000060,\"sub\":\"ada\",\"sub\":\"bob\"}", KD_JWT_MALFORMED},
        {"{\"exp\":1700000060,\"sub\":\"ada@example.com\"}", KD_JWT_GOOD},
        {"[\"exp\",1700000060]", KD_JWT_MALFORMED},
        {"", KD_JWT_MALFORMED},
    };
    each(&plain, cases, KD_COUNT(cases));
}

/* ---- scopes ---- */

static kd_jwt_claims scoped(const char *scope)
{
    kd_jwt_keys keys = {.count = 0};
    kd_jwt_claims claims;
    char text[512];
    sim_signer s = secret_pair(SECRET, &keys);
    snprintf(text, sizeof text, WITH("\"scope\":%s"), scope);
    char *token = made(&s, HEADER("HS256"), text);
    cr_assert_eq(verify_at(&keys, &plain, token, NOW, &claims), KD_JWT_GOOD, "%s", scope);
    free(token);
    sim_signer_finish(&s);
    kd_jwt_keys_finish(&keys);
    return claims;
}

static bool writes(const char *scope, const char *collection, const char *counter)
{
    kd_jwt_claims c = scoped(scope);
    return kd_jwt_scope_writes(kd_bytes_of(c.scopes, c.scopes_len), kd_bytes_str(collection),
                               kd_bytes_str(counter));
}

Test(jwt, scopes_restrict_writing_once_they_speak_of_it)
{
    cr_expect(writes("\"openid profile\"", "posts", "like"));
    cr_expect(writes("\"kudos:likers kudos:service\"", "posts", "like"));
    cr_expect(writes("[\"openid\",\"kudos:write:posts/like\"]", "posts", "like"));
    cr_expect_not(writes("[\"kudos:write:posts/like\"]", "posts", "save"));
    cr_expect_not(writes("[\"kudos:write:posts/like\"]", "reels", "like"));
    cr_expect(writes("\"kudos:write:posts/like kudos:write:*/view\"", "reels", "view"));
    cr_expect(writes("\"kudos:write:reels/*\"", "reels", "share"));
    cr_expect(writes("\"kudos:write:*/*\"", "reels", "share"));
    cr_expect_not(writes("\"kudos:write:*/* kudos:read-only\"", "reels", "share"));
    cr_expect_not(writes("\"kudos:read-only\"", "posts", "like"));
}

Test(jwt, scopes_give_rights)
{
    cr_expect_eq(scoped("\"openid kudos\"").rights, 0);
    cr_expect_eq(scoped("\"kudos:likers\"").rights, KD_SCOPE_LIKERS);
    cr_expect_eq(scoped("\"kudos:likers:detail\"").rights, KD_SCOPE_LIKERS | KD_SCOPE_LIKERS_DETAIL);
    cr_expect_eq(scoped("[\"kudos:service\",\"kudos:act-as\"]").rights, KD_SCOPE_SERVICE | KD_SCOPE_ACT_AS);
}

Test(jwt, a_scope_of_ours_that_is_unknown_is_a_mistake)
{
    static const claims_case cases[] = {
        {WITH("\"scope\":\"a\\nkudos:read-only\""), KD_JWT_MALFORMED},
        {WITH("\"scope\":[\"a\\tkudos:read-only\"]"), KD_JWT_MALFORMED},
        {WITH("\"scope\":\"kudos:\""), KD_JWT_SCOPE},
        {WITH("\"scope\":\"kudos:write\""), KD_JWT_SCOPE},
        {WITH("\"scope\":\"kudos:write:posts\""), KD_JWT_SCOPE},
        {WITH("\"scope\":\"kudos:write:Posts/like\""), KD_JWT_SCOPE},
        {WITH("\"scope\":\"kudos:write:posts/\""), KD_JWT_SCOPE},
        {WITH("\"scope\":\"kudos:write:posts/like/x\""), KD_JWT_SCOPE},
        {WITH("\"scope\":[\"kudos:wirte:posts/like\"]"), KD_JWT_SCOPE},
        {WITH("\"scope\":7"), KD_JWT_MALFORMED},
        {WITH("\"scope\":[\"openid\",7]"), KD_JWT_MALFORMED},
        {WITH("\"scope\":\"\""), KD_JWT_GOOD},
    };
    each(&plain, cases, KD_COUNT(cases));
}

/* ---- keys ---- */

Test(jwt, keys_that_are_refused)
{
    static const char *const texts[] = {
        "",
        "   ",
        "no key",
        "{}",
        "{\"keys\":[]}",
        "{\"keys\":[7]}",
        "{\"keys\":{\"a\":1}}",
        RSA_JWK ",\"use\":\"enc\"}",
        RSA_JWK ",\"alg\":\"RS512\"}",
        RSA_JWK ",\"alg\":\"ES256\"}",
        RSA_JWK ",\"alg\":\"HS256\"}",
        RSA_JWK ",\"key_ops\":[\"encrypt\"]}",
        RSA_JWK ",\"kty\":\"RSA\"}",
        RSA_JWK ",\"kid\":7}",
        EC_JWK ",\"alg\":\"RS256\"}",
        EC_JWK ",\"use\":[\"sig\"]}",
        OKP_JWK ",\"alg\":\"ES256\"}",
        "{\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-"
        "1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow\"}",
        "{\"kty\":\"RSA\",\"n\":\"" RSA_N "\"}",
        "{\"kty\":\"RSA\",\"n\":\"" RSA_N "==\",\"e\":\"AQAB\"}",
        "{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AAEA\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y "\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\",\"y\":\"" EC_X "\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X
        "\",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5Q\"}",
        "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
        "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHUR\"}",
        "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n",
        "{\"keys\":[" EC_JWK ",\"kid\":\"a\"}," RSA_JWK ",\"kid\":\"a\"}]}",
    };
    for (size_t i = 0; i < KD_COUNT(texts); i++) cr_expect_not_null(refused(texts[i]), "%s", texts[i]);
}

Test(jwt, keys_of_other_strengths_and_curves_are_refused_in_pem)
{
    EVP_PKEY *keys[] = {EVP_RSA_gen(1024), EVP_EC_gen("P-384"), EVP_PKEY_Q_keygen(NULL, NULL, "ED448"),
                        EVP_EC_gen("secp256k1")};
    for (size_t i = 0; i < KD_COUNT(keys); i++) {
        char *text = pem_of(keys[i], false);
        cr_expect_not_null(refused(text));
        free(text);
        EVP_PKEY_free(keys[i]);
    }
    EVP_PKEY *key = EVP_EC_gen("P-256");
    char *text = pem_of(key, true);
    cr_expect(strstr(refused(text), "private"));
    free(text);
    EVP_PKEY_free(key);
}

/* A provider's set has keys for other uses: they are left out, and counted. */
Test(jwt, a_set_gives_the_keys_that_can_be_used)
{
    kd_jwt_keys keys = {.count = 0};
    add(&keys, "{\"keys\":[" RSA_JWK ",\"use\":\"enc\",\"kid\":\"e\"}," RSA_JWK
               ",\"use\":\"sig\",\"alg\":\"RS256\",\"kid\":\"r\",\"key_ops\":[\"verify\"]}," EC_JWK
               ",\"kid\":\"ec\"}," OKP_JWK ",\"alg\":\"Ed25519\",\"kid\":\"ed\"},{\"kty\":\"new\"}]}");
    cr_expect_eq(keys.count, 3);
    cr_expect_eq(keys.left_out, 2);
    cr_expect_not(kd_jwt_keys_know(&keys, kd_bytes_str("e")));
    cr_expect_eq(kd_jwt_keys_find(&keys, kd_bytes_str("ed"), KD_JWT_EDDSA), &keys.at[2]);
    cr_expect_null(kd_jwt_keys_find(&keys, kd_bytes_str("ed"), KD_JWT_ES256));
    kd_jwt_keys_finish(&keys);
}

Test(jwt, secrets_that_are_refused)
{
    kd_jwt_keys keys = {.count = 0};
    const char *fault;
    cr_expect_eq(kd_jwt_keys_add_secret(&keys, kd_bytes_str("0123456789abcdef0123456789abcde\n"), &fault),
                 KD_EINVAL);
    cr_expect_eq(kd_jwt_keys_add_secret(&keys, kd_bytes_str("\n"), &fault), KD_EINVAL);
    cr_expect_eq(keys.count, 0);
}

Test(jwt, no_more_keys_than_there_is_room_for)
{
    kd_jwt_keys keys = {.count = 0};
    const char *fault;
    for (int i = 0; i < KD_JWT_KEYS_MAX; i++)
        cr_assert_eq(kd_jwt_keys_add_secret(&keys, kd_bytes_str(SECRET), &fault), KD_OK);
    cr_expect_eq(kd_jwt_keys_add_secret(&keys, kd_bytes_str(SECRET), &fault), KD_EINVAL);
    cr_expect_eq(kd_jwt_keys_add(&keys, kd_bytes_str(EC_JWK "}"), &fault), KD_EINVAL);
    cr_expect_eq(keys.count, KD_JWT_KEYS_MAX);
    kd_jwt_keys_finish(&keys);
}
