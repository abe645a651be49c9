/* test_session.c - the causality token cannot be made, moved to another user or changed without the key. */
#include "common/io/session.h"

#include <criterion/criterion.h>

static kd_session_key key_of(const char *secret)
{
    kd_session_key key;
    cr_assert_eq(kd_session_key_derive(&key, kd_bytes_str(secret)), KD_OK);
    return key;
}

Test(session, comes_back_as_it_went)
{
    static const uint64_t times[] = {0, 1, 1767323045678901u, UINT64_MAX};
    kd_session_key key = key_of("0123456789abcdef-secret");
    char user[KD_ID_MAX], token[KD_SESSION_TEXT + 1];
    memset(user, 'u', sizeof user);
    for (size_t i = 0; i < KD_COUNT(times); i++) {
        uint64_t time_us = 42;
        kd_session_encode(&key, times[i], kd_bytes_of(user, sizeof user), token);
        cr_assert_eq(strlen(token), 34);
        cr_assert_eq(strspn(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), 34);
        cr_assert_eq(kd_session_decode(&key, kd_bytes_str(token), kd_bytes_of(user, sizeof user), &time_us),
                     KD_OK);
        cr_expect_eq(time_us, times[i]);
    }
}

Test(session, any_changed_bit_is_refused)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    kd_session_key key = key_of("0123456789abcdef-secret");
    char token[KD_SESSION_TEXT + 1], changed[KD_SESSION_TEXT + 1];
    uint64_t time_us = 42;
    kd_session_encode(&key, 1767323045678901u, kd_bytes_str("ann"), token);
    for (size_t i = 0; i < KD_SESSION_TEXT; i++) {
        for (const char *c = alphabet; *c != 0; c++) {
            if (*c == token[i]) continue;
            memcpy(changed, token, sizeof token);
            changed[i] = *c;
            cr_assert_eq(kd_session_decode(&key, kd_bytes_str(changed), kd_bytes_str("ann"), &time_us),
                         KD_EMALFORMED);
        }
    }
    cr_expect_eq(time_us, 42);
}

Test(session, other_user_key_or_shape_is_refused)
{
    kd_session_key key = key_of("0123456789abcdef-secret"), other = key_of("0123456789abcdef-Secret");
    char token[KD_SESSION_TEXT + 2];
    uint64_t time_us;
    kd_session_encode(&key, 1767323045678901u, kd_bytes_str("ann"), token);
    kd_bytes text = kd_bytes_str(token);
    cr_expect_eq(kd_session_decode(&key, text, kd_bytes_str("anne"), &time_us), KD_EMALFORMED);
    cr_expect_eq(kd_session_decode(&key, text, kd_bytes_str(""), &time_us), KD_EMALFORMED);
    cr_expect_eq(kd_session_decode(&other, text, kd_bytes_str("ann"), &time_us), KD_EMALFORMED);
    cr_expect_eq(kd_session_decode(&key, kd_bytes_str(""), kd_bytes_str("ann"), &time_us), KD_EMALFORMED);
    cr_expect_eq(kd_session_decode(&key, kd_bytes_of(token, 33), kd_bytes_str("ann"), &time_us),
                 KD_EMALFORMED);
    token[34] = '=', token[35] = 0;
    cr_expect_eq(kd_session_decode(&key, kd_bytes_str(token), kd_bytes_str("ann"), &time_us), KD_EMALFORMED);
    token[3] = '+', token[34] = 0;
    cr_expect_eq(kd_session_decode(&key, kd_bytes_str(token), kd_bytes_str("ann"), &time_us), KD_EMALFORMED);
}

Test(session, keys_come_from_hex_or_raw_secrets_that_are_long_enough)
{
    kd_session_key hex = key_of("6b31323334353637383961626364656b"),
                   lines = key_of("6b31323334353637383961626364656b\n");
    kd_session_key raw = key_of("k123456789abcdek"), key;
    cr_expect_eq(memcmp(&hex, &lines, sizeof hex), 0);
    cr_expect_eq(memcmp(&hex, &raw, sizeof hex), 0, "hexadecimal text stands for its bytes");
    cr_expect_eq(kd_session_key_derive(&key, kd_bytes_str("0123456789abcde")), KD_EINVAL);
    cr_expect_eq(kd_session_key_derive(&key, kd_bytes_str("30313233343536373839616263")), KD_EINVAL, "13 bytes");
    cr_expect_eq(kd_session_key_derive(&key, kd_bytes_str("")), KD_EINVAL);
    cr_expect_eq(kd_session_key_read(&key, "/nonexistent/key"), KD_ENOTFOUND);
}
