/* test_forwarded.c - whom gateways name as the client, and what clients write left of it. */
#include "common/base/forwarded.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>

static char *gateways[] = {"10.0.0.0/8", "fd00::/8"};

/* The result with the address in `at`, which begins as that of the gateway, 10.0.0.1. */
static kd_forwarded_result walk(kd_forwarded_form form, const char *value, char at[INET6_ADDRSTRLEN])
{
    const kd_strings texts = {gateways, 2};
    kd_cidrs trusted;
    uint8_t bytes[16] = {[10] = 0xff, 0xff, 10, 0, 0, 1};
    kd_cidrs_init(&trusted, &texts);
    kd_forwarded_result result = kd_forwarded_walk(form, kd_bytes_str(value), &trusted, bytes);
    inet_ntop(AF_INET6, bytes, at, INET6_ADDRSTRLEN);
    kd_cidrs_finish(&trusted);
    return result;
}

#define expect(form, value, wanted, address)                                                                 \
    do {                                                                                                     \
        char at[INET6_ADDRSTRLEN];                                                                           \
        cr_expect_eq(walk(form, value, at), wanted, "%s", value);                                            \
        cr_expect_str_eq(at, address, "%s", value);                                                          \
    } while (0)

#define GATEWAY "::ffff:10.0.0.1"

Test(forwarded, the_client_is_the_rightmost_address_that_is_no_gateway)
{
    expect(KD_X_FORWARDED_FOR, "1.2.3.4", KD_FORWARDED_FOUND, "::ffff:1.2.3.4");
    expect(KD_X_FORWARDED_FOR, "9.9.9.9, 1.2.3.4 , 10.1.1.1", KD_FORWARDED_FOUND, "::ffff:1.2.3.4");
    expect(KD_X_FORWARDED_FOR, "2001:db8::1, fd00::2", KD_FORWARDED_FOUND, "2001:db8::1");
    expect(KD_X_FORWARDED_FOR, "1.2.3.4:80,10.1.1.1:1", KD_FORWARDED_FOUND, "::ffff:1.2.3.4");
    expect(KD_X_FORWARDED_FOR, "1.2.3.4:65535, 10.1.1.1:00080", KD_FORWARDED_FOUND, "::ffff:1.2.3.4");
    expect(KD_X_FORWARDED_FOR, "[2001:db8::1]:443", KD_FORWARDED_FOUND, "2001:db8::1");
    expect(KD_FORWARDED, "for=1.2.3.4", KD_FORWARDED_FOUND, "::ffff:1.2.3.4");
    expect(KD_FORWARDED, "For=9.9.9.9, FOR=1.2.3.4;by=10.0.0.1;proto=http;host=a, for=10.2.3.4; proto=https",
           KD_FORWARDED_FOUND, "::ffff:1.2.3.4");
    expect(KD_FORWARDED, "for=\"[2001:db8::1]:4711\"", KD_FORWARDED_FOUND, "2001:db8::1");
    expect(KD_FORWARDED, "for=\"1.2.3.4:_x\";host=\"a,b;c\\\"d\"", KD_FORWARDED_FOUND, "::ffff:1.2.3.4");
}

Test(forwarded, what_a_client_wrote_itself_is_not_looked_at)
{
    expect(KD_X_FORWARDED_FOR, "10.9.9.9, rubbish, \", 1.2.3.4", KD_FORWARDED_FOUND, "::ffff:1.2.3.4");
    expect(KD_FORWARDED, "for=10.9.9.9, rubbish;=, for=a b, for=1.2.3.4", KD_FORWARDED_FOUND,
           "::ffff:1.2.3.4");
}

Test(forwarded, a_trail_of_gateways_goes_on_in_the_line_before)
{
    expect(KD_X_FORWARDED_FOR, "10.2.2.2, 10.1.1.1", KD_FORWARDED_MORE, "::ffff:10.2.2.2");
    expect(KD_X_FORWARDED_FOR, "", KD_FORWARDED_EMPTY, GATEWAY);
    expect(KD_X_FORWARDED_FOR, " , ,", KD_FORWARDED_EMPTY, GATEWAY);
    expect(KD_FORWARDED, "", KD_FORWARDED_EMPTY, GATEWAY);
    expect(KD_FORWARDED, "for=\"[fd00::7]\"", KD_FORWARDED_MORE, "fd00::7");
}

