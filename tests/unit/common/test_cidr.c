/* test_cidr.c - address blocks: text forms, matching by bits, IPv4 in both dresses. */
#include "common/base/cidr.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>

static bool match(const char *block, const char *address)
{
    kd_cidr c;
    uint8_t bytes[16];
    bool v6 = strchr(address, ':') != NULL;
    cr_assert_eq(kd_cidr_parse(kd_bytes_str(block), &c), KD_OK, "%s", block);
    cr_assert_eq(inet_pton(v6 ? AF_INET6 : AF_INET, address, bytes), 1, "%s", address);
    return kd_cidr_match(&c, kd_bytes_of(bytes, v6 ? 16 : 4));
}

Test(cidr, v4)
{
    cr_expect(match("10.0.0.0/8", "10.255.1.2"));
    cr_expect_not(match("10.0.0.0/8", "11.0.0.0"));
    cr_expect(match("10.1.2.3/8", "10.9.9.9"));
    cr_expect(match("192.168.1.4/30", "192.168.1.7"));
    cr_expect_not(match("192.168.1.4/30", "192.168.1.8"));
    cr_expect(match("1.2.3.4", "1.2.3.4"));
    cr_expect_not(match("1.2.3.4", "1.2.3.5"));
    cr_expect(match("0.0.0.0/0", "255.255.255.255"));
    cr_expect_not(match("0.0.0.0/0", "::1"));
    cr_expect(match("10.0.0.0/8", "::ffff:10.1.1.1"));
}

Test(cidr, v6)
{
    cr_expect(match("::1", "::1"));
    cr_expect_not(match("::1", "::2"));
    cr_expect(match("fd00::/8", "fdff:1:2:3:4:5:6:7"));
    cr_expect_not(match("fd00::/8", "fe00::"));
    cr_expect(match("2001:db8:0:0:0:0:0:1/127", "2001:db8::"));
    cr_expect(match("2001:DB8::/33", "2001:db8:7fff::1"));
    cr_expect_not(match("2001:db8::/33", "2001:db8:8000::1"));
    cr_expect(match("::/0", "1.2.3.4"));
    cr_expect(match("::ffff:10.0.0.0/104", "10.1.1.1"));
    cr_expect(match("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"));
}

Test(cidr, refused)
{
    static const char *const bad[] = {"",
                                      "/8",
                                      "10",
                                      "10.0.0",
                                      "10.0.0.0.0",
                                      "10.0.0.256",
                                      "10.0.0.01",
                                      "10.0.0.0/",
                                      "10.0.0.0/33",
                                      "10.0.0.0/8/8",
                                      "10.0.0.0/08",
                                      "10.0.0.0/-1",
                                      "a.b.c.d",
                                      ":",
                                      ":::",
                                      "1::2::3",
                                      "1:2:3:4:5:6:7:8:9",
                                      "1:2:3:4:5:6:7",
                                      "12345::",
                                      "::g",
                                      "::1/129",
                                      "1:2:3:4:5:6:7::8",
                                      "::1.2.3",
                                      " ::1",
                                      "10.0.0.0/8 ",
                                      "localhost",
                                      "::1.2.3.4:5"};
    for (size_t i = 0; i < KD_COUNT(bad); i++)
        cr_expect_not(kd_cidr_valid(kd_bytes_str(bad[i])), "%s", bad[i]);
}

Test(cidr, text_forms_are_those_of_the_system)
{
    static const char *const texts[] = {
        "::", "::1", "1::", "1:2::7:8", "fe80::1:2:3:4", "1:2:3:4:5:6:1.2.3.4", "::1.2.3.4", "ABCD:ef01::"};
    for (size_t i = 0; i < KD_COUNT(texts); i++) {
        kd_cidr c;
        uint8_t bytes[16];
        cr_assert_eq(kd_cidr_parse(kd_bytes_str(texts[i]), &c), KD_OK, "%s", texts[i]);
        cr_assert_eq(inet_pton(AF_INET6, texts[i], bytes), 1);
        cr_expect_arr_eq(c.at, bytes, 16, "%s", texts[i]);
        cr_expect_eq(c.bits, 128);
    }
}

Test(cidr, list)
{
    char *texts[] = {"10.0.0.0/8", "::1"};
    const kd_strings strings = {texts, 2};
    kd_cidrs list = {.at = NULL};
    const uint8_t inside[] = {10, 1, 2, 3}, outside[] = {11, 1, 2, 3};
    cr_expect_not(kd_cidrs_match(&list, kd_bytes_of(inside, 4)));
    kd_cidrs_init(&list, &strings);
    cr_expect(kd_cidrs_match(&list, kd_bytes_of(inside, 4)));
    cr_expect_not(kd_cidrs_match(&list, kd_bytes_of(outside, 4)));
    cr_expect_not(kd_cidrs_match(&list, kd_bytes_of(NULL, 0)));
    kd_cidrs_finish(&list);
}

Test(cidr, loopback_addresses)
{
    static const struct {
        const char *text;
        bool loopback;
    } cases[] = {{"127.0.0.1", true},        {"127.255.0.3", true}, {"::1", true},
                 {"::ffff:127.0.0.1", true}, {"128.0.0.1", false},  {"::2", false},
                 {"::127.0.0.1", false},     {"::", false},         {"0.0.0.0", false},
                 {"::ffff:128.0.0.1", false}};
    for (size_t i = 0; i < KD_COUNT(cases); i++) {
        kd_cidr c;
        cr_assert_eq(kd_cidr_parse(kd_bytes_str(cases[i].text), &c), KD_OK);
        cr_expect_eq(kd_cidr_loopback(kd_bytes_of(c.at, 16)), cases[i].loopback, "%s", cases[i].text);
        if (!strchr(cases[i].text, ':'))
            cr_expect_eq(kd_cidr_loopback(kd_bytes_of(c.at + 12, 4)), cases[i].loopback, "%s", cases[i].text);
    }
    cr_expect_not(kd_cidr_loopback(kd_bytes_of(NULL, 0)));
}

Test(cidr, blocks_within_the_loopback_ones)
{
    static const struct {
        char *texts[2];
        bool loopback;
    } cases[] = {{{"127.0.0.0/8", "::1"}, true},     {{"127.1.0.0/16", "::ffff:127.0.0.0/104"}, true},
                 {{"127.0.0.0/7", "::1"}, false},    {{"127.0.0.1", "::/127"}, false},
                 {{"127.0.0.1", "10.1.1.1"}, false}, {{"0.0.0.0/0", "::1"}, false},
                 {{"127.0.0.1", "::1/104"}, false}};
    for (size_t i = 0; i < KD_COUNT(cases); i++) {
        const kd_strings texts = {(char **)(uintptr_t)cases[i].texts, 2};
        kd_cidrs list;
        kd_cidrs_init(&list, &texts);
        cr_expect_eq(kd_cidrs_loopback(&list), cases[i].loopback, "%s", cases[i].texts[1]);
        kd_cidrs_finish(&list);
    }
    cr_expect(kd_cidrs_loopback(&(kd_cidrs){0}));
}
