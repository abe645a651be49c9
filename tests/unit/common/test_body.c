/* test_body.c - JSON bodies of requests: what is read, and refusals that name the field. */
#include "common/api/body.h"

#include <criterion/criterion.h>
#include <stdio.h>

static kd_buf text;
static kd_body_items items;
static kd_body_ops ops;

static const char *items_refused(const char *body, bool lookup)
{
    kd_refusal why = {0};
    return kd_body_read_items(kd_bytes_str(body), &text, lookup, &items, &why) ? NULL : why.field;
}

static kd_body_users users;

static const char *among_refused(const char *body)
{
    kd_refusal why = {0};
    return kd_body_read_among(kd_bytes_str(body), &text, &users, &why) ? NULL : why.field;
}

static const char *without_refused(const char *body)
{
    kd_refusal why = {0};
    return kd_body_read_without(kd_bytes_str(body), &text, &users, &why) ? NULL : why.field;
}

static const char *ops_refused(const char *body)
{
    kd_refusal why = {0};
    return kd_body_read_ops(kd_bytes_str(body), &text, &ops, &why) ? NULL : why.field;
}

Test(body, items)
{
    cr_assert_null(items_refused("{\"items\":[\"posts/1\",\"posts/2\"],\"me\":true}", false));
    cr_expect(items.count == 2 && items.me && !items.counter.data);
    cr_expect(kd_bytes_eq(items.item[1], kd_bytes_str("posts/2")));
    cr_assert_null(items_refused("{\"counter\":\"like\",\"items\":[\"posts/1\"]}", true));
    cr_expect(items.count == 1 && !items.me && kd_bytes_eq(items.counter, kd_bytes_str("like")));
}

Test(body, items_refused_by_name)
{
    static const struct {
        const char *body, *field;
    } bad[] = {
        {"", "body"},
        {"[]", "body"},
        {"{", "body"},
        {"null", "body"},
        {"{}", "items"},
        {"{\"items\":[]}", "items"},
        {"{\"items\":\"posts/1\"}", "items"},
        {"{\"items\":[1]}", "items"},
        {"{\"items\":[\"posts/1\"],\"items\":[\"posts/2\"]}", "items"},
        {"{\"items\":[\"posts/1\"],\"me\":1}", "me"},
        {"{\"items\":[\"posts/1\"],\"counter\":\"like\"}", "body"},
        {"{\"items\":[\"posts/1\"],\"more\":[{}]}", "body"},
        {"{\"items\":[\"posts/1\"]} x", "body"},
    };
    for (size_t i = 0; i < KD_COUNT(bad); i++) {
        const char *field = items_refused(bad[i].body, false);
        cr_expect(field && strcmp(field, bad[i].field) == 0, "%s: %s", bad[i].body, field ? field : "taken");
    }
}

static void repeated(kd_buf *b, const char *head, const char *each, int times, const char *tail)
{
    kd_buf_put(b, head, strlen(head));
    for (int i = 0; i < times; i++) {
        if (i) kd_buf_put_u8(b, ',');
        kd_buf_put(b, each, strlen(each));
    }
    kd_buf_put(b, tail, strlen(tail) + 1);
}

Test(body, limits)
{
    kd_buf b = {0};
    repeated(&b, "{\"items\":[", "\"posts/1\"", KD_BULK_ITEMS_MAX, "]}");
    cr_expect_null(items_refused((char *)b.data, false));
    kd_buf_clear(&b);
    repeated(&b, "{\"items\":[", "\"posts/1\"", KD_BULK_ITEMS_MAX + 1, "]}");
    cr_expect_str_eq(items_refused((char *)b.data, false), "items");
    kd_buf_clear(&b);
    repeated(&b, "{\"operations\":[", "{\"item\":\"posts/1\",\"op\":\"like\"}", KD_BULK_OPS_MAX + 1, "]}");
    cr_expect_str_eq(ops_refused((char *)b.data), "operations");
    kd_buf_finish(&b);
}

Test(body, nested_deep_is_refused)
{
    kd_buf deep = {0};
    for (int i = 0; i < 100000; i++) kd_buf_put_u8(&deep, '[');
    kd_buf_put_u8(&deep, 0);
    cr_expect_not_null(items_refused((char *)deep.data, false));
    kd_buf_finish(&deep);
}

