/* test_route.c - paths, items, counters and numbers of requests. */
#include "common/api/route.h"

#include <criterion/criterion.h>
#include <stdio.h>

static char *names[] = {"posts", "reels"};
static const kd_strings collections = {names, 2};
static const kd_counters counters = {
    .count = 2, .at = {{.name = "like", .id = 1, .kind = KD_SET}, {.name = "view", .id = 3, .kind = KD_SUM}}};

static bool is(const char *path, const char *segments)
{
    kd_route r;
    return kd_route_cut(kd_bytes_str(path), &r) == KD_OK && kd_route_is(&r, segments);
}

Test(route, cut)
{
    kd_route r;
    static const char *const bad[] = {"",           "/",          "/v1", "/v1/",         "/v1/counts/",
                                      "/v2/counts", "v1x/counts", "*",   "/v1/a/b/c/d/e"};
    cr_assert_eq(kd_route_cut(kd_bytes_str("/v1/posts/a%2Fb/like"), &r), KD_OK);
    cr_expect_eq(r.count, 3);
    cr_expect(kd_bytes_eq(r.at[1], kd_bytes_str("a%2Fb")));
    cr_assert_eq(kd_route_cut(kd_bytes_str("/v1//x"), &r), KD_OK);
    cr_expect_eq(r.count, 2);
    cr_expect_eq(r.at[0].len, 0);
    for (size_t i = 0; i < KD_COUNT(bad); i++)
        cr_expect_eq(kd_route_cut(kd_bytes_str(bad[i]), &r), KD_ENOTFOUND, "%s", bad[i]);
}

Test(route, is)
{
    cr_expect(is("/v1/counts", "counts"));
    cr_expect(is("/v1/likes/lookup", "likes/lookup"));
    cr_expect_not(is("/v1/count", "counts"));
    cr_expect_not(is("/v1/countss", "counts"));
    cr_expect_not(is("/v1/likes", "likes/lookup"));
    cr_expect_not(is("/v1/likes/lookup", "likes"));
    cr_expect_not(is("/v1/likes/lookup/x", "likes/lookup"));
    kd_route r;
    cr_assert_eq(kd_route_cut(kd_bytes_of("/v1/counts\0more", 15), &r), KD_OK);
    cr_expect_not(kd_route_is(&r, "counts"));
}

static kd_problem item_problem(const char *collection, const char *id)
{
    kd_item item;
    kd_refusal why = {KD_PROBLEM_COUNT, NULL, NULL};
    bool good = kd_route_item(kd_bytes_str(collection), kd_bytes_str(id), &collections, &item, &why);
    cr_expect_eq(good, why.problem == KD_PROBLEM_COUNT);
    return why.problem;
}

Test(route, item)
{
    kd_item item;
    kd_refusal why;
    char text[KD_ITEM_KEY_MAX], longest[KD_ID_MAX + 2];
    cr_assert(kd_route_item(kd_bytes_str("p%6fsts"), kd_bytes_str("a%40b"), &collections, &item, &why));
    cr_expect_eq(kd_key_text(kd_item_key(&item), text), 9);
    cr_expect_str_eq(text, "posts/a@b");
    memset(longest, 'x', sizeof(longest));
    longest[KD_ID_MAX] = '\0';
    cr_expect_eq(item_problem("posts", longest), KD_PROBLEM_COUNT);
    longest[KD_ID_MAX] = 'x';
    longest[KD_ID_MAX + 1] = '\0';
    cr_expect_eq(item_problem("posts", longest), KD_PROBLEM_INVALID_ID);
    static const char *const bad[] = {"",    "%",        "%4",     "%zz", "a%2Fb", "a%00b", "a b",
                                      "a,b", "\xc3\xa4", "%2541%", ".",   "..",    "%2e",   ".%2E"};
    for (size_t i = 0; i < KD_COUNT(bad); i++)
        cr_expect_eq(item_problem("posts", bad[i]), KD_PROBLEM_INVALID_ID, "%s", bad[i]);
    cr_expect_eq(item_problem("", "1"), KD_PROBLEM_UNKNOWN_COLLECTION);
    cr_expect_eq(item_problem("Posts", "1"), KD_PROBLEM_UNKNOWN_COLLECTION);
    cr_expect_eq(item_problem("post", "1"), KD_PROBLEM_UNKNOWN_COLLECTION);
    cr_expect_eq(item_problem("%", "1"), KD_PROBLEM_UNKNOWN_COLLECTION);
    /* A segment is decoded once: %2541 gives the text %41, and no id holds a %. */
    cr_expect_eq(item_problem("posts", "%2541"), KD_PROBLEM_INVALID_ID);
}

static bool items(const char *raw, uint32_t *count, kd_refusal *why)
{
    static kd_item list[KD_BULK_ITEMS_MAX];
    return kd_route_items(kd_bytes_str(raw), &collections, list, count, why);
}

