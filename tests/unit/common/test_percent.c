/* test_percent.c - percent-decoding, query strings, path segments. */
#include <criterion/criterion.h>

#include "kudos/percent.h"

static int decode(const char *in, size_t cap, char *out)
{
    size_t len = 999;
    int err = kd_percent_decode(kd_bytes_str(in), (uint8_t *)out, cap, &len);
    if (err == KD_OK)
        out[len] = '\0';
    else
        cr_assert_eq(len, 999, "length is untouched on error");
    return err;
}

Test(percent, decodes)
{
    char out[32];
    cr_assert_eq(decode("a%2Fb%2f+%41", 31, out), KD_OK);
    cr_assert_str_eq(out, "a/b/+A");
    cr_assert_eq(decode("", 0, out), KD_OK);
    cr_assert_eq(decode("%25%32%35", 31, out), KD_OK);
    cr_assert_str_eq(out, "%25", "decoded once, not twice");
}

Test(percent, keeps_nul_and_high_bytes)
{
    uint8_t out[3];
    size_t len;
    cr_assert_eq(kd_percent_decode(kd_bytes_str("%00%ffz"), out, 3, &len), KD_OK);
    cr_assert_eq(len, 3);
    cr_assert_arr_eq(out, "\0\xffz", 3);
}

Test(percent, refuses_a_percent_sign_without_two_hex_digits)
{
    static const char *const bad[] = {"%", "%4", "a%", "%g0", "%0g", "%%41", "% 1", "%4:"};
    char out[32];
    for (size_t i = 0; i < KD_COUNT(bad); i++)
        cr_assert_eq(decode(bad[i], 31, out), KD_EMALFORMED, "%s", bad[i]);
}

Test(percent, holds_the_limit)
{
    char out[4];
    cr_assert_eq(decode("abc", 3, out), KD_OK);
    cr_assert_eq(decode("%61bc", 3, out), KD_OK);
    cr_assert_eq(decode("abcd", 3, out), KD_ETOOBIG);
}

Test(percent, decodes_in_place)
{
    char text[] = "x%41%42y";
    size_t len;
    cr_assert_eq(kd_percent_decode(kd_bytes_str(text), (uint8_t *)text, sizeof(text), &len), KD_OK);
    cr_assert_eq(len, 4);
    cr_assert_arr_eq(text, "xABy", 4);
}

static bool found(const char *query, const char *name, const char *wanted)
{
    kd_bytes value;
    if (!kd_query_find(kd_bytes_str(query), name, &value)) return wanted == NULL;
    return wanted != NULL && kd_bytes_eq(value, kd_bytes_str(wanted));
}

Test(query, finds_the_first_of_a_name)
{
    cr_assert(found("a=1&b=2&a=3", "a", "1"));
    cr_assert(found("a=1&b=2", "b", "2"));
    cr_assert(found("ab=1&a=x=y", "a", "x=y"));
    cr_assert(found("a&b=", "a", ""));
    cr_assert(found("a&b=", "b", ""));
    cr_assert(found("a=1", "b", NULL));
    cr_assert(found("", "a", NULL));
    cr_assert(found("&&a=1", "a", "1"));
}