Test(body, operations)
{
    cr_assert_null(ops_refused("{\"operations\":[{\"item\":\"a/1\",\"op\":\"like\"},"
                               "{\"op\":\"unlike\",\"item\":\"a/2\",\"counter\":\"save\"}]}"));
    cr_expect(ops.count == 2 && ops.at[0].like && !ops.at[1].like && !ops.at[0].counter.data);
    cr_expect_str_eq(ops_refused("{\"operations\":[{\"item\":\"a/1\"}]}"), "op");
    cr_expect_eq(ops.wrong, 0u);
    cr_expect_str_eq(ops_refused("{\"operations\":[{\"item\":\"a/1\",\"op\":\"love\"}]}"), "op");
    cr_expect_str_eq(ops_refused("{\"operations\":[{\"item\":\"a/1\",\"op\":\"like\"},{\"op\":\"like\"}]}"),
                     "item");
    cr_expect_eq(ops.wrong, 1u);
}

Test(body, a_counter_has_a_name)
{
    kd_refusal why = {0};
    cr_expect_not(kd_body_read_items(kd_bytes_str("{\"items\":[\"a/1\"],\"counter\":\"\"}"), &text, true,
                                     &items, &why));
    cr_expect_str_eq(why.field, "counter");
    cr_expect_str_eq(ops_refused("{\"operations\":[{\"item\":\"a/1\",\"op\":\"like\",\"counter\":\"\"}]}"),
                     "counter");
}

Test(body, amount)
{
    kd_refusal why;
    uint64_t amount = 1;
    cr_expect(kd_body_read_amount(kd_bytes_str(""), &text, &amount, &why) && amount == 1);
    cr_expect(kd_body_read_amount(kd_bytes_str("{\"amount\":1000}"), &text, &amount, &why) && amount == 1000);
    static const char *const bad[] = {"{\"amount\":0}",   "{\"amount\":1001}",  "{\"amount\":-1}",
                                      "{\"amount\":1e3}", "{\"amount\":\"1\"}", "{\"much\":1}"};
    for (size_t i = 0; i < KD_COUNT(bad); i++)
        cr_expect_not(kd_body_read_amount(kd_bytes_str(bad[i]), &text, &amount, &why), "%s", bad[i]);
    cr_expect_not(kd_body_read_amount(kd_bytes_str("{\"amount\":1}"), &text, NULL, &why));
}

Test(body, type)
{
    static const char *const good[] = {"application/json",
                                       "APPLICATION/Json; charset=utf-8",
                                       "application/json \t;",
                                       "application/json;a=b ; c=\"d, e;\\\" f\"",
                                       "a/b+json",
                                       "application/problem+JSON;x=y",
                                       "application/x-www-form-urlencoded"};
    static const char *const bad[] = {"text/plain",
                                      "multipart/form-data; boundary=+json",
                                      "application/json5",
                                      "json",
                                      "+json",
                                      "application/x-www-form-urlencoded2",
                                      " application/json",
                                      "*/*",
                                      "",
                                      "text/plain, foo/x+json",
                                      "foo/+json",
                                      "application/json, text/plain",
                                      "a/b/c+json",
                                      "application/problem+json;x",
                                      "application/json;a=\"b",
                                      "text/plain;,x+json",
                                      "application/json x",
                                      "application / json",
                                      "application/json;a=b c"};
    kd_refusal why = {0};
    for (size_t i = 0; i < KD_COUNT(good); i++)
        cr_expect(kd_body_type(kd_bytes_str(good[i]), &why), "%s", good[i]);
    for (size_t i = 0; i < KD_COUNT(bad); i++)
        cr_expect_not(kd_body_type(kd_bytes_str(bad[i]), &why), "%s", bad[i]);
    cr_expect_eq(why.problem, KD_PROBLEM_UNSUPPORTED_MEDIA_TYPE);
    cr_expect_str_eq(why.field, "Content-Type");
}

Test(body, an_unknown_field_is_refused_with_those_that_there_are)
{
    kd_refusal why = {0};
    uint64_t amount = 1;
    kd_body_read_items(kd_bytes_str("{\"ids\":1}"), &text, false, &items, &why);
    cr_expect_str_eq(why.detail, "an unknown field: there are items and me");
    kd_body_read_items(kd_bytes_str("{\"me\":1}"), &text, true, &items, &why);
    cr_expect_str_eq(why.detail, "an unknown field: there are items and counter");
    kd_body_read_ops(kd_bytes_str("{\"likes\":1}"), &text, &ops, &why);
    cr_expect_str_eq(why.detail, "an unknown field: there is operations alone");
    kd_body_read_ops(kd_bytes_str("{\"operations\":[{\"id\":1}]}"), &text, &ops, &why);
    cr_expect_str_eq(why.detail, "an unknown field: there are item, op and counter");
    kd_body_read_amount(kd_bytes_str("{\"count\":1}"), &text, &amount, &why);
    cr_expect_str_eq(why.detail, "an unknown field: there is amount alone");
    kd_body_read_amount(kd_bytes_str("{\"amount\":1}"), &text, NULL, &why);
    cr_expect_str_eq(why.detail, "an unknown field: no body, or {}, is wanted");
}

