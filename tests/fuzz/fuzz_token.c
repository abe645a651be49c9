/*
 * fuzz_token.c - any bytes as a session token of a user: the first byte is the length of the name. Whatever is accepted must be the one
 * text that this key gives for its content: if a token had two spellings, one of them could be made without the key.
 */
#include <string.h>

#include "common/io/http/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
    if (kd_session_decode(&key, token, user, &seen) == KD_OK && token.len == KD_SESSION_TEXT) {
        kd_session_encode(&key, &seen, user, text);
        KD_ASSERT(kd_bytes_eq(token, kd_bytes_str(text)));
    }
    /* And the way back for any times and user; one bit off is another token. */
    memcpy(&seen, data, KD_MIN(size, sizeof(seen)));
    kd_session_encode(&key, &seen, user, text);
    KD_ASSERT(kd_session_decode(&key, kd_bytes_str(text), user, &again) == KD_OK);
    for (uint32_t i = 0; i < KD_SEEN_EDGES; i++)
        KD_ASSERT(again.at[i].time_us == seen.at[i].time_us && again.at[i].life == seen.at[i].life);
    text[data[0] % KD_SESSION_TEXT] ^= 1;
    KD_ASSERT(kd_session_decode(&key, kd_bytes_str(text), user, &again) == KD_EMALFORMED);
    /* The text that an edge sends to central reads back, but for the lives; any other bytes are read or refused. */
    char told[KD_SEEN_TEXT_MAX];
    size_t len = kd_seen_text(&seen, told);
    KD_ASSERT(kd_seen_parse(kd_bytes_of(told, len), &again) && again.rest_us == seen.rest_us);
    kd_seen_parse(token, &again);
    return 0;
}
