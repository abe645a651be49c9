/* test_authority.c - what is a host, and what is none. */
#include "common/api/authority.h"

#include <criterion/criterion.h>

Test(authority, hosts_and_ports_are_told_from_what_is_none)
{
    static const char *good[] = {
        "a",  "a.example:8441", "127.0.0.1:0", "[::1]", "[::1]:65535", "[2001:db8::1.2.3.4]", "a_b",
        "a:", "xn--a.b.",       "1.2.3.4.5"};
    static const char *bad[] = {"",
                                ":80",
                                "a b",
                                "a/b",
                                "a@b",
                                "u:p@b",
                                "a:b",
                                "a:65536",
                                "a:-1",
                                "a:+1",
                                "[::1",
                                "[]",
                                "[:]",
                                "[::1]x",
                                "[::g]",
                                "[1.2.3.4]",
                                "[::/0]",
                                "::1",
                                "a%",
                                "a%6",
                                "a%zz",
                                "%61",
                                "a,b",
                                "b&0",
                                "a~",
                                "a\\b",
                                "<a>",
                                "\xc3\xa4",
                                "a?b",
                                "a#b",
                                "[fe80::1%25eth0]",
                                "[v1.a]",
                                "a:99999999999999999999"};
    for (size_t i = 0; i < KD_COUNT(good); i++)
        cr_expect(kd_authority_valid(kd_bytes_str(good[i])), "%s", good[i]);
    for (size_t i = 0; i < KD_COUNT(bad); i++)
        cr_expect_not(kd_authority_valid(kd_bytes_str(bad[i])), "%s", bad[i]);
    cr_expect_not(kd_authority_valid(kd_bytes_of("a\0b", 3)));
}

Test(authority, two_are_the_same_but_for_the_case_of_letters)
{
    cr_expect(kd_authority_same(kd_bytes_str("A.b:80"), kd_bytes_str("a.B:80")));
    cr_expect_not(kd_authority_same(kd_bytes_str("a"), kd_bytes_str("a:80")));
    cr_expect_not(kd_authority_same(kd_bytes_str("a"), kd_bytes_str("b")));
}
