/* visitor.c - see the header. */
#include "common/io/http/visitor.h"

#include <sodium.h>

#include "common/wire/mac.h"
#include "kudos/id.h"

#define TOKEN_PREFIX "kudos-visitor~"

enum {
    VISITOR_VERSION = 1,
    VISITOR_HEAD = 1 + 4 + KD_PSEUDONYM_BYTES + 8,
    VISITOR_TOKEN = VISITOR_HEAD + KD_MAC_BYTES,
    VISITOR_PREFIX = sizeof TOKEN_PREFIX - 1,
    VISITOR_BASE64 = sodium_base64_VARIANT_URLSAFE_NO_PADDING
};

_Static_assert(KD_VISITOR_TEXT == VISITOR_PREFIX + VISITOR_TOKEN * 4 / 3, "45 bytes, 60 characters");
_Static_assert(KD_VISITOR_ID == sizeof KD_VISITOR_PREFIX - 1 + (KD_PSEUDONYM_BYTES * 8 + 5) / 6,
               "16 bytes, 22 characters");

const char *kd_visitor_fault_detail(kd_visitor_fault fault)
{
#define DETAIL(id, name, detail) detail,
    static const char *const details[] = {KD_VISITOR_FAULTS(DETAIL)};
#undef DETAIL
    return details[fault];
}

void kd_visitor_draw(kd_visitor *v)
{
    KD_ASSERT(sodium_init() >= 0);
    randombytes_buf(v->pseudonym, sizeof v->pseudonym);
}

void kd_visitor_id(const kd_visitor *v, char *out)
{
    char text[KD_VISITOR_ID + 1];
    size_t n = sizeof KD_VISITOR_PREFIX - 1;
    sodium_bin2base64(text + n, sizeof text - n, v->pseudonym, sizeof v->pseudonym, VISITOR_BASE64);
    memcpy(text, KD_VISITOR_PREFIX, n);
    memcpy(out, text, KD_VISITOR_ID);
}

static void visitor_mac(const kd_record_key *key, const uint8_t head[VISITOR_HEAD], uint8_t mac[KD_MAC_BYTES])
{
    static const char domain[] = "kudos visitor 1";
    uint8_t text[sizeof domain - 1 + VISITOR_HEAD];
    memcpy(text, domain, sizeof domain - 1);
    memcpy(text + sizeof domain - 1, head, VISITOR_HEAD);
    int err = crypto_generichash(mac, KD_MAC_BYTES, text, sizeof text, key->bytes, sizeof key->bytes);
    KD_ASSERT(err == 0);
}

void kd_visitor_encode(const kd_keyring *ring, const kd_visitor *v, char *out)
{
    uint8_t token[VISITOR_TOKEN] = {0};
    kd_buf head = {.data = token, .cap = sizeof token};
    const kd_record_key *key = kd_mac_signer(ring, KD_FLOW_VISITORS, (kd_bytes){0}, NULL);
    KD_ASSERT(key);
    kd_buf_put_u8(&head, VISITOR_VERSION);
    kd_buf_put_be32(&head, key->id);
    kd_buf_put(&head, v->pseudonym, sizeof v->pseudonym);
    kd_buf_put_be64(&head, v->good_until_s);
    KD_ASSERT(head.len == VISITOR_HEAD);
    visitor_mac(key, token, token + VISITOR_HEAD);
    memcpy(out, TOKEN_PREFIX, VISITOR_PREFIX);
    sodium_bin2base64(out + VISITOR_PREFIX, KD_VISITOR_TEXT + 1 - VISITOR_PREFIX, token, sizeof token,
                      VISITOR_BASE64);
}

bool kd_visitor_meant(kd_bytes token)
{
    return token.len >= VISITOR_PREFIX && memcmp(token.data, TOKEN_PREFIX, VISITOR_PREFIX) == 0;
}

static bool visitor_read_text(kd_bytes text, uint8_t token[VISITOR_TOKEN])
{
    size_t len = 0;
    const char *rest = (const char *)text.data + VISITOR_PREFIX;
    return text.len == KD_VISITOR_TEXT && kd_visitor_meant(text) &&
           sodium_base642bin(token, VISITOR_TOKEN, rest, text.len - VISITOR_PREFIX, NULL, &len, NULL,
                             VISITOR_BASE64) == 0 &&
           len == VISITOR_TOKEN && token[0] == VISITOR_VERSION;
}

kd_visitor_fault kd_visitor_decode(const kd_keyring *ring, kd_bytes text, uint64_t now_s, kd_visitor *v)
{
    uint8_t token[VISITOR_TOKEN], mac[KD_MAC_BYTES];
    if (!visitor_read_text(text, token)) return KD_VISITOR_MALFORMED;
    kd_reader r = kd_reader_of(kd_bytes_of(token + 1, VISITOR_HEAD - 1));
    const kd_record_key *key = kd_record_key_by_id(ring, kd_read_be32(&r));
    if (!key || !kd_record_key_fits(key, KD_FLOW_VISITORS, (kd_bytes){0})) return KD_VISITOR_UNKNOWN_KEY;
    visitor_mac(key, token, mac);
    if (sodium_memcmp(mac, token + VISITOR_HEAD, sizeof mac) != 0) return KD_VISITOR_SIGNATURE;
    memcpy(v->pseudonym, kd_read_bytes(&r, KD_PSEUDONYM_BYTES).data, KD_PSEUDONYM_BYTES);
    v->good_until_s = kd_read_be64(&r);
    return now_s < v->good_until_s ? KD_VISITOR_GOOD : KD_VISITOR_EXPIRED;
}
