/* test_session.c - the causality token cannot be made, moved to another user or changed without the key. */
#include "common/io/http/session.h"

#include "common/conf/options.h"

#include <criterion/criterion.h>

static kd_session_key key_of(const char *secret)
{
    kd_session_key key;
    cr_assert_eq(kd_session_key_derive(&key, kd_bytes_str(secret)), KD_OK);
    return key;
}

static const kd_seen spoken = {.at = {{1767323045678901u, 7, 8}, {1767323045000000u, 9, 10}}, .rest_us = 12};

static bool same(const kd_seen *a, const kd_seen *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

Test(session, comes_back_as_it_went)
{
    static const uint64_t times[] = {0, 1, 1767323045678901u, UINT64_MAX};
    kd_session_key key = key_of("0123456789abcdef-secret");
    char user[KD_ID_MAX], token[KD_SESSION_TEXT + 1];
    memset(user, 'u', sizeof user);
    for (size_t i = 0; i < KD_COUNT(times); i++) {
        kd_seen seen = spoken, back = {.rest_us = 42};
        seen.at[0].time_us = seen.rest_us = times[i];
        kd_session_encode(&key, &seen, kd_bytes_of(user, sizeof user), token);
        cr_assert_eq(strlen(token), 76);
        cr_assert_eq(strspn(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), 76);
        cr_assert_eq(kd_session_decode(&key, kd_bytes_str(token), kd_bytes_of(user, sizeof user), &back),
                     KD_OK);
        cr_expect(same(&back, &seen));
    }
}

Test(session, of_one_edge_is_short)
{
    kd_session_key key = key_of("0123456789abcdef-secret");
    kd_seen seen = {.at = {{1767323045678901u, 7, 8}}}, back = spoken;
    char token[KD_SESSION_TEXT + 1];
    cr_expect_eq(kd_session_encode(&key, &seen, kd_bytes_str("ann"), token), 44);
    cr_expect_eq(strlen(token), 44);
    cr_expect_eq(kd_session_decode(&key, kd_bytes_str(token), kd_bytes_str("ann"), &back), KD_OK);
    cr_expect(same(&back, &seen));
    cr_expect_eq(kd_session_decode(&key, kd_bytes_str(token), kd_bytes_str("bob"), &back), KD_EMALFORMED);
    token[44] = 'A', token[45] = 0;
    cr_expect_eq(kd_session_decode(&key, kd_bytes_str(token), kd_bytes_str("ann"), &back), KD_EMALFORMED);
}

Test(session, of_several_edges_is_whole)
{
    kd_session_key key = key_of("0123456789abcdef-secret");
    static const kd_seen several[] = {
        {.at = {{5, 7, 8}, {4, 9, 10}}},
        {.at = {{5, 7, 8}}, .rest_us = 3},
        {.rest_us = 3},
    };
    char token[KD_SESSION_TEXT + 1];
    for (size_t i = 0; i < KD_COUNT(several); i++) {
        kd_seen back = spoken;
        cr_expect_eq(kd_session_encode(&key, &several[i], kd_bytes_str("ann"), token), KD_SESSION_TEXT);
        cr_expect_eq(kd_session_decode(&key, kd_bytes_str(token), kd_bytes_str("ann"), &back), KD_OK);
        cr_expect(same(&back, &several[i]));
    }
}

/* Made by the program before this one, for ann, with this secret. */
Test(session, a_token_of_one_time_is_still_read_and_stands_for_any_edge)
{
    kd_session_key key = key_of("0123456789abcdef-secret");
    kd_seen seen = spoken;
    cr_assert_eq(kd_session_decode(&key, kd_bytes_str("AQAGR172V0819DnnbbxaOA2USeD-1yXeoQ"),
                                   kd_bytes_str("ann"), &seen),
                 KD_OK);
    cr_expect_eq(seen.rest_us, 1767323045678901u);
    cr_expect_eq(seen.at[0].time_us, 0);
    cr_expect_eq(seen.at[1].time_us, 0);
    cr_expect_eq(kd_session_decode(&key, kd_bytes_str("AQAGR172V0819DnnbbxaOA2USeD-1yXeoQ"),
                                   kd_bytes_str("bob"), &seen),
                 KD_EMALFORMED);
}

static void any_changed_bit_is_refused(const kd_seen *told)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    kd_session_key key = key_of("0123456789abcdef-secret");
    char token[KD_SESSION_TEXT + 1], changed[KD_SESSION_TEXT + 1];
    kd_seen seen = {.rest_us = 42}, untouched = seen;
    size_t len = kd_session_encode(&key, told, kd_bytes_str("ann"), token);
    for (size_t i = 0; i < len; i++) {
        for (const char *c = alphabet; *c != 0; c++) {
            if (*c == token[i]) continue;
            memcpy(changed, token, sizeof token);
            changed[i] = *c;
            cr_assert_eq(kd_session_decode(&key, kd_bytes_str(changed), kd_bytes_str("ann"), &seen),
                         KD_EMALFORMED);
        }
    }
    cr_expect(same(&seen, &untouched));
}