Test(forwarded, a_trail_ends_where_a_gateway_hides_its_caller)
{
    expect(KD_X_FORWARDED_FOR, "1.2.3.4, unknown, 10.1.1.1", KD_FORWARDED_HIDDEN, "::ffff:10.1.1.1");
    expect(KD_FORWARDED, "for=1.2.3.4, for=Unknown", KD_FORWARDED_HIDDEN, GATEWAY);
    expect(KD_FORWARDED, "for=1.2.3.4, for=_hidden", KD_FORWARDED_HIDDEN, GATEWAY);
    expect(KD_FORWARDED, "for=1.2.3.4, for=\"_hidden:1\"", KD_FORWARDED_HIDDEN, GATEWAY);
    expect(KD_FORWARDED, "for=1.2.3.4, for=\"unknown:_port\"", KD_FORWARDED_HIDDEN, GATEWAY);
    expect(KD_FORWARDED, "for=1.2.3.4, for=\"_hidden:x\"", KD_FORWARDED_BAD, GATEWAY);
    expect(KD_FORWARDED, "for=1.2.3.4, proto=http", KD_FORWARDED_HIDDEN, GATEWAY);
}

Test(forwarded, what_is_no_address_where_one_is_wanted_is_bad)
{
    static const char *const addresses[] = {
        "rubbish",       "1.2.3",         "1.2.3.4/8",       "1.2.3.4:",    "1.2.3.4:x", "1.2.3.4:123456",
        "1.2.3.4:99999", "1.2.3.4:65536", "[::1]:65536",     "[1.2.3.4]",   "[::1",      "[]",
        "[::1]80",       "::1]",          "1.2.3.4 5.6.7.8", "\"1.2.3.4\"", "01.2.3.4",  "_",
        "fe80::1%e0",    ":80",           "1.2.3.4, x"};
    static const char *const elements[] = {"for",
                                           "for=",
                                           "=1.2.3.4",
                                           "for=1.2.3.4:80",
                                           "for=2001:db8::1",
                                           "for=[::1]",
                                           "for=\"::1",
                                           "for=\"\"",
                                           "for=1.2.3.4;for=1.2.3.4",
                                           "for =1.2.3.4",
                                           "for= 1.2.3.4",
                                           "for=\"1.2.3.4\"x",
                                           "1.2.3.4",
                                           "for=1.2.3.4;\"",
                                           "for=\"1.2.3.4\\\"",
                                           "host=\"a, for=1.2.3.4"};
    char at[INET6_ADDRSTRLEN];
    for (size_t i = 0; i < KD_COUNT(addresses); i++)
        cr_expect_eq(walk(KD_X_FORWARDED_FOR, addresses[i], at), KD_FORWARDED_BAD, "%s", addresses[i]);
    for (size_t i = 0; i < KD_COUNT(elements); i++)
        cr_expect_eq(walk(KD_FORWARDED, elements[i], at), KD_FORWARDED_BAD, "%s", elements[i]);
}

Test(forwarded, of_a_long_trail_the_last_hops_are_looked_at)
{
    char text[16 * 64] = "1.2.3.4", at[INET6_ADDRSTRLEN];
    for (int i = 0; i < KD_FORWARDED_HOPS_MAX - 1; i++) strcat(text, ",10.0.0.9");
    cr_expect_eq(walk(KD_X_FORWARDED_FOR, text, at), KD_FORWARDED_FOUND);
    cr_expect_str_eq(at, "::ffff:1.2.3.4");
    strcat(text, ",10.0.0.8");
    cr_expect_eq(walk(KD_X_FORWARDED_FOR, text, at), KD_FORWARDED_FOUND);
    cr_expect_str_eq(at, "::ffff:10.0.0.9");
}
