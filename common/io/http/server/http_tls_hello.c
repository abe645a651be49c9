/* http_tls_hello.c - see the header. */
#include "common/io/http/server/http_tls_hello.h"

enum { CHANGE_CIPHER_SPEC = 20, HANDSHAKE = 22, CLIENT_HELLO = 1 };

static kd_bytes hello_cut(kd_bytes *in, size_t n)
{
    kd_bytes front = kd_bytes_of(in->data, KD_MIN(n, in->len));
    *in = kd_bytes_of(in->data + front.len, in->len - front.len);
    return front;
}

/* Adds to a header of `size` bytes. True: it is whole. */
static bool hello_fill(uint8_t *header, uint8_t *len, size_t size, kd_bytes *in)
{
    kd_bytes front = hello_cut(in, size - *len);
    memcpy(header + *len, front.data, front.len);
    *len = (uint8_t)(*len + front.len);
    return *len == size;
}

static bool hello_take_message(http_tls_hello *h, kd_bytes in)
{
    while (in.len > 0) {
        h->message_left -= (uint32_t)hello_cut(&in, h->message_left).len;
        if (in.len == 0 || !hello_fill(h->message, &h->message_len, sizeof h->message, &in)) break;
        const uint8_t *m = h->message;
        h->message_len = 0;
        h->message_left = (uint32_t)m[1] << 16 | (uint32_t)m[2] << 8 | m[3];
        if (m[0] == CLIENT_HELLO && h->message_left > HTTP_TLS_HELLO_MAX) return false;
    }
    return true;
}

static void hello_begin_record(http_tls_hello *h, bool tls12)
{
    const uint8_t *r = h->record;
    h->record_left = (uint16_t)(r[3] << 8 | r[4]);
    h->over = r[0] != HANDSHAKE && (r[0] != CHANGE_CIPHER_SPEC || tls12);
}

bool http_tls_hello_take(http_tls_hello *h, kd_bytes in, bool tls12)
{
    while (in.len > 0 && !h->over) {
        if (h->record_left == 0) {
            if (!hello_fill(h->record, &h->record_len, sizeof h->record, &in)) break;
            h->record_len = 0;
            hello_begin_record(h, tls12);
            continue;
        }
        kd_bytes part = hello_cut(&in, h->record_left);
        h->record_left = (uint16_t)(h->record_left - part.len);
        if (h->record[0] == HANDSHAKE && !hello_take_message(h, part)) return false;
    }
    return true;
}
