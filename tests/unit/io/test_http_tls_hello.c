/* test_http_tls_hello.c - which messages of a handshake are too long for OpenSSL to hear of, however they are parted. */
#include "common/io/http/server/http_tls_hello.h"

#include <criterion/criterion.h>

enum {
    HANDSHAKE = 22,
    CHANGE_CIPHER_SPEC = 20,
    DATA = 23,
    CLIENT_HELLO = 1,
    CERTIFICATE = 11,
    TOO_LONG = HTTP_TLS_HELLO_MAX + 1
};

static kd_buf sent;

static void finish(void)
{
    kd_buf_finish(&sent);
}

TestSuite(http_tls_hello, .fini = finish);

static void put_record(uint8_t type, kd_bytes payload)
{
    const uint8_t header[] = {type, 3, 3, (uint8_t)(payload.len >> 8), (uint8_t)payload.len};
    kd_buf_put(&sent, header, sizeof header);
    kd_buf_put(&sent, payload.data, payload.len);
}

/* A message that announces `len` bytes, of which `there` come, in records of at most `piece`. */
static void put_message(uint8_t type, uint32_t len, size_t there, size_t piece)
{
    kd_buf message = {0};
    const uint8_t header[] = {type, (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len};
    kd_buf_put(&message, header, sizeof header);
    while (there-- > 0) kd_buf_put_u8(&message, CLIENT_HELLO);
    for (size_t at = 0; at < message.len; at += piece)
        put_record(HANDSHAKE, kd_bytes_of(message.data + at, KD_MIN(piece, message.len - at)));
    kd_buf_finish(&message);
}

/* Whether all that was sent is taken, in pieces of each size. */
static bool taken(bool tls12)
{
    uint32_t times = 0, of = 0;
    for (size_t piece = 1; piece <= sent.len; piece += 1 + piece / 3, of++) {
        http_tls_hello h = {0};
        bool good = true;
        for (size_t at = 0; good && at < sent.len; at += piece)
            good = http_tls_hello_take(&h, kd_bytes_of(sent.data + at, KD_MIN(piece, sent.len - at)), tls12);
        times += good;
    }
    cr_assert(times == 0 || times == of, "however it is cut");
    return times > 0;
}

Test(http_tls_hello, a_hello_that_is_announced_as_long_is_not_taken)
{
    put_message(CLIENT_HELLO, TOO_LONG, 2, 100);
    cr_expect_not(taken(false));
}

Test(http_tls_hello, its_header_may_be_parted_over_records)
{
    for (size_t piece = 1; piece < 6; piece++) {
        kd_buf_clear(&sent);
        put_message(CLIENT_HELLO, 131392, 2, piece);
        cr_expect_not(taken(false), "records of %zu", piece);
        kd_buf_clear(&sent);
        put_message(CLIENT_HELLO, 500, 500, piece);
        cr_expect(taken(false), "records of %zu", piece);
    }
}

Test(http_tls_hello, the_longest_one_is_taken_with_all_that_it_holds)
{
    put_message(CLIENT_HELLO, HTTP_TLS_HELLO_MAX, HTTP_TLS_HELLO_MAX, 16384);
    cr_expect(taken(false));
}

Test(http_tls_hello, a_second_one_is_looked_at_too)
{
    put_message(CLIENT_HELLO, 300, 300, 1000);
    put_record(CHANGE_CIPHER_SPEC, kd_bytes_str("\1"));
    put_message(CLIENT_HELLO, TOO_LONG, 0, 1000);
    cr_expect_not(taken(false));
    cr_expect(taken(true), "with TLS 1.2 this is encrypted");
}

Test(http_tls_hello, what_is_encrypted_or_another_message_is_none_of_its_business)
{
    put_message(CLIENT_HELLO, 300, 300, 1000);
    put_message(CERTIFICATE, TOO_LONG, 10, 1000);
    cr_expect(taken(false));
    kd_buf_clear(&sent);
    put_message(CLIENT_HELLO, 300, 300, 1000);
    put_record(DATA, kd_bytes_str("abc"));
    put_message(CLIENT_HELLO, TOO_LONG, 0, 1000);
    cr_expect(taken(false));
}

Test(http_tls_hello, records_without_content_are_passed_over)
{
    put_record(HANDSHAKE, kd_bytes_of(NULL, 0));
    put_message(CLIENT_HELLO, TOO_LONG, 0, 1000);
    cr_expect_not(taken(false));
}
