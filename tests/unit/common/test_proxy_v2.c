/* test_proxy_v2.c - headers of the PROXY protocol: which are taken, and that a wrong byte is refused as soon as it is there. */
#include "common/base/proxy_v2.h"

#include <criterion/criterion.h>

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define TCP4 SIGNATURE "\x21\x11\0\x0c\x01\x02\x03\x04\x7f\0\0\1\x12\x34\0\x50"

static kd_proxy_v2 header;
static size_t used;

static int read_it(const char *bytes, size_t len)
{
    return kd_proxy_v2_read(kd_bytes_of(bytes, len), &header, &used);
}
#define READ(text) read_it(text, sizeof(text) - 1)

Test(proxy_v2, the_address_of_a_client_is_read)
{
    cr_expect_eq(READ(TCP4 "GET /"), KD_OK);
    cr_expect_eq(used, 28);
    cr_expect_eq(header.address_len, 4);
    cr_expect_arr_eq(header.address, "\1\2\3\4", 4);
    cr_expect_eq(header.port, 0x1234);
    cr_expect_eq(READ(SIGNATURE "\x21\x21\0\x24"
                                "0123456789abcdef"
                                "0123456789abcdef"
                                "\0\1\0\2"),
                 KD_OK);
    cr_expect_eq(used, 52);
    cr_expect_eq(header.address_len, 16);
    cr_expect_arr_eq(header.address, "0123456789abcdef", 16);
}

Test(proxy_v2, what_tells_no_address_keeps_that_of_the_connection)
{
    cr_expect_eq(READ(SIGNATURE "\x20\0\0\0"), KD_OK);
    cr_expect(header.address_len == 0 && used == 16);
    cr_expect_eq(READ(SIGNATURE "\x20\x31\0\2xyz"), KD_OK);
    cr_expect(header.address_len == 0 && used == 18);
    cr_expect_eq(READ(SIGNATURE "\x21\0\0\3xyz"), KD_OK);
    cr_expect(header.address_len == 0 && used == 19);
}

Test(proxy_v2, every_beginning_waits_for_the_rest)
{
    for (size_t n = 0; n < 28; n++) cr_expect_eq(read_it(TCP4, n), KD_EAGAIN, "%zu", n);
}

Test(proxy_v2, a_wrong_byte_is_refused_at_once)
{
    for (size_t n = 0; n < 14; n++) {
        char wrong[28];
        memcpy(wrong, TCP4, 28);
        wrong[n] = 0x7e;
        cr_expect_eq(read_it(wrong, n + 1), KD_EMALFORMED, "%zu", n);
    }
    cr_expect_eq(READ("GET / HTTP/1.1\r\n"), KD_EMALFORMED);
    cr_expect_eq(READ("PROXY TCP4 1.2.3.4"), KD_EMALFORMED);
    cr_expect_eq(READ(SIGNATURE "\x11"), KD_EMALFORMED);     /* version 1 */
    cr_expect_eq(READ(SIGNATURE "\x22"), KD_EMALFORMED);     /* command 2 */
    cr_expect_eq(READ(SIGNATURE "\x21\x12"), KD_EMALFORMED); /* datagrams */
    cr_expect_eq(READ(SIGNATURE "\x21\x31"), KD_EMALFORMED); /* unix */
}

Test(proxy_v2, tlvs_are_skipped_and_have_to_fill_the_header)
{
#define WITH(length, tlvs) SIGNATURE "\x21\x11\0" length "\x01\x02\x03\x04\x7f\0\0\1\x12\x34\0\x50" tlvs
    cr_expect_eq(READ(WITH("\x13", "\4\0\0"
                                   "\5\0\1x")),
                 KD_OK);
    cr_expect_eq(used, 35);
    cr_expect_eq(READ(WITH("\x0e", "\4\0")), KD_EMALFORMED);
    cr_expect_eq(READ(WITH("\x10", "\4\0\2x")), KD_EMALFORMED);
    cr_expect_eq(READ(SIGNATURE "\x21\x11\0\x0b"
                                "0123456789a"),
                 KD_EMALFORMED);
    cr_expect_eq(READ(SIGNATURE "\x21\x21\0\x23"
                                "0123456789abcdef0123456789abcdef012"),
                 KD_EMALFORMED);
}

Test(proxy_v2, the_length_has_a_bound)
{
    static char long_one[16 + 4097] = SIGNATURE "\x20\0";
    long_one[14] = 0x10;
    cr_expect_eq(read_it(long_one, 16), KD_EAGAIN);
    cr_expect_eq(read_it(long_one, sizeof long_one - 1), KD_OK);
    long_one[15] = 1;
    cr_expect_eq(read_it(long_one, 16), KD_EMALFORMED);
}
