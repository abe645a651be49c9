/* test_cors.c - origins as options list them and as clients send them. */
#include "common/api/cors.h"

#include <criterion/criterion.h>

#include "common/conf/options.h"

static kd_strings list(char **at, uint32_t count)
{
    return (kd_strings){at, count};
}

Test(cors, what_browsers_write_may_be_listed)
{
    static const char *const good[] = {
        "*",
        "null",
        "https://app.example",
        "http://localhost:3000",
        "https://app.example:8443",
        "https://xn--mnchen-3ya.example",
        "http://127.0.0.1:8080",
        "http://[::1]:8080",
        "https://[2001:db8::1]",
        "http://app.example:443",
        "https://app.example:80",
        "capacitor://localhost",
        "chrome-extension://abcdefghijklmnop",
        "moz-extension://0f5f6e4a-0000-4000-8000-000000000000",
    };
    for (size_t i = 0; i < KD_COUNT(good); i++)
        cr_expect(kd_cors_listable(kd_bytes_str(good[i])), "%s", good[i]);
}

/* Each of these would be listed for nothing, since no browser writes it, or would let its author write into an answer. */
Test(cors, what_no_browser_writes_may_not)
{
    static const char *const bad[] = {
        "",
        "app.example",
        "https://",
        "https:app.example",
        "https:///app.example",
        "https://app.example/",
        "https://app.example/path",
        "https://app.example?x",
        "https://app.example#x",
        "https://ada@app.example",
        "https://App.example",
        "HTTPS://app.example",
        "https://app.example:",
        "https://app.example:443",
        "http://app.example:80",
        "https://app.example:08443",
        "https://app.example:0",
        "https://app.example:65536",
        "https://app.example:80x",
        "https://app.example:80:80",
        "https://[::1",
        "https://::1",
        "https://*.app.example",
        "https://*",
        "**",
        "NULL",
        "://app.example",
        "1http://app.example",
        "ht tp://app.example",
        " https://app.example",
        "https://app.example ",
        "https://app.example\r\nset-cookie: a=b",
        "https://m\xc3\xbcnchen.example",
        "https://a://b",
    };
    for (size_t i = 0; i < KD_COUNT(bad); i++)
        cr_expect_not(kd_cors_listable(kd_bytes_str(bad[i])), "%s", bad[i]);
    cr_expect_not(kd_cors_listable(kd_bytes_of("https://app.example\0.evil", 25)));
}

Test(cors, an_origin_has_a_length)
{
    char longest[KD_ORIGIN_MAX + 1] = "https://";
    memset(longest + 8, 'x', sizeof(longest) - 8);
    cr_expect(kd_cors_listable(kd_bytes_of(longest, KD_ORIGIN_MAX)));
    cr_expect_not(kd_cors_listable(kd_bytes_of(longest, KD_ORIGIN_MAX + 1)));
}

static const char *allowed(const kd_strings *origins, const char *origin)
{
    return kd_cors_allow(origins, kd_bytes_str(origin));
}

Test(cors, the_origin_has_to_be_the_same_to_the_byte)
{
    static char *at[] = {"https://app.example", "http://localhost:3000"};
    const kd_strings two = list(at, 2);
    cr_expect_eq(allowed(&two, "https://app.example"), at[0], "the text of the list, not that of the client");
    cr_expect_eq(allowed(&two, "http://localhost:3000"), at[1]);
    static const char *const others[] = {"",
                                         "null",
                                         "*",
                                         "https://app.example.evil",
                                         "https://app.exampl",
                                         "https://app.example:443",
                                         "HTTPS://app.example",
                                         "https://APP.example",
                                         "http://app.example",
                                         "https://sub.app.example",
                                         "http://localhost",
                                         "https://app.example http://localhost:3000"};
    for (size_t i = 0; i < KD_COUNT(others); i++) cr_expect_null(allowed(&two, others[i]), "%s", others[i]);
    cr_expect_null(kd_cors_allow(&two, kd_bytes_of("https://app.example\0", 20)));
}

Test(cors, null_only_where_it_is_listed)
{
    static char *with[] = {"https://app.example", "null"}, *all[] = {"*"};
    const kd_strings named = list(with, 2), anyone = list(all, 1), nobody = {0};
    cr_expect_str_eq(allowed(&named, "null"), "null");
    cr_expect_str_eq(allowed(&anyone, "null"), "*");
    cr_expect_str_eq(allowed(&anyone, ""), "*");
    cr_expect_null(allowed(&nobody, "null"));
    cr_expect_null(allowed(&nobody, ""));
}

Test(cors, every_origin_stands_alone)
{
    static char *both[] = {"https://app.example", "*"}, *all[] = {"*"},
                *two[] = {"https://a.example", "null"};
    char error[KD_OPTIONS_ERROR_MAX] = "";
    const kd_strings mixed = list(both, 2), anyone = list(all, 1), named = list(two, 2), nobody = {0};
    cr_expect_eq(kd_cors_check(&mixed, error), KD_EINVAL);
    cr_expect_not_null(strstr(error, "http.cors_origins"));
    cr_expect_eq(kd_cors_check(&anyone, error), KD_OK);
    cr_expect_eq(kd_cors_check(&named, error), KD_OK);
    cr_expect_eq(kd_cors_check(&nobody, error), KD_OK);
}
