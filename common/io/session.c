/* session.c - the causality token. */
#include "common/io/session.h"

#include "common/io/options_file.h"

#include <sodium.h>
#include <stdlib.h>

enum { VERSION = 1, HEAD = 1 + 8, TOKEN = HEAD + crypto_shorthash_siphashx24_BYTES, SECRET_MAX = 4096 };

_Static_assert(KD_SESSION_KEY_BYTES == crypto_shorthash_siphashx24_KEYBYTES, "the key is a SipHash key");
_Static_assert(KD_SESSION_TEXT == (TOKEN * 8 + 5) / 6, "25 bytes, 34 characters");
_Static_assert((int)KD_SESSION_TEXT <= (int)KD_SESSION_TOKEN_MAX,
               "a token is within the limit of its header");

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The bytes that hexadecimal text stands for; 0 when it is not that. `out` has room for half of it. */
static size_t from_hex(kd_bytes text, uint8_t *out)
{
    size_t len = 0;
    while (text.len > 0 && is_blank(text.data[text.len - 1])) text.len--;
    int err = sodium_hex2bin(out, text.len / 2, (const char *)text.data, text.len, NULL, &len, NULL);
    return err == 0 && len * 2 == text.len ? len : 0;
}

int kd_session_key_derive(kd_session_key *key, kd_bytes secret)
{
    uint8_t raw[SECRET_MAX / 2];
    KD_ASSERT(sodium_init() >= 0);
    if (secret.len < KD_SESSION_KEY_BYTES || secret.len > SECRET_MAX) return KD_EINVAL;
    size_t len = from_hex(secret, raw);
    kd_bytes material = len > 0 ? kd_bytes_of(raw, len) : secret;
    if (material.len < KD_SESSION_KEY_BYTES) return KD_EINVAL;
    static const uint8_t purpose[] = "kudos session token v1";
    int err = crypto_generichash(key->bytes, sizeof key->bytes, material.data, material.len, purpose,
                                 sizeof purpose - 1);
    KD_ASSERT(err == 0);
    sodium_memzero(raw, sizeof raw);
    return KD_OK;
}

int kd_session_key_read(kd_session_key *key, const char *path)
{
    kd_buf secret = {0};
    int err = kd_file_read(path, SECRET_MAX, &secret);
    if (err == KD_OK) err = kd_session_key_derive(key, kd_buf_view(&secret));
    if (secret.cap > 0) sodium_memzero(secret.data, secret.cap);
    kd_buf_finish(&secret);
    return err;
}

const char *kd_session_key_fault(int err)
{
    switch (err) {
    case KD_EINVAL:
        return "the file does not hold a secret of at least 16 bytes";
    case KD_ETOOBIG:
        return "the file holds more than 4096 bytes";
    case KD_ENOTFOUND:
        return "there is no such file";
    default:
        return "the file cannot be read";
    }
}

void kd_session_key_random(kd_session_key *key)
{
    KD_ASSERT(sodium_init() >= 0);
    randombytes_buf(key->bytes, sizeof key->bytes);
}

/* version | time | user, of which the first HEAD bytes are also sent. */
static void make_token(const kd_session_key *key, uint64_t time_us, kd_bytes user, uint8_t token[TOKEN])
{
    uint8_t message[HEAD + KD_ID_MAX];
    KD_ASSERT(user.len <= KD_ID_MAX);
    message[0] = VERSION;
    for (int i = 0; i < 8; i++) message[1 + i] = (uint8_t)(time_us >> (56 - 8 * i));
    if (user.len > 0) memcpy(message + HEAD, user.data, user.len);
    memcpy(token, message, HEAD);
    crypto_shorthash_siphashx24(token + HEAD, message, HEAD + user.len, key->bytes);
}

/* base64url without padding (RFC 4648, 5). The library's own takes constant time, for secrets: a token is none to
 * whom it is sent. */
static void to_text(const uint8_t token[TOKEN], char *out)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint32_t bits = 0, have = 0;
    for (size_t i = 0; i < TOKEN; i++) {
        bits = bits << 8 | token[i];
        for (have += 8; have >= 6; have -= 6) *out++ = letters[bits >> (have - 6) & 63];
    }
    if (have > 0) *out++ = letters[bits << (6 - have) & 63];
    *out = 0;
}

void kd_session_encode(const kd_session_key *key, uint64_t time_us, kd_bytes user, char *out)
{
    uint8_t token[TOKEN];
    make_token(key, time_us, user, token);
    to_text(token, out);
}

int kd_session_decode(const kd_session_key *key, kd_bytes text, kd_bytes user, uint64_t *time_us)
{
    uint8_t token[TOKEN], expected[TOKEN];
    size_t len = 0;
    if (text.len != KD_SESSION_TEXT || user.len > KD_ID_MAX) return KD_EMALFORMED;
    if (sodium_base642bin(token, sizeof token, (const char *)text.data, text.len, NULL, &len, NULL,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
        len != TOKEN)
        return KD_EMALFORMED;
    kd_reader r = kd_reader_of(kd_bytes_of(token, sizeof token));
    uint8_t version = kd_read_u8(&r);
    uint64_t claimed_us = kd_read_be64(&r);
    if (version != VERSION) return KD_EMALFORMED;
    make_token(key, claimed_us, user, expected);
    if (sodium_memcmp(token, expected, TOKEN) != 0) return KD_EMALFORMED;
    *time_us = claimed_us;
    return KD_OK;
}
