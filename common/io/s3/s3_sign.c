/* s3_sign.c - see the header. */
#include "common/io/s3/s3_sign.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdio.h>

#include "common/base/text.h"
#include "common/io/daemon/file_read.h"

enum { SHA256_BYTES = SHA256_DIGEST_LENGTH, KEYS_FILE_MAX = 16 * 1024, DAY = 8 };

static void sign_hex(const uint8_t digest[SHA256_BYTES], char hex[KD_S3_HEX_MAX])
{
    for (int i = 0; i < SHA256_BYTES; i++) snprintf(hex + 2 * (size_t)i, 3, "%02x", digest[i]);
}

void kd_s3_sha256(kd_bytes body, char hex[KD_S3_HEX_MAX])
{
    uint8_t digest[SHA256_BYTES];
    KD_ASSERT(EVP_Digest(body.data, body.len, digest, NULL, EVP_sha256(), NULL) == 1);
    sign_hex(digest, hex);
}

static void sign_hmac(kd_bytes key, kd_bytes text, uint8_t mac[SHA256_BYTES])
{
    unsigned len = 0;
    KD_ASSERT(HMAC(EVP_sha256(), key.data, (int)key.len, text.data, text.len, mac, &len) &&
              len == SHA256_BYTES);
}

/* ---- the request, in the form that both sides sign ---- */

static const char *sign_headers(const kd_s3_keys *keys, const kd_s3_signed *q)
{
    if (q->range) return "host;range;x-amz-content-sha256;x-amz-date";
    return keys->token[0] ? "host;x-amz-content-sha256;x-amz-date;x-amz-security-token"
                          : "host;x-amz-content-sha256;x-amz-date";
}

static void sign_canonical(const kd_s3_keys *keys, const kd_s3_signed *q, kd_buf *out)
{
    kd_text_printf(out, "%s\n", q->method);
    kd_buf_put(out, q->path, strlen(q->path));
    kd_buf_put_u8(out, '\n');
    kd_buf_put(out, q->query, strlen(q->query));
    kd_text_printf(out, "\nhost:%s\n", q->host);
    if (q->range) kd_text_printf(out, "range:%s\n", q->range);
    kd_text_printf(out, "x-amz-content-sha256:%s\nx-amz-date:%s\n", q->payload_hash, q->date);
    if (keys->token[0]) {
        kd_text_printf(out, "x-amz-security-token:");
        kd_buf_put(out, keys->token, strlen(keys->token)); /* longer than what kd_text_printf takes */
        kd_buf_put_u8(out, '\n');
    }
    kd_text_printf(out, "\n%s\n%s", sign_headers(keys, q), q->payload_hash);
}

/* The key for one day, region and service. */
static void sign_key(const kd_s3_keys *keys, const kd_s3_signed *q, uint8_t key[SHA256_BYTES])
{
    char first[KD_S3_KEY_MAX + 8];
    snprintf(first, sizeof first, "AWS4%s", keys->secret);
    sign_hmac(kd_bytes_str(first), kd_bytes_of(q->date, DAY), key);
    sign_hmac(kd_bytes_of(key, SHA256_BYTES), kd_bytes_str(q->region), key);
    sign_hmac(kd_bytes_of(key, SHA256_BYTES), kd_bytes_str("s3"), key);
    sign_hmac(kd_bytes_of(key, SHA256_BYTES), kd_bytes_str("aws4_request"), key);
    explicit_bzero(first, sizeof first);
}

void kd_s3_sign(const kd_s3_keys *keys, const kd_s3_signed *q, kd_buf *out)
{
    char hash[KD_S3_HEX_MAX], scope[128], signature[KD_S3_HEX_MAX];
    uint8_t key[SHA256_BYTES], mac[SHA256_BYTES];
    kd_buf text = {0};
    sign_canonical(keys, q, &text);
    kd_s3_sha256(kd_buf_view(&text), hash);
    snprintf(scope, sizeof scope, "%.*s/%s/s3/aws4_request", DAY, q->date, q->region);
    kd_secret_finish(&text); /* it holds the session's token */
    kd_text_printf(&text, "AWS4-HMAC-SHA256\n%s\n%s\n%s", q->date, scope, hash);
    sign_key(keys, q, key);
    sign_hmac(kd_bytes_of(key, SHA256_BYTES), kd_buf_view(&text), mac);
    explicit_bzero(key, sizeof key);
    sign_hex(mac, signature);
    kd_text_printf(out, "AWS4-HMAC-SHA256 Credential=%s/%s,SignedHeaders=%s,Signature=%s", keys->id, scope,
                   sign_headers(keys, q), signature);
    kd_buf_put_u8(out, '\0');
    out->len--;
    kd_buf_finish(&text);
}

/* ---- the file of keys ---- */

/* Copies a value of visible ASCII that fits. */
static bool sign_take(kd_bytes value, char *out, size_t size)
{
    if (out[0] != '\0' || value.len == 0 || value.len >= size) return false;
    for (size_t i = 0; i < value.len; i++)
        if (value.data[i] <= ' ' || value.data[i] > '~') return false;
    memcpy(out, value.data, value.len);
    out[value.len] = '\0';
    return true;
}

static bool sign_take_line(kd_s3_keys *keys, kd_bytes line)
{
    const uint8_t *equals = memchr(line.data, '=', line.len);
    if (!equals) return false;
    size_t at = (size_t)(equals - line.data);
    kd_bytes name = kd_text_trim(kd_bytes_of(line.data, at));
    kd_bytes value = kd_text_trim(kd_bytes_of(equals + 1, line.len - at - 1));
    if (kd_bytes_eq(name, kd_bytes_str("access_key_id"))) return sign_take(value, keys->id, sizeof keys->id);
    if (kd_bytes_eq(name, kd_bytes_str("secret_access_key")))
        return sign_take(value, keys->secret, sizeof keys->secret);
    return kd_bytes_eq(name, kd_bytes_str("session_token")) &&
           sign_take(value, keys->token, sizeof keys->token);
}

int kd_s3_keys_read(kd_s3_keys *keys, const char *path, char *error, size_t size)
{
    kd_buf text = {0};
    uint32_t number = 0;
    *keys = (kd_s3_keys){.id = ""};
    int err = kd_secret_read(path, KEYS_FILE_MAX, &text, error, size);
    kd_bytes left = kd_buf_view(&text), line;
    while (err == KD_OK && (line = kd_text_take_line(&left, &number)).len > 0)
        if (!sign_take_line(keys, line)) {
            snprintf(error, size,
                     "%.300s: line %u is none of access_key_id =, secret_access_key =, session_token =, or "
                     "stands twice",
                     path, number);
            err = KD_EINVAL;
        }
    if (err == KD_OK && (!keys->id[0] || !keys->secret[0])) {
        snprintf(error, size, "%.300s: access_key_id and secret_access_key are both needed", path);
        err = KD_EINVAL;
    }
    kd_secret_finish(&text);
    if (err != KD_OK) kd_s3_keys_wipe(keys);
    return err;
}

void kd_s3_keys_wipe(kd_s3_keys *keys)
{
    explicit_bzero(keys, sizeof *keys);
}
