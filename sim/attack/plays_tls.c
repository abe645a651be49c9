/*
 * plays_tls.c - attacks before TLS is spoken. The ClientHello is of TLS 1.3 (RFC 8446, 4.1.2) and always the same but for its random bytes: it costs the
 * client nothing, and the server a key exchange and a signature.
 */
#include "sim/attack/play_hooks.h"

enum {
    TLS_RECORD_HANDSHAKE = 22,
    TLS_CLIENT_HELLO = 1,
    TLS_VERSION_10 = 0x0301,
    TLS_VERSION_12 = 0x0303,
    TLS_RANDOM = 32,
    TLS_BODY = 2 + TLS_RANDOM, /* version, random; then HELLO_REST with the key in it */
    X25519_KEY = 32,
};

/* No session; TLS_AES_128_GCM_SHA256; no compression; 69 bytes of extensions: versions (TLS 1.3), groups (x25519), signature algorithms (ECDSA with P-256,
 * Ed25519, RSA-PSS), key share (x25519), whose key follows. */
static const uint8_t HELLO_REST[] = {
    0,  0, 2,  0x13, 1, 1, 0, 0, 69, 0, 43, 0, 3, 2, 3,  4, 0,  10, 0,  4, 0,  2, 0,
    29, 0, 13, 0,    8, 0, 6, 4, 3,  8, 7,  8, 4, 0, 51, 0, 38, 0,  36, 0, 29, 0, 32,
};

static void tls_put_random(kd_buf *out, uint64_t seed, size_t count)
{
    for (size_t i = 0; i < count; i++) kd_buf_put_u8(out, (uint8_t)(kd_random_next(&seed) | 1));
}

void sim_tls_hello(sim_raw *raw)
{
    const uint32_t body = TLS_BODY + sizeof HELLO_REST + X25519_KEY;
    const uint64_t seed = raw->shared->seed + raw->shared->ups;
    kd_buf *out = &raw->out;
    kd_buf_put_u8(out, TLS_RECORD_HANDSHAKE);
    kd_buf_put_be16(out, TLS_VERSION_10);
    kd_buf_put_be16(out, 4 + body);
    kd_buf_put_u8(out, TLS_CLIENT_HELLO);
    kd_buf_put_u8(out, 0);
    kd_buf_put_be16(out, body);
    kd_buf_put_be16(out, TLS_VERSION_12);
    tls_put_random(out, seed, TLS_RANDOM);
    kd_buf_put(out, HELLO_REST, sizeof HELLO_REST);
    tls_put_random(out, ~seed, X25519_KEY);
}
