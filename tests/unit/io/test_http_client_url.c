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
    const char *const bad[] = {"",           "a",          "ftp://a",        "http://",      "http:///",
                               "http://a:",  "http://a:0", "http://a:65536", "http://a:80x", "http://a:-1",
                               "http://a/b", "http://a?b", "http://u@a",     "http://[::1",  "http://[::1]x",
                               "http://[]",  "http://:80", "http://a b",     "http://a\n",   "http://a//"};
    for (size_t i = 0; i < KD_COUNT(bad); i++) {
        kd_client_url u;
        cr_assert_eq(kd_client_url_parse(&u, bad[i]), KD_EINVAL, "%s", bad[i]);
    }
}
