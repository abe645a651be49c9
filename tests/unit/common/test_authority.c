/* test_authority.c - what is a host, and what is none; which values of Host name the loopback address, or a name that the configuration lists. */
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

Test(authority, nothing_is_no_host)
{
    cr_assert_not(kd_authority_valid((kd_bytes){0}), "of an empty field there is no byte to point at");
}

Test(authority, two_are_the_same_but_for_the_case_of_letters)
{
    cr_expect(kd_authority_same(kd_bytes_str("A.b:80"), kd_bytes_str("a.B:80")));
    cr_expect_not(kd_authority_same(kd_bytes_str("a"), kd_bytes_str("a:80")));
    cr_expect_not(kd_authority_same(kd_bytes_str("a"), kd_bytes_str("b")));
}

static const kd_strings nothing = {0};

Test(authority, a_port_and_brackets_are_no_part_of_the_host)
{
    const char *const cases[][2] = {
        {"localhost", "localhost"},
        {"localhost:8440", "localhost"},
        {"127.0.0.1:1", "127.0.0.1"},
        {"[::1]:8440", "::1"},
        {"[::1]", "::1"},
        {"a:", "a"},
        {"[::1", ""},
        {"a:b", ""},
        {"a:1:2", ""},
        {"[::1]x", ""},
        {"a:123456", ""},
        {"", ""},
    };
    for (size_t i = 0; i < KD_COUNT(cases); i++)
        cr_expect(kd_bytes_eq(kd_authority_host(kd_bytes_str(cases[i][0])), kd_bytes_str(cases[i][1])), "%s",
                  cases[i][0]);
}

Test(authority, the_loopback_address_has_many_names)
{
    const char *const local[] = {"localhost", "LOCALHOST:8440", "localhost.", "127.0.0.1",
                                 "[::1]",     "127.8.9.1:8440", "[::1]:8440", "::1"};
    for (size_t i = 0; i < KD_COUNT(local); i++) {
        bool bare_v6 =
            strcmp(local[i], "::1") == 0; /* without brackets its colons cannot be told from a port's */
        cr_expect_eq(kd_authority_local(kd_bytes_str(local[i]), &nothing), !bare_v6, "%s", local[i]);
    }
}

Test(authority, the_name_of_a_domain_is_not_the_loopback_address)
{
    const char *const others[] = {"", /* a client that sends no Host */
                                  "evil.example",
                                  "evil.example:8440",
                                  "127.0.0.1.evil.example",
                                  "localhost.evil",
                                  "10.0.0.1",
                                  "0.0.0.0:8440",
                                  "127.0.0.1/8",
                                  "128.0.0.1",
                                  "[::2]:1",
                                  "localhost:80@evil",
                                  ".",
                                  "evil.example\0localhost"};
    for (size_t i = 0; i < KD_COUNT(others); i++)
        cr_expect_not(kd_authority_local(kd_bytes_str(others[i]), &nothing), "%s", others[i]);
}

Test(authority, a_listed_name_counts_whatever_its_case)
{
    char *at[] = {"Kudos.Example", "other"};
    const kd_strings names = {at, 2};
    cr_expect(kd_authority_local(kd_bytes_str("kudos.example:443"), &names));
    cr_expect(kd_authority_local(kd_bytes_str("OTHER"), &names));
    cr_expect_not(kd_authority_local(kd_bytes_str("kudos.example.evil"), &names));
    cr_expect_not(kd_authority_local(kd_bytes_str("udos.example"), &names));
}

Test(authority, an_option_lists_names_without_ports)
{
    cr_expect(kd_authority_name_valid(kd_bytes_str("kudos-1.example")));
    cr_expect_not(kd_authority_name_valid(kd_bytes_str("kudos:80")));
    cr_expect_not(kd_authority_name_valid(kd_bytes_str("*.example")));
    cr_expect_not(kd_authority_name_valid(kd_bytes_str("")));
}
