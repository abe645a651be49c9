/*
 * fuzz_token.c - any bytes as a session token of a user: the first byte is the length of the name; and as a token of a visitor. Whatever is accepted must
 * be the one text that this key gives for its content: if a token had two spellings, one of them could be made without the key.
 */
#include <string.h>

#include "common/io/http/session.h"
#include "common/io/http/visitor.h"
#include "kudos/id.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As it came, and with the prefix that a fuzzer finds only by chance; then a good one, with one bit off. */
static void try_visitor(kd_bytes text, uint8_t at)
{
    static kd_keyring ring;
    static const char keys[] = "1 visitors 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    char error[128], token[KD_VISITOR_TEXT + 1] = "kudos-visitor~", id[KD_VISITOR_ID];
    kd_visitor v = {.good_until_s = 1};
    if (ring.count == 0) KD_ASSERT(kd_keyring_parse(&ring, kd_bytes_str(keys), error, sizeof error) == KD_OK);
    KD_ASSERT(kd_visitor_decode(&ring, text, 0, &v) != KD_VISITOR_GOOD || text.len == KD_VISITOR_TEXT);
    size_t prefix = strlen(token), n = KD_MIN(text.len, (size_t)KD_VISITOR_TEXT - prefix);
    if (n > 0) memcpy(token + prefix, text.data, n);
    if (kd_visitor_decode(&ring, kd_bytes_of(token, prefix + n), 0, &v) == KD_VISITOR_GOOD) {
        char again[KD_VISITOR_TEXT + 1];
        kd_visitor_encode(&ring, &v, again);
        KD_ASSERT(memcmp(token, again, KD_VISITOR_TEXT) == 0);
    }
    memcpy(v.pseudonym, token + prefix, sizeof v.pseudonym);
    kd_visitor_id(&v, id);
    KD_ASSERT(kd_id_valid(kd_bytes_of(id, sizeof id)) && kd_id_visitor(kd_bytes_of(id, sizeof id)));
    v.good_until_s = 1 + at;
    kd_visitor_encode(&ring, &v, token);
    KD_ASSERT(kd_visitor_decode(&ring, kd_bytes_str(token), at, &v) == KD_VISITOR_GOOD);
    KD_ASSERT(kd_visitor_decode(&ring, kd_bytes_str(token), 1u + at, &v) == KD_VISITOR_EXPIRED);
    token[at % KD_VISITOR_TEXT] ^= 1;
    KD_ASSERT(kd_visitor_decode(&ring, kd_bytes_str(token), 0, &v) != KD_VISITOR_GOOD);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static kd_session_key key;
    static bool ready;
    if (!ready) ready = kd_session_key_derive(&key, kd_bytes_str("a secret of the fuzzer's")) == KD_OK;
    if (size == 0) return 0;
    size_t user_len = KD_MIN((size_t)data[0] % (KD_ID_MAX + 1), size - 1);
    kd_bytes user = kd_bytes_of(data + 1, user_len);
    kd_bytes token = kd_bytes_of(data + 1 + user_len, size - 1 - user_len);
    kd_seen seen = {.rest_us = 0}, again;
    char text[KD_SESSION_TEXT + 1];
    if (kd_session_decode(&key, token, user, &seen) == KD_OK) {
        /* Of another length: an older version, or the long form where the short one suffices. */
        size_t length = kd_session_encode(&key, &seen, user, text);
        KD_ASSERT(length != token.len || kd_bytes_eq(token, kd_bytes_str(text)));
    }
    /* And the way back for any times and user; one bit off is another token. */
    memcpy(&seen, data, KD_MIN(size, sizeof(seen)));
    size_t text_len = kd_session_encode(&key, &seen, user, text);
    KD_ASSERT(kd_session_decode(&key, kd_bytes_str(text), user, &again) == KD_OK);
    for (uint32_t i = 0; i < KD_SEEN_EDGES; i++)
        KD_ASSERT(again.at[i].time_us == seen.at[i].time_us && again.at[i].life == seen.at[i].life);
    text[data[0] % text_len] ^= 1;
    KD_ASSERT(kd_session_decode(&key, kd_bytes_str(text), user, &again) == KD_EMALFORMED);
    /* The text that an edge sends to central reads back, but for the lives; any other bytes are read or refused. */
    char told[KD_SEEN_TEXT_MAX];
    size_t len = kd_seen_text(&seen, told);
    KD_ASSERT(kd_seen_parse(kd_bytes_of(told, len), &again) && again.rest_us == seen.rest_us);
    kd_seen_parse(token, &again);
    try_visitor(token, data[0]);
    return 0;
}
