/* test_certificates.c - which certificates OpenSSL gets to see. How real ones are judged: test_trust.py. */
#include "common/base/certificates.h"

#include <criterion/criterion.h>

enum { SEQUENCE = 0x30, INTEGER = 0x02, OBJECT = 0x06 };

static const char elliptic[] = "\x2a\x86\x48\xce\x3d\x02\x01", p256[] = "\x2a\x86\x48\xce\x3d\x03\x01\x07",
                  p384[] = "\x2b\x81\x04\x00\x22", brainpool[] = "\x2b\x24\x03\x03\x02\x08\x01\x01\x0d",
                  rsa[] = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01", dsa[] = "\x2a\x86\x48\xce\x38\x04\x01",
                  ed25519[] = "\x2b\x65\x70";
#define OF(object) kd_bytes_of(object, sizeof(object) - 1)

static void put(kd_buf *out, uint8_t tag, kd_bytes content)
{
    kd_buf_put_u8(out, tag);
    if (content.len >= 128) kd_buf_put_u8(out, 0x82);
    if (content.len >= 128) kd_buf_put_u8(out, (uint8_t)(content.len >> 8));
    kd_buf_put_u8(out, (uint8_t)content.len);
    kd_buf_put(out, content.data, content.len);
}

static kd_bytes within(uint8_t tag, const kd_buf *content, kd_buf *out)
{
    kd_buf_clear(out);
    put(out, tag, kd_buf_view(content));
    return kd_buf_view(out);
}

/* A certificate with such a key; `parameters` stand as they are. */
static void put_certificate(kd_buf *out, bool version, kd_bytes object, kd_bytes parameters)
{
    kd_buf algorithm = {0}, info = {0}, body = {0}, whole = {0}, wrapped = {0};
    put(&algorithm, OBJECT, object);
    kd_buf_put(&algorithm, parameters.data, parameters.len);
    put(&info, SEQUENCE, kd_buf_view(&algorithm));
    put(&info, 3, kd_bytes_str("key"));
    if (version) put(&body, 0xa0, kd_bytes_str("v"));
    put(&body, INTEGER, kd_bytes_str("1"));
    for (int i = 0; i < 4; i++) put(&body, SEQUENCE, kd_bytes_str("algorithm, issuer, validity, subject"));
    put(&body, SEQUENCE, kd_buf_view(&info));
    put(&whole, SEQUENCE, kd_buf_view(&body));
    put(&whole, SEQUENCE, kd_bytes_str("signature"));
    kd_bytes c = within(SEQUENCE, &whole, &wrapped);
    kd_buf_put(out, c.data, c.len);
    kd_buf *all[] = {&algorithm, &info, &body, &whole, &wrapped};
    for (size_t i = 0; i < KD_COUNT(all); i++) kd_buf_finish(all[i]);
}

static void put_u24(kd_buf *out, size_t n)
{
    kd_buf_put_u8(out, (uint8_t)(n >> 16));
    kd_buf_put_u8(out, (uint8_t)(n >> 8));
    kd_buf_put_u8(out, (uint8_t)n);
}

/* A message with that certificate `times`, of each version; whether it is quick. */
static bool quick(kd_bytes certificate, uint32_t times)
{
    bool said[2];
    for (int tls13 = 0; tls13 < 2; tls13++) {
        kd_buf list = {0}, message = {0};
        for (uint32_t i = 0; i < times; i++) {
            put_u24(&list, certificate.len);
            kd_buf_put(&list, certificate.data, certificate.len);
            if (tls13) kd_buf_put(&list, "\0\0", 2);
        }
        kd_buf_put_u8(&message, 11);
        put_u24(&message, 3 + list.len + (tls13 ? 1 : 0));
        if (tls13) kd_buf_put_u8(&message, 0);
        put_u24(&message, list.len);
        kd_buf_put(&message, list.data, list.len);
        said[tls13] = kd_certificates_quick(kd_buf_view(&message), tls13);
        for (size_t cut = 1; cut < message.len && times > 0; cut++)
            cr_assert_not(kd_certificates_quick(kd_bytes_of(message.data, cut), tls13), "cut at %zu", cut);
        kd_buf_finish(&list);
        kd_buf_finish(&message);
    }
    cr_assert_eq(said[0], said[1]);
    return said[0];
}

static bool quick_key(kd_bytes object, uint8_t tag, kd_bytes parameters)
{
    kd_buf certificate = {0}, element = {0};
    if (tag) put(&element, tag, parameters);
    put_certificate(&certificate, tag != 5, object, kd_buf_view(&element));
    bool good = quick(kd_buf_view(&certificate), 1);
    kd_buf_finish(&certificate);
    kd_buf_finish(&element);
    return good;
}

Test(certificates, keys_that_are_quick_to_decode)
{
    cr_expect(quick_key(OF(elliptic), OBJECT, OF(p256)));
    cr_expect(quick_key(OF(elliptic), OBJECT, OF(p384)));
    cr_expect(quick_key(OF(rsa), 5, kd_bytes_of(NULL, 0)), "and no version");
    cr_expect(quick_key(OF(ed25519), 0, kd_bytes_of(NULL, 0)));
}

Test(certificates, curves_of_the_peers_own_and_kinds_that_nobody_has_are_not)
{
    cr_expect_not(quick_key(OF(elliptic), SEQUENCE, kd_bytes_str("a field and a curve")));
    cr_expect_not(quick_key(OF(elliptic), OBJECT, OF(brainpool)));
    cr_expect_not(quick_key(OF(elliptic), 0, kd_bytes_of(NULL, 0)));
    cr_expect_not(quick_key(OF(dsa), 5, kd_bytes_of(NULL, 0)));
}

Test(certificates, a_chain_is_short)
{
    kd_buf certificate = {0}, curve = {0};
    put(&curve, OBJECT, OF(p256));
    put_certificate(&certificate, true, OF(elliptic), kd_buf_view(&curve));
    cr_expect(quick(kd_buf_view(&certificate), 0), "a client without one");
    cr_expect(quick(kd_buf_view(&certificate), KD_CERTIFICATES_MAX));
    cr_expect_not(quick(kd_buf_view(&certificate), KD_CERTIFICATES_MAX + 1));
    kd_buf_finish(&certificate);
    kd_buf_finish(&curve);
}

Test(certificates, lengths_that_are_not_der_are_not_taken)
{
    static const char endless[] = "\x30\x80\x30\x80\x02\x01\x01", huge[] = "\x30\x84\x00\x00\x00\x10";
    cr_expect_not(quick(OF(endless), 1));
    cr_expect_not(quick(OF(huge), 1));
    cr_expect_not(quick(kd_bytes_of(NULL, 0), 1));
}
