/* certificates.c - see the header. */
#include "common/base/certificates.h"

enum { SEQUENCE = 0x30, INTEGER = 0x02, OBJECT = 0x06, VERSION = 0xa0, LONG = 0x80, LENGTH_MAX = 3 };

typedef struct {
    uint8_t len;
    uint8_t bytes[9];
} object_id;

static const object_id elliptic = {7, {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01}};

/* RSA, RSASSA-PSS, Ed25519, Ed448. */
static const object_id quick_keys[] = {{9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01}},
                                       {9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a}},
                                       {3, {0x2b, 0x65, 0x70}},
                                       {3, {0x2b, 0x65, 0x71}}};

/* P-256, P-384, P-521. */
static const object_id quick_curves[] = {{8, {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07}},
                                         {5, {0x2b, 0x81, 0x04, 0x00, 0x22}},
                                         {5, {0x2b, 0x81, 0x04, 0x00, 0x23}}};

/* ---- DER ---- */

static size_t read_length(kd_reader *r, size_t bytes)
{
    size_t len = 0;
    for (; bytes > 0; bytes--) len = len << 8 | kd_read_u8(r);
    return len;
}

/* Takes an element with this tag off the front of *der. */
static bool der_take(kd_bytes *der, uint8_t tag, kd_bytes *content)
{
    kd_reader r = kd_reader_of(*der);
    bool is = kd_read_u8(&r) == tag;
    size_t len = kd_read_u8(&r);
    if (len == LONG || len > LONG + LENGTH_MAX)
        return false; /* of no told length, which is no DER; or too long */
    if (len > LONG) len = read_length(&r, len - LONG);
    *content = kd_read_bytes(&r, len);
    *der = kd_bytes_of(r.p, kd_reader_left(&r));
    return is && !r.bad;
}

static bool object_is(kd_bytes object, const object_id *one)
{
    return kd_bytes_eq(object, kd_bytes_of(one->bytes, one->len));
}

static bool object_among(kd_bytes object, const object_id *of, size_t count)
{
    bool any = false;
    for (size_t i = 0; i < count; i++) any |= object_is(object, &of[i]);
    return any;
}

/* ---- a certificate ---- */

static bool key_quick(kd_bytes info)
{
    kd_bytes algorithm, object, curve;
    if (!der_take(&info, SEQUENCE, &algorithm) || !der_take(&algorithm, OBJECT, &object)) return false;
    if (!object_is(object, &elliptic)) return object_among(object, quick_keys, KD_COUNT(quick_keys));
    return der_take(&algorithm, OBJECT, &curve) && object_among(curve, quick_curves, KD_COUNT(quick_curves));
}

/* The key stands behind version, serial number, algorithm, issuer, validity and subject. */
static bool certificate_quick(kd_bytes der)
{
    kd_bytes whole, body, skipped, info;
    if (!der_take(&der, SEQUENCE, &whole) || !der_take(&whole, SEQUENCE, &body)) return false;
    if (body.len > 0 && body.data[0] == VERSION && !der_take(&body, VERSION, &skipped)) return false;
    bool good = der_take(&body, INTEGER, &skipped);
    for (int i = 0; i < 4; i++) good = good && der_take(&body, SEQUENCE, &skipped);
    return good && der_take(&body, SEQUENCE, &info) && key_quick(info);
}

/* ---- the message ---- */

static kd_bytes message_take(kd_reader *r, size_t length_bytes)
{
    return kd_read_bytes(r, read_length(r, length_bytes));
}

bool kd_certificates_quick(kd_bytes message, bool tls13)
{
    kd_reader r = kd_reader_of(message);
    kd_read_u8(&r); /* the kind */
    kd_reader body = kd_reader_of(message_take(&r, 3));
    if (tls13) message_take(&body, 1); /* the context of the request */
    kd_reader list = kd_reader_of(message_take(&body, 3));
    bool good = !r.bad && !body.bad;
    for (int n = 0; good && kd_reader_left(&list) > 0; n++) {
        good = n < KD_CERTIFICATES_MAX && certificate_quick(message_take(&list, 3));
        if (tls13) message_take(&list, 2); /* extensions */
        good = good && !list.bad;
    }
    return good;
}
