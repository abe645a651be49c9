/* test_json_writer.c - JSON and problem bodies. */
#include "common/json/json_writer.h"
#include "common/api/problem.h"

#include <criterion/criterion.h>
#include <jansson.h>

static void expect_text(kd_buf *b, const char *text)
{
    kd_buf_put_u8(b, 0);
    cr_expect_str_eq((const char *)b->data, text);
    kd_buf_finish(b);
    *b = (kd_buf){0};
}

Test(json_writer, places_commas)
{
    kd_buf b = {0};
    kd_json j = kd_json_of(&b);
    kd_json_object(&j);
    kd_json_key(&j, "a"), kd_json_u64(&j, UINT64_MAX);
    kd_json_key(&j, "b"), kd_json_array(&j);
    kd_json_i64(&j, INT64_MIN), kd_json_i64(&j, -1), kd_json_i64(&j, 0), kd_json_i64(&j, INT64_MAX);
    kd_json_object(&j), kd_json_end_object(&j);
    kd_json_array(&j), kd_json_end_array(&j);
    kd_json_null(&j);
    kd_json_end_array(&j);
    kd_json_key_bytes(&j, kd_bytes_str("c\"")), kd_json_bool(&j, true);
    kd_json_key(&j, "d"), kd_json_bool(&j, false);
    kd_json_key(&j, "e"), kd_json_raw(&j, kd_bytes_str("[1,2]"));
    kd_json_end_object(&j);
    cr_expect_eq(j.depth, 0);
    expect_text(
        &b, "{\"a\":18446744073709551615,\"b\":[-9223372036854775808,-1,0,9223372036854775807,{},[],null],"
            "\"c\\\"\":true,\"d\":false,\"e\":[1,2]}");
}

Test(json_writer, escapes)
{
    kd_buf b = {0};
    kd_json j = kd_json_of(&b);
    kd_json_str(&j, kd_bytes_of("a\"\\\n\r\t\b\f\0\x1f\x7f/", 12));
    expect_text(&b, "\"a\\\"\\\\\\n\\r\\t\\b\\f\\u0000\\u001f\\u007f/\"");
}

