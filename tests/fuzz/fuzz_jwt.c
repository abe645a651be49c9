/*
 * fuzz_jwt.c - any bytes as a token, as header and payload of a token that is signed here, as a key set, as scopes: the first byte tells which.
 * What is accepted must be signed, must have a user and a time to come, and must be the one spelling of itself.
 */
#include <sodium.h>
#include <string.h>

#include "common/jwt/jwt.h"
#include "kudos/id.h"

#define SECRET "the secret of the fuzzer, 32 bytes"
#define NOW 1700000000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *audiences[] = {"kudos"};
static const kd_strings audience = {.at = audiences, .count = 1};
static const kd_jwt_policy policy = {
    .issuer = "idp", .audience = &audience, .user_claim = "sub", .scope_claim = "scope", .leeway_s = 5};

static kd_jwt_fault fuzz_judge(const kd_jwt_keys *keys, kd_bytes token)
{
    kd_jwt_claims claims;
    kd_jwt_fault fault = kd_jwt_verify(keys, &policy, token, NOW, &claims);
    if (fault != KD_JWT_GOOD) {
        kd_jwt_wants_keys(keys, token);
        return fault;
    }
    KD_ASSERT(kd_id_valid(kd_bytes_of(claims.user, claims.user_len)) && claims.good_until_s > NOW);
    KD_ASSERT(claims.scopes_len <= KD_JWT_SCOPES_MAX);
    kd_bytes scopes = kd_bytes_of(claims.scopes, claims.scopes_len);
    bool writes = kd_jwt_scope_writes(scopes, kd_bytes_str("posts"), kd_bytes_str("like"));
    KD_ASSERT(!writes || !(claims.rights & KD_SCOPE_READ_ONLY));
    KD_ASSERT(kd_jwt_verify(keys, &policy, token, claims.good_until_s, &claims) == KD_JWT_EXPIRED);
    return fault;
}

static void fuzz_put(kd_buf *token, kd_bytes part)
{
    size_t room = sodium_base64_ENCODED_LEN(part.len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    kd_buf_reserve(token, room);
    sodium_bin2base64((char *)token->data + token->len, room, part.data, part.len,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    token->len += room - 1;
}

/* Header and payload, parted by the first line's end, with a good signature. */
static void fuzz_signed(const kd_jwt_keys *keys, kd_bytes text)
{
    uint8_t mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_state state;
    kd_buf token = {0};
    const uint8_t *cut = text.len > 0 ? memchr(text.data, '\n', text.len) : NULL;
    size_t n = cut ? (size_t)(cut - text.data) : text.len, rest = n + (cut != NULL);
    fuzz_put(&token, kd_bytes_of(text.data, n));
    kd_buf_put_u8(&token, '.');
    fuzz_put(&token, kd_bytes_of(text.data + rest, text.len - rest));
    crypto_auth_hmacsha256_init(&state, (const uint8_t *)SECRET, sizeof SECRET - 1);
    crypto_auth_hmacsha256_update(&state, token.data, token.len);
    crypto_auth_hmacsha256_final(&state, mac);
    kd_buf_put_u8(&token, '.');
    fuzz_put(&token, kd_bytes_of(mac, sizeof mac));
    bool good = fuzz_judge(keys, kd_buf_view(&token)) == KD_JWT_GOOD;
    /* One bit of the last character but one, another end, another beginning: none of these is a token. */
    token.data[token.len - 2] ^= 1;
    KD_ASSERT(!good || fuzz_judge(keys, kd_buf_view(&token)) != KD_JWT_GOOD);
    token.data[token.len - 2] ^= 1;
    kd_buf_put_u8(&token, '=');
    KD_ASSERT(fuzz_judge(keys, kd_buf_view(&token)) != KD_JWT_GOOD);
    kd_buf_finish(&token);
}

static void fuzz_keys(kd_bytes text)
{
    kd_jwt_keys keys = {.count = 0};
    const char *fault = NULL;
    int err = kd_jwt_keys_add(&keys, text, &fault);
    KD_ASSERT((err == KD_OK) == (fault == NULL) && (err == KD_OK) == (keys.count > 0));
    for (uint32_t i = 0; i < keys.count; i++) KD_ASSERT(keys.at[i].alg != KD_JWT_HS256 && keys.at[i].key);
    if (keys.count == 1)
        KD_ASSERT(kd_jwt_keys_find(&keys, kd_bytes_of(NULL, 0), keys.at[0].alg) == &keys.at[0]);
    kd_jwt_keys_finish(&keys);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static kd_jwt_keys keys;
    const char *fault;
    if (keys.count == 0)
        KD_ASSERT(sodium_init() >= 0 && kd_jwt_keys_add_secret(&keys, kd_bytes_str(SECRET), &fault) == KD_OK);
    if (size == 0) return 0;
    kd_bytes text = kd_bytes_of(data + 1, size - 1);
    uint32_t rights;
    switch (data[0] % 4) {
    case 0:
        fuzz_judge(&keys, text);
        break;
    case 1:
        fuzz_signed(&keys, text);
        break;
    case 2:
        fuzz_keys(text);
        break;
    default:
        if (kd_jwt_scope_read(text, &rights))
            kd_jwt_scope_writes(text, kd_bytes_str("posts"), kd_bytes_str("like"));
    }
    return 0;
}
