/*
 * Which URLs name an origin, and how they are taken apart.
 */
#include <criterion/criterion.h>

#include "common/io/http/client/http_client_url.h"

static void expect(const char *text, bool tls, const char *host, const char *port, const char *authority)
{
    kd_client_url u;
    cr_assert_eq(kd_client_url_parse(&u, text), KD_OK, "%s", text);
    cr_assert_eq(u.tls, tls);
    cr_assert_str_eq(u.host, host);
    cr_assert_str_eq(u.port, port);
    cr_assert_str_eq(u.authority, authority);
}

Test(http_client_url, origins)
{
    expect("http://a", false, "a", "80", "a");
    expect("https://a/", true, "a", "443", "a");
    expect("http://10.0.0.1:8441", false, "10.0.0.1", "8441", "10.0.0.1:8441");
    expect("https://[::1]:8440/", true, "::1", "8440", "[::1]:8440");
    expect("https://[fe80::2]", true, "fe80::2", "443", "[fe80::2]");
}

Test(http_client_url, anything_else_is_refused)
{
    const char *const bad[] = {"",           "a",           "ftp://a",        "http://",      "http:///",
                               "http://a:",  "http://a:0",  "http://a:65536", "http://a:80x", "http://a:-1",
                               "http://a/b", "http://a?b",  "http://u@a",     "http://[::1",  "http://[::1]x",
                               "http://[]",  "http://a\"b", "http://a\\b",    "http://:80",   "http://a b",
                               "http://a\n", "http://a//"};
    for (size_t i = 0; i < KD_COUNT(bad); i++) {
        kd_client_url u;
        cr_assert_eq(kd_client_url_parse(&u, bad[i]), KD_EINVAL, "%s", bad[i]);
    }
}

Test(http_client_url, the_same_origin_is_known_in_other_words)
{
    cr_expect(kd_http_client_same_url("http://a:80", kd_bytes_str("http://A/")));
    cr_expect(kd_http_client_same_url("https://[::1]:8440", kd_bytes_str("https://[::1]:08440")));
    cr_expect_not(kd_http_client_same_url("http://a", kd_bytes_str("https://a")));
    cr_expect_not(kd_http_client_same_url("http://a:8440", kd_bytes_str("http://a:8441")));
    cr_expect_not(kd_http_client_same_url("http://a", kd_bytes_str("http://a/b")));
    cr_expect_not(kd_http_client_same_url("http://a", kd_bytes_of("http://a\0http://b", 17)));
    cr_expect_not(kd_http_client_same_url("http://a", kd_bytes_of(NULL, 0)));
    char longer[1024];
    memset(longer, 'a', sizeof longer);
    memcpy(longer, "http://", 7);
    cr_expect_not(kd_http_client_same_url("http://a", kd_bytes_of(longer, sizeof longer)));
}
