/* cursor.c - see the header. */
#include "central/io/api/cursor.h"

#include <sodium.h>

static void cursor_check(const kd_cursor_question *q, kd_bytes key, uint8_t check[KD_CURSOR_CHECK])
{
    uint8_t digest[crypto_generichash_BYTES];
    crypto_generichash_state hash;
    const uint8_t head[] = {(uint8_t)q->kind,          (uint8_t)(q->number >> 24), (uint8_t)(q->number >> 16),
                            (uint8_t)(q->number >> 8), (uint8_t)q->number,         (uint8_t)q->item.len};
    KD_ASSERT(q->item.len <= UINT8_MAX);
    crypto_generichash_init(&hash, NULL, 0, sizeof(digest));
    crypto_generichash_update(&hash, head, sizeof(head));
    if (q->item.len > 0) crypto_generichash_update(&hash, q->item.data, q->item.len);
    crypto_generichash_update(&hash, key.data, key.len);
    crypto_generichash_final(&hash, digest, sizeof(digest));
    memcpy(check, digest, KD_CURSOR_CHECK);
}

/* The key in front of its check value; empty when the check does not fit. */
static kd_bytes cursor_believe(const kd_cursor_question *q, const uint8_t *bytes, size_t len)
{
    uint8_t check[KD_CURSOR_CHECK];
    if (len <= KD_CURSOR_CHECK) return kd_bytes_of(NULL, 0);
    kd_bytes key = kd_bytes_of(bytes, len - KD_CURSOR_CHECK);
    cursor_check(q, key, check);
    return memcmp(check, bytes + key.len, sizeof(check)) == 0 ? key : kd_bytes_of(NULL, 0);
}

bool kd_cursor_read(kd_http_request *req, const kd_cursor_question *question, kd_bytes *key, kd_refusal *why)
{
    kd_bytes text;
    size_t len = 0;
    *key = kd_bytes_of(NULL, 0);
    if (!kd_query_find(req->query, "cursor", &text)) return true;
    uint8_t *bytes = kd_http_request_alloc(req, KD_CURSOR_MAX);
    if (sodium_base642bin(bytes, KD_CURSOR_MAX, (const char *)text.data, text.len, NULL, &len, NULL,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0)
        *key = cursor_believe(question, bytes, len);
    if (key->len > 0) return true;
    *why = (kd_refusal){KD_PROBLEM_INVALID_REQUEST, "not a cursor of an answer to this question", "cursor"};
    return false;
}

size_t kd_cursor_write(const kd_cursor_question *question, kd_bytes key, char *out)
{
    uint8_t bytes[KD_CURSOR_MAX];
    KD_ASSERT(key.len <= KD_CURSOR_MAX - KD_CURSOR_CHECK);
    if (key.len == 0) return 0;
    memcpy(bytes, key.data, key.len);
    cursor_check(question, key, bytes + key.len);
    sodium_bin2base64(out, KD_CURSOR_TEXT_MAX, bytes, key.len + KD_CURSOR_CHECK,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return strlen(out);
}