Test(route, items)
{
    uint32_t n = 0;
    kd_refusal why;
    kd_buf many = {.data = NULL};
    cr_expect(items("posts/1", &n, &why) && n == 1);
    cr_expect(items("posts/1,reels/2,posts/1", &n, &why) && n == 3);
    cr_expect(items("posts%2F1%2Creels%2F2", &n, &why) && n == 2);
    static const char *const bad[] = {"",       ",",  "posts/1,",  ",posts/1", "posts",
                                      "posts/", "/1", "posts/1/2", "posts/%zz"};
    for (size_t i = 0; i < KD_COUNT(bad); i++) cr_expect_not(items(bad[i], &n, &why), "%s", bad[i]);
    for (int i = 0; i < KD_BULK_ITEMS_MAX; i++) kd_buf_put(&many, &",posts/1"[i == 0], 7 + (i > 0));
    kd_buf_put_u8(&many, 0);
    cr_expect(items((char *)many.data, &n, &why) && n == KD_BULK_ITEMS_MAX);
    many.len--;
    kd_buf_put(&many, ",posts/1", 9);
    cr_expect_not(items((char *)many.data, &n, &why));
    cr_expect_eq(why.problem, KD_PROBLEM_INVALID_REQUEST);
    cr_expect_str_eq(why.field, "items");
    kd_buf_finish(&many);
}

Test(route, counter)
{
    uint32_t at = 9;
    kd_refusal why;
    cr_expect(kd_route_counter(kd_bytes_str("like"), &counters, KD_SET, &at, &why) && at == 0);
    cr_expect(kd_route_counter(kd_bytes_str("vie%77"), &counters, KD_SUM, &at, &why) && at == 1);
    cr_expect_not(kd_route_counter(kd_bytes_str("view"), &counters, KD_SET, &at, &why));
    cr_expect_not(kd_route_counter(kd_bytes_str("likes"), &counters, KD_SET, &at, &why));
    cr_expect_not(kd_route_counter(kd_bytes_str("%"), &counters, KD_SET, &at, &why));
    cr_expect_eq(why.problem, KD_PROBLEM_UNKNOWN_COUNTER);
    cr_expect_eq(at, 1);
}

static uint64_t number(const char *query)
{
    uint64_t n = 0;
    kd_refusal why;
    return kd_route_number(kd_bytes_str(query), "limit", 7, 1, 100, &n, &why) ? n : 0;
}

Test(route, number)
{
    static const char *const bad[] = {
        "limit=",    "limit=0",  "limit=101", "limit=-1",  "limit=+1",
        "limit=1e1", "limit= 1", "limit=1x",  "limit=%31", "limit=18446744073709551617"};
    cr_expect_eq(number(""), 7);
    cr_expect_eq(number("a=1&limit=100"), 100);
    cr_expect_eq(number("limit=001"), 1);
    for (size_t i = 0; i < KD_COUNT(bad); i++) cr_expect_eq(number(bad[i]), 0, "%s", bad[i]);
}

Test(route, a_list_that_comes_twice_is_told_how_lists_are_written)
{
    kd_refusal why = {0};
    cr_assert_not(kd_route_query(kd_bytes_str("items=posts/1&items=posts/2"), &why));
    cr_expect(strstr(why.detail, "a list of items is one, with commas between"), "%s", why.detail);
}

static const char *wrong_in(const char *query)
{
    kd_refusal why;
    return kd_route_query(kd_bytes_str(query), &why) ? NULL : why.field;
}

Test(route, a_parameter_of_the_api_stands_once_in_a_query_and_says_something)
{
    static const char *const parameters[] = {"items", "me",     "by",   "counter",
                                             "limit", "cursor", "edge", "partition"};
    static const char *const good[] = {"",        "items=a",     "items=a&me=true&limit=1&cursor=x&",
                                       "x=1&x=2", "items=a&&&",  "%&%=1",
                                       "itemsx=", "&x=items&=&="};
    for (size_t i = 0; i < KD_COUNT(good); i++) cr_expect_null(wrong_in(good[i]), "%s", good[i]);
    for (size_t i = 0; i < KD_COUNT(parameters); i++) {
        char query[64];
        snprintf(query, sizeof query, "a=b&%s=", parameters[i]);
        cr_expect_str_eq(wrong_in(query), parameters[i]);
        snprintf(query, sizeof query, "%s&a=b", parameters[i]);
        cr_expect_str_eq(wrong_in(query), parameters[i]);
        snprintf(query, sizeof query, "%s=1&%s=1", parameters[i], parameters[i]);
        cr_expect_str_eq(wrong_in(query), parameters[i]);
    }
    cr_expect_str_eq(wrong_in("items=a&x&%69%74ems=b"), "items");
    cr_expect_str_eq(wrong_in("x&%69%74ems=b"), "items", "it would not be read");
    cr_expect_str_eq(wrong_in("me=true&by=day&me=true"), "me");
}

Test(route, each_parameter_of_an_admin_port_stands_once_and_says_something)
{
    static const char *const good[] = {"", "do=stop", "do=stop&name=a%20b", "&a=1&&b=1&", "a==="};
    static const char *const bad[] = {"do", "do=", "do=a&do=a", "do=a&x=1&do=b", "=a", "d%6f=a"};
    for (size_t i = 0; i < KD_COUNT(good); i++)
        cr_expect(kd_route_query_is_plain(kd_bytes_str(good[i])), "%s", good[i]);
    for (size_t i = 0; i < KD_COUNT(bad); i++)
        cr_expect_not(kd_route_query_is_plain(kd_bytes_str(bad[i])), "%s", bad[i]);
}
