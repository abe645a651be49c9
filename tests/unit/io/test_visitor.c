/* test_visitor.c - the token of a visitor cannot be made, changed or kept beyond its time without a key; and names nobody but a visitor. */
#include "common/io/http/visitor.h"

#include <criterion/criterion.h>

#include "kudos/id.h"

#define KEY_A "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define KEY_B "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"
/* Made by another program (Python's hashlib): key 7 is KEY_A, the pseudonym 0 to 15, good until second 1800000000. */
#define GOLDEN "kudos-visitor~AQAAAAcAAQIDBAUGBwgJCgsMDQ4PAAAAAGtJ0gBWNJa6pv2L2WrM9J_1slj5"
#define GOLDEN_ID "visitor~AAECAwQFBgcICQoLDA0ODw"

static const uint64_t UNTIL = 1800000000;
static kd_keyring ring;
static kd_visitor seen;

static void keys(const char *text)
{
    char error[256] = "";
    cr_assert_eq(kd_keyring_parse(&ring, kd_bytes_str(text), error, sizeof error), KD_OK, "%s", error);
}

static kd_visitor_fault read_at(const char *token, uint64_t now_s)
{
    return kd_visitor_decode(&ring, kd_bytes_str(token), now_s, &seen);
}

static void sign(char *token)
{
    kd_visitor v = {.good_until_s = UNTIL};
    kd_visitor_draw(&v);
    kd_visitor_encode(&ring, &v, token);
}

Test(visitor, the_token_is_that_of_the_golden_vector)
{
    char token[KD_VISITOR_TEXT + 1], id[KD_VISITOR_ID];
    kd_visitor v = {.good_until_s = UNTIL};
    for (uint8_t i = 0; i < KD_PSEUDONYM_BYTES; i++) v.pseudonym[i] = i;
    keys("7 visitors " KEY_A);
    kd_visitor_encode(&ring, &v, token);
    cr_expect_str_eq(token, GOLDEN);
    kd_visitor_id(&v, id);
    cr_expect(kd_bytes_eq(kd_bytes_of(id, sizeof id), kd_bytes_str(GOLDEN_ID)));
    cr_expect_eq(read_at(GOLDEN, UNTIL - 1), KD_VISITOR_GOOD);
    cr_expect_arr_eq(seen.pseudonym, v.pseudonym, sizeof v.pseudonym);
    cr_expect_eq(seen.good_until_s, UNTIL);
}

Test(visitor, an_id_is_valid_and_reserved)
{
    char id[KD_VISITOR_ID], other[KD_VISITOR_ID];
    kd_visitor v;
    kd_visitor_draw(&v);
    kd_visitor_id(&v, id);
    cr_expect(kd_id_valid(kd_bytes_of(id, sizeof id)));
    cr_expect(kd_id_visitor(kd_bytes_of(id, sizeof id)));
    kd_visitor_draw(&v);
    kd_visitor_id(&v, other);
    cr_expect_arr_neq(id, other, sizeof id, "each is drawn anew");
    static const char *const users[] = {"", "v", "visitor", "visitor-", "Visitor~1", "ada", "1visitor~"};
    for (size_t i = 0; i < KD_COUNT(users); i++)
        cr_expect_not(kd_id_visitor(kd_bytes_str(users[i])), "%zu", i);
    cr_expect(kd_id_visitor(kd_bytes_str("visitor~")));
}

Test(visitor, a_token_is_never_taken_for_a_jwt_nor_a_jwt_for_it)
{
    char token[KD_VISITOR_TEXT + 1];
    keys("7 visitors " KEY_A);
    sign(token);
    cr_expect_null(strchr(token, '.'), "a JWT has two dots");
    cr_expect(kd_visitor_meant(kd_bytes_str(token)));
    cr_expect_not(kd_visitor_meant(kd_bytes_str("eyJhbGciOiJFUzI1NiJ9.e30.c2ln")));
    cr_expect_not(kd_visitor_meant(kd_bytes_str("")));
    cr_expect_not(kd_visitor_meant(kd_bytes_str("kudos-visitor")));
}

