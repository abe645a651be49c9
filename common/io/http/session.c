/* session.c - see the header. */
#include "common/io/http/session.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/conf/options.h"
#include "common/io/daemon/file_read.h"

enum {
    VERSION_OF_ONE_TIME = 1,
    VERSION_OF_ALL = 2,
    VERSION_OF_ONE_EDGE = 3,
    MAC = crypto_shorthash_siphashx24_BYTES,
    HEAD = 1 + KD_SEEN_EDGES * 16 + 8,
    HEAD_OF_ONE_EDGE = 1 + 16,
    HEAD_OF_ONE_TIME = 1 + 8,
    TOKEN = HEAD + MAC,
    SECRET_MAX = 4096
};

_Static_assert(KD_SESSION_KEY_BYTES == crypto_shorthash_siphashx24_KEYBYTES, "the key is a SipHash key");
_Static_assert(KD_SESSION_TEXT == (TOKEN * 8 + 5) / 6, "57 bytes, 76 characters");
_Static_assert((int)KD_SESSION_TEXT <= (int)KD_SESSION_TOKEN_MAX,
               "a token is within the limit of its header");

static bool session_is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Writes the bytes that hexadecimal text stands for; 0 when it is no such text. `out` has room for text.len / 2. */
static size_t from_hex(kd_bytes text, uint8_t *out)
{
    size_t len = 0;
    while (text.len > 0 && session_is_blank(text.data[text.len - 1])) text.len--;
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

int kd_session_key_read(kd_session_key *key, const char *option, const char *path, char *error)
{
    char why[KD_OPTIONS_ERROR_MAX / 2] = "the file does not hold a secret of at least 16 bytes";
    kd_buf secret = {0};
    int err = kd_secret_read(path, SECRET_MAX, &secret, why, sizeof(why));
    if (err == KD_OK) err = kd_session_key_derive(key, kd_buf_view(&secret));
    kd_secret_finish(&secret);
    if (err != KD_OK) snprintf(error, KD_OPTIONS_ERROR_MAX, "%s: %s", option, why);
    return err;
}

void kd_session_key_random(kd_session_key *key)
{
    KD_ASSERT(sodium_init() >= 0);
    randombytes_buf(key->bytes, sizeof key->bytes);
}

/* Most users act at one edge, and tell of it with each request. */
static bool session_of_one_edge(const kd_seen *seen)
{
    for (uint32_t i = 1; i < KD_SEEN_EDGES; i++)
        if (seen->at[i].time_us || seen->at[i].edge || seen->at[i].life) return false;
    return seen->rest_us == 0;
}

static void session_put_head(kd_buf *b, const kd_seen *seen)
{
    bool one = session_of_one_edge(seen);
    kd_buf_put_u8(b, one ? VERSION_OF_ONE_EDGE : VERSION_OF_ALL);
    for (uint32_t i = 0; i < (one ? 1 : KD_SEEN_EDGES); i++) {
        kd_buf_put_be64(b, seen->at[i].time_us);
        kd_buf_put_be32(b, seen->at[i].edge);
        kd_buf_put_be32(b, seen->at[i].life);
    }
    if (!one) kd_buf_put_be64(b, seen->rest_us);
}

/* The MAC of a head, of any version, and the user to whom it is bound. */
static void authenticate(const kd_session_key *key, kd_bytes head, kd_bytes user, uint8_t mac[MAC])
{
    uint8_t message[HEAD + KD_ID_MAX];
    KD_ASSERT(head.len <= HEAD && user.len <= KD_ID_MAX);
    memcpy(message, head.data, head.len);
    if (user.len > 0) memcpy(message + head.len, user.data, user.len);
    crypto_shorthash_siphashx24(mac, message, head.len + user.len, key->bytes);
}

/* base64url without padding (RFC 4648, 5). libsodium's takes constant time, for secrets, and is slower; a token is no secret to the client that gets
 * it. */
static size_t to_text(kd_bytes token, char *out)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    KD_ASSERT(token.len % 3 == 0); /* of both versions that are written */
    char *at = out;
    for (size_t i = 0; i < token.len; i += 3) {
        uint32_t bits = (uint32_t)token.data[i] << 16 | (uint32_t)token.data[i + 1] << 8 | token.data[i + 2];
        *at++ = letters[bits >> 18];
        *at++ = letters[bits >> 12 & 63];
        *at++ = letters[bits >> 6 & 63];
        *at++ = letters[bits & 63];
    }
    *at = 0;
    return (size_t)(at - out);
}

size_t kd_session_encode(const kd_session_key *key, const kd_seen *seen, kd_bytes user, char *out)
{
    uint8_t token[TOKEN];
    kd_buf head = {.data = token, .cap = TOKEN};
    session_put_head(&head, seen);
    authenticate(key, kd_buf_view(&head), user, token + head.len);
    return to_text(kd_bytes_of(token, head.len + MAC), out);
}

/* Of the version that a token's first byte names; 0: there is no such one. */
static size_t session_head_of(uint8_t version)
{
    switch (version) {
    case VERSION_OF_ONE_TIME:
        return HEAD_OF_ONE_TIME;
    case VERSION_OF_ALL:
        return HEAD;
    case VERSION_OF_ONE_EDGE:
        return HEAD_OF_ONE_EDGE;
    default:
        return 0;
    }
}

/* Decodes text into `token` and returns its head as a view; empty when it was not made with this key for this user. */
static kd_bytes open_token(const kd_session_key *key, kd_bytes text, kd_bytes user, uint8_t token[TOKEN])
{
    uint8_t mac[MAC];
    size_t len = 0;
    if (user.len > KD_ID_MAX || sodium_base642bin(token, TOKEN, (const char *)text.data, text.len, NULL, &len,
                                                  NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
        return (kd_bytes){0};
    size_t head = len > 0 ? session_head_of(token[0]) : 0;
    if (head == 0 || len != head + MAC) return (kd_bytes){0};
    authenticate(key, kd_bytes_of(token, head), user, mac);
    return kd_bytes_of(token, sodium_memcmp(mac, token + head, MAC) == 0 ? head : 0);
}

int kd_session_decode(const kd_session_key *key, kd_bytes text, kd_bytes user, kd_seen *seen)
{
    uint8_t token[TOKEN];
    kd_bytes head = open_token(key, text, user, token);
    if (head.len == 0) return KD_EMALFORMED;
    kd_reader r = kd_reader_of(head);
    *seen = (kd_seen){.rest_us = 0};
    uint8_t version = kd_read_u8(&r);
    uint32_t edges = version == VERSION_OF_ALL ? KD_SEEN_EDGES : version == VERSION_OF_ONE_EDGE;
    for (uint32_t i = 0; i < edges; i++) {
        seen->at[i].time_us = kd_read_be64(&r);
        seen->at[i].edge = kd_read_be32(&r);
        seen->at[i].life = kd_read_be32(&r);
    }
    if (version != VERSION_OF_ONE_EDGE) seen->rest_us = kd_read_be64(&r);
    return KD_OK;
}