Test(body, counters_of_the_caller)
{
    cr_assert_null(items_refused("{\"items\":[\"posts/1\"],\"me\":[\"like\",\"save\"]}", false));
    cr_expect(items.me && items.me_sets == 2 && kd_bytes_eq(items.me_set[1], kd_bytes_str("save")));
    cr_assert_null(items_refused("{\"items\":[\"posts/1\"],\"me\":false}", false));
    cr_expect(!items.me && items.me_sets == 0);
    static const char *const bad[] = {"[]",        "[\"like\",\"like\"]",
                                      "[\"\"]",    "[7]",
                                      "[\"like\"", "\"like\"",
                                      "null",      "[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\",\"h\",\"i\"]"};
    for (size_t i = 0; i < KD_COUNT(bad); i++) {
        char body[128];
        snprintf(body, sizeof body, "{\"items\":[\"posts/1\"],\"me\":%s}", bad[i]);
        const char *field = items_refused(body, false);
        cr_expect(field && strcmp(field, "me") == 0, "%s: %s", bad[i], field ? field : "taken");
    }
}

Test(body, users)
{
    cr_assert_null(among_refused("{\"users\":[\"ada\",\"b\\u006fb\",\"ada\"],\"counter\":\"save\"}"));
    cr_expect(users.count == 3 && kd_bytes_eq(users.user[1], kd_bytes_str("bob")));
    cr_expect(kd_bytes_eq(users.counter, kd_bytes_str("save")));
    cr_assert_null(among_refused("{\"users\":[]}"));
    cr_expect(users.count == 0 && !users.counter.data);
    cr_assert_null(without_refused("{\"without\":[\"ada\"]}"));
    cr_expect(users.count == 1 && !users.counter.data);
}

Test(body, users_refused_by_name)
{
    static const struct {
        const char *body, *field;
    } bad[] = {
        {"", "body"},
        {"[]", "body"},
        {"{}", "users"},
        {"{\"users\":\"ada\"}", "users"},
        {"{\"users\":[1]}", "users[0]"},
        {"{\"users\":[\"\"]}", "users[0]"},
        {"{\"users\":[\"ada\",\"bob\",\"a b\"]}", "users[2]"},
        {"{\"users\":[\"ada\",null]}", "users[1]"},
        {"{\"users\":[\"ada\"],\"users\":[]}", "users"},
        {"{\"users\":[\"ada\"", "users"},
        {"{\"users\":[\"ada\"],\"counter\":\"\"}", "counter"},
        {"{\"users\":[\"ada\"],\"without\":[]}", "body"},
        {"{\"users\":[\"ada\"]} x", "body"},
    };
    for (size_t i = 0; i < KD_COUNT(bad); i++) {
        const char *field = among_refused(bad[i].body);
        cr_expect(field && strcmp(field, bad[i].field) == 0, "%s: %s", bad[i].body, field ? field : "taken");
    }
    cr_expect_str_eq(without_refused("{\"without\":[\"ada\"],\"counter\":\"like\"}"), "body");
    cr_expect_str_eq(without_refused("{}"), "without");
    cr_expect_str_eq(without_refused("{\"without\":[\"ada\",\"\"]}"), "without[1]");
}

Test(body, as_many_users_as_are_allowed)
{
    kd_buf most = {0}, more = {0};
    repeated(&most, "{\"users\":[", "\"u\"", KD_AMONG_USERS_MAX, "]}");
    repeated(&more, "{\"users\":[", "\"u\"", KD_AMONG_USERS_MAX + 1, "]}");
    cr_expect_null(among_refused((char *)most.data));
    cr_expect_str_eq(among_refused((char *)more.data), "users");
    kd_buf_clear(&most);
    kd_buf_clear(&more);
    repeated(&most, "{\"without\":[", "\"u\"", KD_WITHOUT_USERS_MAX - 1, ",\"a b\"]}");
    cr_expect_str_eq(without_refused((char *)most.data), "without[999]");
    kd_buf_clear(&most);
    repeated(&most, "{\"without\":[", "\"u\"", KD_WITHOUT_USERS_MAX, "]}");
    repeated(&more, "{\"without\":[", "\"u\"", KD_WITHOUT_USERS_MAX + 1, "]}");
    cr_expect_null(without_refused((char *)most.data));
    cr_expect_eq(users.count, KD_WITHOUT_USERS_MAX);
    cr_expect_str_eq(without_refused((char *)more.data), "without");
    kd_buf_finish(&most);
    kd_buf_finish(&more);
}
