/* test_host.c - which values of Host name the loopback address, or a name that the configuration lists. */
#include "common/api/host.h"

#include <criterion/criterion.h>

static const kd_strings nothing = {0};

Test(host, a_port_and_brackets_are_no_part_of_the_host)
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
        cr_expect(kd_bytes_eq(kd_host_of(kd_bytes_str(cases[i][0])), kd_bytes_str(cases[i][1])), "%s",
                  cases[i][0]);
}

Test(host, the_loopback_address_has_many_names)
{
    const char *const local[] = {"",      "localhost",      "LOCALHOST:8440", "localhost.", "127.0.0.1",
                                 "[::1]", "127.8.9.1:8440", "[::1]:8440",     "::1"};
    for (size_t i = 0; i < KD_COUNT(local); i++) {
        bool bare_v6 =
            strcmp(local[i], "::1") == 0; /* without brackets its colons cannot be told from a port's */
        cr_expect_eq(kd_host_local(kd_bytes_str(local[i]), &nothing), !bare_v6, "%s", local[i]);
    }
}

Test(host, the_name_of_a_domain_is_not_the_loopback_address)
{
    const char *const others[] = {"evil.example",
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
        cr_expect_not(kd_host_local(kd_bytes_str(others[i]), &nothing), "%s", others[i]);
}

Test(host, a_listed_name_counts_whatever_its_case)
{
    char *at[] = {"Kudos.Example", "other"};
    const kd_strings names = {at, 2};
    cr_expect(kd_host_local(kd_bytes_str("kudos.example:443"), &names));
    cr_expect(kd_host_local(kd_bytes_str("OTHER"), &names));
    cr_expect_not(kd_host_local(kd_bytes_str("kudos.example.evil"), &names));
    cr_expect_not(kd_host_local(kd_bytes_str("udos.example"), &names));
}

Test(host, an_option_lists_names_without_ports)
{
    cr_expect(kd_host_valid(kd_bytes_str("kudos-1.example")));
    cr_expect_not(kd_host_valid(kd_bytes_str("kudos:80")));
    cr_expect_not(kd_host_valid(kd_bytes_str("*.example")));
    cr_expect_not(kd_host_valid(kd_bytes_str("")));
}
