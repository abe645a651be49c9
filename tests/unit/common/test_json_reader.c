/* test_json_reader.c - the pull parser: what it accepts, what it refuses, and that views into the scratch buffer do not move.
 */
#include <criterion/criterion.h>

#include "common/json/json_reader.h"

static kd_buf scratch;

static bool whole(const char *text)
{
    kd_json_in j = kd_json_in_of(kd_bytes_str(text), &scratch);
    return kd_json_in_skip(&j) && kd_json_in_end(&j);
}

Test(json_reader, takes_json)
{
    static const char *const good[] = {
        "{}",   "[]",   " [ 1 , -0.5e+3, \"a\\u00e9\\ud83d\\ude00\" ] ",
        "true", "null", "{\"a\":{\"b\":[[],{}]},\"c\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}",
        "0",    "-0"};
    for (size_t i = 0; i < KD_COUNT(good); i++) cr_expect(whole(good[i]), "%s", good[i]);
}

Test(json_reader, refuses_other_text)
{
    static const char *const bad[] = {
        "",
        " ",
        "{",
        "[1,]",
        "[1 2]",
        "{\"a\"}",
        "{\"a\":}",
        "{a:1}",
        "{\"a\":1,}",
        "[,1]",
        "01",
        "1.",
        "1e",
        "-",
        "+1",
        "\"",
        "\"\n\"",
        "\"\\x\"",
        "\"\\u12",
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\\ud800\\u0041\"",
        "tru",
        "nul",
        "NaN",
        "[1]]",
        "{}{}",
        "[}",
        "{]",
    };
    for (size_t i = 0; i < KD_COUNT(bad); i++) cr_expect_not(whole(bad[i]), "%s", bad[i]);
}

/* Strings are looked through by words, so each place in one and behind the last one counts. */
Test(json_reader, a_string_ends_at_its_first_quote_wherever_that_stands)
{
    enum { LONGEST = 40 };
    for (size_t len = 1; len <= LONGEST; len++) {
        for (size_t place = 0; place < len; place++) {
            for (uint32_t c = 0; c < 256; c++) {
                uint8_t text[LONGEST + 2] = "\"";
                memset(text + 1, 'x', len);
                text[1 + place] = (uint8_t)c;
                text[1 + len] = '"';
                kd_bytes value;
                kd_json_in j = kd_json_in_of(kd_bytes_of(text, len + 2), &scratch);
                bool read = kd_json_in_str(&j, &value);
                cr_assert_eq(read, c >= 0x20 && c != '\\', "%u at %zu of %zu", c, place, len);
                if (read) cr_assert_eq(value.len, c == '"' ? place : len);
                j = kd_json_in_of(kd_bytes_of(text, len + 1), &scratch);
                if (c != '"')
                    cr_assert(!kd_json_in_str(&j, &value), "no end, %u at %zu of %zu", c, place, len);
            }
        }
    }
}

Test(json_reader, depth_is_bounded)
{
    char text[2 * KD_JSON_DEPTH_MAX + 8] = {0};
    memset(text, '[', KD_JSON_DEPTH_MAX);
    memset(text + KD_JSON_DEPTH_MAX, ']', KD_JSON_DEPTH_MAX);
    cr_expect(whole(text));
    char deep[20001];
    memset(deep, '[', 10000);
    memset(deep + 10000, ']', 10000);
    deep[20000] = 0;
    cr_expect_not(whole(deep));
}

Test(json_reader, numbers_are_plain)
{
    static const struct {
        const char *text;
        bool ok;
        uint64_t value;
    } rows[] = {{"0", true, 0},
                {"18446744073709551615", true, UINT64_MAX},
                {"18446744073709551616", false, 0},
                {"-1", false, 0},
                {"1e3", false, 0},
                {"1.0", false, 0},
                {"007", false, 0},
                {"\"1\"", false, 0},
                {"-0", false, 0}};
    for (size_t i = 0; i < KD_COUNT(rows); i++) {
        kd_json_in j = kd_json_in_of(kd_bytes_str(rows[i].text), &scratch);
        uint64_t value = 7;
        cr_expect_eq(kd_json_in_u64(&j, &value) && kd_json_in_end(&j), rows[i].ok, "%s", rows[i].text);
        if (rows[i].ok) cr_expect_eq(value, rows[i].value);
    }
}

Test(json_reader, views_of_escaped_strings_stay)
{
    kd_json_in j = kd_json_in_of(kd_bytes_str("[\"a\\u0062\",\"plain\",\"\\u00e9x\"]"), &scratch);
    kd_bytes s[4];
    size_t n = 0;
    cr_assert(kd_json_in_array(&j));
    while (kd_json_in_element(&j)) cr_assert(kd_json_in_str(&j, &s[n++]));
    cr_assert(kd_json_in_end(&j));
    cr_assert_eq(n, 3);
    cr_expect(kd_bytes_eq(s[0], kd_bytes_str("ab")));
    cr_expect(kd_bytes_eq(s[1], kd_bytes_str("plain")));
    cr_expect(kd_bytes_eq(s[2], kd_bytes_str("\xc3\xa9x")));
}

Test(json_reader, stays_bad)
{
    kd_json_in j = kd_json_in_of(kd_bytes_str("{\"a\":x,\"b\":1}"), &scratch);
    kd_bytes key;
    uint64_t v;
    cr_assert(kd_json_in_object(&j) && kd_json_in_key(&j, &key));
    cr_expect_not(kd_json_in_u64(&j, &v));
    cr_expect_not(kd_json_in_key(&j, &key));
    cr_expect_not(kd_json_in_end(&j));
}