Test(visitor, any_changed_character_is_refused)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_~=.+/ ";
    char token[KD_VISITOR_TEXT + 1], changed[KD_VISITOR_TEXT + 1];
    keys("7 visitors " KEY_A "\n8 visitors " KEY_B);
    sign(token);
    for (size_t i = 0; i < KD_VISITOR_TEXT; i++) {
        for (const char *c = alphabet; *c != 0; c++) {
            if (*c == token[i]) continue;
            memcpy(changed, token, sizeof token);
            changed[i] = *c;
            cr_assert_neq(read_at(changed, 0), KD_VISITOR_GOOD, "%zu", i);
        }
    }
    cr_expect_eq(read_at(token, 0), KD_VISITOR_GOOD);
}

Test(visitor, it_expires_in_its_second)
{
    char token[KD_VISITOR_TEXT + 1];
    keys("7 visitors " KEY_A);
    sign(token);
    cr_expect_eq(read_at(token, UNTIL - 1), KD_VISITOR_GOOD);
    cr_expect_eq(read_at(token, UNTIL), KD_VISITOR_EXPIRED);
    cr_expect_eq(read_at(token, UINT64_MAX), KD_VISITOR_EXPIRED);
}

Test(visitor, a_token_that_is_cut_or_too_long_is_malformed)
{
    char token[KD_VISITOR_TEXT + 2];
    keys("7 visitors " KEY_A);
    sign(token);
    for (size_t n = 0; n < KD_VISITOR_TEXT; n++)
        cr_assert_eq(kd_visitor_decode(&ring, kd_bytes_of(token, n), 0, &seen), KD_VISITOR_MALFORMED, "%zu",
                     n);
    token[KD_VISITOR_TEXT] = 'A', token[KD_VISITOR_TEXT + 1] = 0;
    cr_expect_eq(read_at(token, 0), KD_VISITOR_MALFORMED);
    token[KD_VISITOR_TEXT] = '=';
    cr_expect_eq(read_at(token, 0), KD_VISITOR_MALFORMED);
}

Test(visitor, the_first_key_signs_and_all_are_believed_so_that_keys_can_be_changed)
{
    char old[KD_VISITOR_TEXT + 1], token[KD_VISITOR_TEXT + 1];
    keys("7 visitors " KEY_A);
    sign(old);
    keys("8 visitors " KEY_B "\n7 visitors " KEY_A);
    sign(token);
    cr_expect_eq(read_at(old, 0), KD_VISITOR_GOOD);
    cr_expect_eq(read_at(token, 0), KD_VISITOR_GOOD);
    keys("7 visitors " KEY_A);
    cr_expect_eq(read_at(token, 0), KD_VISITOR_UNKNOWN_KEY, "it was the first one that signed");
    keys("8 visitors " KEY_B);
    cr_expect_eq(read_at(old, 0), KD_VISITOR_UNKNOWN_KEY);
    keys("7 visitors " KEY_B);
    cr_expect_eq(read_at(old, 0), KD_VISITOR_SIGNATURE, "another key of the same number");
}

Test(visitor, a_key_of_another_holder_signs_no_tokens_and_is_not_believed)
{
    static const char *const others[] = {"7 edge:a " KEY_A, "7 edge:* " KEY_A, "7 central " KEY_A,
                                         "7 changes " KEY_A};
    char error[256];
    keys("7 * " KEY_A);
    cr_expect_eq(kd_keyring_check_visitors(&ring, kd_bytes_str(""), error, sizeof error), KD_OK);
    cr_expect_eq(read_at(GOLDEN, 0), KD_VISITOR_GOOD, "everything includes visitors");
    for (size_t i = 0; i < KD_COUNT(others); i++) {
        keys(others[i]);
        cr_expect_eq(read_at(GOLDEN, 0), KD_VISITOR_UNKNOWN_KEY, "%zu", i);
        cr_expect_eq(kd_keyring_check_visitors(&ring, kd_bytes_str(""), error, sizeof error), KD_EINVAL);
    }
}