Test(json_writer, keeps_utf8_and_replaces_other_bytes)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"", "\"\""},
        {"h\xC3\xA9", "\"h\xC3\xA9\""},
        {"\xE2\x82\xAC", "\"\xE2\x82\xAC\""},
        {"\xF0\x9F\x98\x80", "\"\xF0\x9F\x98\x80\""},
        {"\xFF", "\"\xEF\xBF\xBD\""},
        {"a\xC3", "\"a\xEF\xBF\xBD\""},
        {"\xC0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},                 /* overlong */
        {"\xED\xA0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""}, /* surrogate */
        {"\xF4\x8F\xBF\xBF", "\"\xF4\x8F\xBF\xBF\""},                 /* the last one */
        {"\xE0\x9F\xBF", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
    };
    for (size_t i = 0; i < KD_COUNT(cases); i++) {
        kd_buf b = {0};
        kd_json j = kd_json_of(&b);
        kd_json_cstr(&j, cases[i].in);
        expect_text(&b, cases[i].out);
    }
}

Test(json_writer, any_bytes_give_json_that_another_parser_reads)
{
    uint64_t seed = 7;
    for (int round = 0; round < 5000; round++) {
        uint8_t bytes[64];
        size_t len = kd_random_next(&seed) % sizeof bytes;
        for (size_t i = 0; i < len; i++) bytes[i] = (uint8_t)kd_random_next(&seed);
        kd_buf b = {0};
        kd_json j = kd_json_of(&b);
        kd_json_array(&j);
        kd_json_str(&j, kd_bytes_of(bytes, len));
        kd_json_end_array(&j);
        json_t *read = json_loadb((const char *)b.data, b.len, JSON_ALLOW_NUL, NULL);
        cr_assert_not_null(read);
        json_decref(read);
        kd_buf_finish(&b);
    }
}

static void expect_packed(kd_buf *b, const char *bytes, size_t len)
{
    cr_expect(kd_bytes_eq(kd_buf_view(b), kd_bytes_of(bytes, len)));
    kd_buf_finish(b);
    *b = (kd_buf){0};
}
#define EXPECT_PACKED(b, literal) expect_packed(b, literal, sizeof(literal) - 1)

static void write_all_kinds(kd_json *j)
{
    kd_json_object(j);
    kd_json_key(j, "a"), kd_json_u64(j, UINT64_MAX);
    kd_json_key(j, "b"), kd_json_array(j);
    kd_json_i64(j, INT64_MIN), kd_json_i64(j, -1), kd_json_i64(j, 0), kd_json_i64(j, INT64_MAX);
    kd_json_object(j), kd_json_end_object(j);
    kd_json_array(j), kd_json_end_array(j);
    kd_json_null(j);
    kd_json_end_array(j);
    kd_json_key_bytes(j, kd_bytes_str("c\"")), kd_json_bool(j, true);
    kd_json_put_str(j, "d", kd_bytes_str("\"\n\xFF"));
    kd_json_end_object(j);
}

Test(json_writer, the_same_calls_give_messagepack)
{
    kd_buf b = {0};
    kd_json j = kd_json_packed_of(&b);
    write_all_kinds(&j);
    cr_expect_eq(j.depth, 0);
    EXPECT_PACKED(&b, "\x84\xA1"
                      "a\xCF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xA1"
                      "b\x97\xD3\x80\0\0\0\0\0\0\0\xFF\0\xCF\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x80\x90\xC0\xA2"
                      "c\"\xC3\xA1"
                      "d\xA5\"\n\xEF\xBF\xBD");
}

static kd_buf packed_numbers(uint32_t n)
{
    kd_buf b = {0};
    kd_json j = kd_json_packed_of(&b);
    kd_json_array(&j);
    for (uint32_t i = 0; i < n; i++) kd_json_u64(&j, i % 100);
    kd_json_end_array(&j);
    return b;
}

Test(json_writer, a_head_of_messagepack_grows_with_its_members)
{
    static const struct {
        uint32_t members;
        const char *head;
        size_t len;
    } cases[] = {{0, "\x90", 1},
                 {15, "\x9F", 1},
                 {16, "\xDC\0\x10", 3},
                 {65535, "\xDC\xFF\xFF", 3},
                 {65536, "\xDD\0\1\0\0", 5}};
    for (size_t i = 0; i < KD_COUNT(cases); i++) {
        kd_buf b = packed_numbers(cases[i].members);
        cr_assert_eq(b.len, cases[i].len + cases[i].members);
        cr_expect_eq(memcmp(b.data, cases[i].head, cases[i].len), 0);
        for (uint32_t k = 0; k < cases[i].members; k++)
            cr_assert_eq(b.data[cases[i].len + k], k % 100, "%u", k);
        kd_buf_finish(&b);
    }
}

Test(problem, body_has_what_is_known)
{
    kd_buf b = {0};
    kd_json j = kd_json_of(&b);
    kd_problem_write(&j, KD_PROBLEM_OUTBOX_FULL, "wait", NULL, 3);
    expect_text(&b, "{\"type\":\"urn:kudos:outbox-full\",\"title\":\"Too many likes wait to be "
                    "confirmed\",\"status\":503,"
                    "\"detail\":\"wait\",\"retry_after_s\":3}");
    j = kd_json_of(&b);
    kd_problem_write(&j, KD_PROBLEM_INVALID_ID, NULL, "id", 0);
    expect_text(&b, "{\"type\":\"urn:kudos:invalid-id\",\"title\":\"The id is not "
                    "valid\",\"status\":400,\"field\":\"id\"}");
}

Test(problem, statuses_are_those_of_the_contract)
{
    static const struct {
        const char *slug;
        uint32_t status;
    } contract[] = {
        {"invalid-id", 400},         {"invalid-request", 400},
        {"unknown-collection", 404}, {"unknown-counter", 404},
        {"not-found", 404},          {"method-not-allowed", 405},
        {"unauthorized", 401},       {"forbidden", 403},
        {"payload-too-large", 413},  {"unsupported-media-type", 415},
        {"rate-limited", 429},       {"overloaded", 503},
        {"outbox-full", 503},        {"clock-out-of-bounds", 503},
        {"storage-failed", 503},     {"key-reused", 422},
        {"key-in-flight", 409},      {"central-unavailable", 503},
        {"edge-retired", 503},       {"index-off", 404},
        {"index-building", 503},     {"log-unconfirmed", 504},
        {"item-closed", 403},        {"misdirected", 421},
    };
    cr_assert_eq(KD_COUNT(contract), (size_t)KD_PROBLEM_COUNT);
    for (size_t i = 0; i < KD_COUNT(contract); i++) {
        cr_expect_str_eq(kd_problem_slug((kd_problem)i), contract[i].slug);
        cr_expect_eq(kd_problem_status((kd_problem)i), contract[i].status);
    }
}

Test(problem, errors_map_to_what_a_client_can_act_on)
{
    cr_expect_eq(kd_problem_of(KD_EFULL), KD_PROBLEM_OUTBOX_FULL);
    cr_expect_eq(kd_problem_of(KD_ECLOCK), KD_PROBLEM_CLOCK_OUT_OF_BOUNDS);
    cr_expect_eq(kd_problem_of(KD_ERETIRED), KD_PROBLEM_EDGE_RETIRED);
    cr_expect_eq(kd_problem_of(KD_ENOTLOGGED), KD_PROBLEM_LOG_UNCONFIRMED);
    cr_expect_eq(kd_problem_of(KD_ECLOSED), KD_PROBLEM_ITEM_CLOSED);
    cr_expect_eq(kd_problem_of(KD_EREUSED), KD_PROBLEM_KEY_REUSED);
    cr_expect_eq(kd_problem_of(KD_EINFLIGHT), KD_PROBLEM_KEY_IN_FLIGHT);
    cr_expect_eq(kd_problem_of(KD_EIO), KD_PROBLEM_STORAGE_FAILED);
    cr_expect_eq(kd_problem_of(KD_ETIMEOUT), KD_PROBLEM_CENTRAL_UNAVAILABLE);
}

/* Around each power of ten, where the number of digits changes. */
Test(json_writer, decimal_digits_are_those_of_printf)
{
    for (uint64_t power = 1; power > 0 && power <= UINT64_MAX / 10; power *= 10) {
        for (uint64_t v = power - 1; v <= power + 1; v++) {
            char ours[KD_DECIMAL_MAX], theirs[32];
            size_t len = (size_t)snprintf(theirs, sizeof theirs, "%llu", (unsigned long long)v);
            cr_assert_eq(kd_decimal(v, ours), len, "%s", theirs);
            cr_assert_eq(memcmp(ours, theirs, len), 0, "%s", theirs);
        }
    }
}

/* The text of a byte at each place of a string, escaped or not: words and what is left of them. */
Test(json_writer, a_byte_is_escaped_wherever_it_stands)
{
    for (int c = 1; c < 0x80; c++) {
        for (size_t at = 0; at < 20; at++) {
            char text[] = "abcdefghijklmnopqrst";
            text[at] = (char)c;
            kd_buf b = {0};
            kd_json j = kd_json_of(&b);
            kd_json_array(&j), kd_json_cstr(&j, text), kd_json_end_array(&j);
            json_t *read = json_loadb((const char *)b.data, b.len, 0, NULL);
            cr_assert(read, "%d at %zu", c, at);
            cr_assert_str_eq(json_string_value(json_array_get(read, 0)), text);
            json_decref(read);
            kd_buf_finish(&b);
        }
    }
}

static void put_members(kd_json *j)
{
    kd_json_object(j);
    kd_json_put_u64(j, "a", 0);
    kd_json_put_str(j, "b", kd_bytes_str("x\"y"));
    kd_json_put_null(j, "c");
    kd_json_put_bool(j, "d", true);
    kd_json_put_bool(j, "e", false);
    kd_json_put_u64(j, "f", UINT64_MAX);
    kd_json_end_object(j);
}

Test(json_writer, members_in_one_step)
{
    kd_buf b = {0};
    kd_json j = kd_json_of(&b);
    put_members(&j);
    expect_text(&b,
                "{\"a\":0,\"b\":\"x\\\"y\",\"c\":null,\"d\":true,\"e\":false,\"f\":18446744073709551615}");
    j = kd_json_packed_of(&b);
    put_members(&j);
    static const uint8_t packed[] = "\x86\xa1"
                                    "a\x00\xa1"
                                    "b\xa3x\"y\xa1"
                                    "c\xc0\xa1"
                                    "d\xc3\xa1"
                                    "e\xc2\xa1"
                                    "f\xcf\xff\xff\xff\xff\xff\xff\xff\xff";
    cr_assert_eq(b.len, sizeof packed - 1);
    cr_expect_arr_eq(b.data, packed, b.len);
    kd_buf_finish(&b);
}
