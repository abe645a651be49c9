/*
 * fuzz_token.c - any bytes as a session token of a user: the first byte is the length of the name. Whatever is accepted must be the one
 * text that this key gives for its time, since a token that can be written in two ways can be forged in one.
 */
#include <string.h>

#include "common/io/session.h"

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
    uint64_t time_us = 0;
    char text[KD_SESSION_TEXT + 1];
    if (kd_session_decode(&key, token, user, &time_us) == KD_OK) {
        kd_session_encode(&key, time_us, user, text);
        KD_ASSERT(kd_bytes_eq(token, kd_bytes_str(text)));
    }
    /* And the way back for any time and user; one bit off is another token. */
    memcpy(&time_us, data, KD_MIN(size, sizeof(time_us)));
    uint64_t again = ~time_us;
    kd_session_encode(&key, time_us, user, text);
    KD_ASSERT(kd_session_decode(&key, kd_bytes_str(text), user, &again) == KD_OK && again == time_us);
    text[data[0] % KD_SESSION_TEXT] ^= 1;
    KD_ASSERT(kd_session_decode(&key, kd_bytes_str(text), user, &again) == KD_EMALFORMED);
    return 0;
}