Test(session, any_changed_bit_is_refused)
{
    kd_seen one_edge = {.at = {{1767323045678901u, 7, 8}}};
    any_changed_bit_is_refused(&spoken);
    any_changed_bit_is_refused(&one_edge);
}

Test(session, other_user_key_or_shape_is_refused)
{
    kd_session_key key = key_of("0123456789abcdef-secret"), other = key_of("0123456789abcdef-Secret");
    char token[KD_SESSION_TEXT + 2];
    kd_seen seen;
    kd_session_encode(&key, &spoken, kd_bytes_str("ann"), token);
    kd_bytes text = kd_bytes_str(token);
    cr_expect_eq(kd_session_decode(&key, text, kd_bytes_str("anne"), &seen), KD_EMALFORMED);
    cr_expect_eq(kd_session_decode(&key, text, kd_bytes_str(""), &seen), KD_EMALFORMED);
    cr_expect_eq(kd_session_decode(&other, text, kd_bytes_str("ann"), &seen), KD_EMALFORMED);
    cr_expect_eq(kd_session_decode(&key, kd_bytes_str(""), kd_bytes_str("ann"), &seen), KD_EMALFORMED);
    cr_expect_eq(kd_session_decode(&key, kd_bytes_of(token, 75), kd_bytes_str("ann"), &seen), KD_EMALFORMED);
    cr_expect_eq(kd_session_decode(&key, kd_bytes_of(token, 34), kd_bytes_str("ann"), &seen), KD_EMALFORMED);
    token[76] = '=', token[77] = 0;
    cr_expect_eq(kd_session_decode(&key, kd_bytes_str(token), kd_bytes_str("ann"), &seen), KD_EMALFORMED);
    token[3] = '+', token[76] = 0;
    cr_expect_eq(kd_session_decode(&key, kd_bytes_str(token), kd_bytes_str("ann"), &seen), KD_EMALFORMED);
}

Test(session, keys_come_from_hex_or_raw_secrets_that_are_long_enough)
{
    kd_session_key hex = key_of("6b31323334353637383961626364656b"),
                   lines = key_of("6b31323334353637383961626364656b\n");
    kd_session_key raw = key_of("k123456789abcdek"), key;
    cr_expect_eq(memcmp(&hex, &lines, sizeof hex), 0);
    cr_expect_eq(memcmp(&hex, &raw, sizeof hex), 0, "hexadecimal text stands for its bytes");
    cr_expect_eq(kd_session_key_derive(&key, kd_bytes_str("0123456789abcde")), KD_EINVAL);
    cr_expect_eq(kd_session_key_derive(&key, kd_bytes_str("30313233343536373839616263")), KD_EINVAL,
                 "13 bytes");
    cr_expect_eq(kd_session_key_derive(&key, kd_bytes_str("")), KD_EINVAL);
    char error[KD_OPTIONS_ERROR_MAX] = "";
    cr_expect_eq(kd_session_key_read(&key, "a.b", "/nonexistent/key", error), KD_EINVAL);
    cr_expect_str_eq(error, "a.b: there is no such file", "the path is not shown: it may be the secret");
}
