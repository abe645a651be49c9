/* tls_guard.c - see the header. */
#include "common/io/tls/tls_guard.h"

#include "common/base/certificates.h"

enum { MESSAGE_HEADER = 4, CERTIFICATES_BYTES_MAX = 32 * 1024 };

/* Exchanges of a millisecond or two. OpenSSL's default also has finite fields: one over ffdhe8192 takes 120 ms in one step, for a message that its sender can send again and
 * again. */
#define QUICK_GROUPS "X25519:P-256:P-384:P-521"
#define CLIENT_CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20"

/*
 * OpenSSL shows a message when it is whole and before it is parsed, and offers no way to refuse it then. The message lies in its own buffer: without the length of
 * what it holds it cannot be decoded, and the handshake ends.
 */
static void guard_on_message(int sent, int version, int type, const void *data, size_t len, SSL *ssl,
                             void *arg)
{
    (void)version, (void)arg;
    kd_bytes message = kd_bytes_of(data, len);
    if (sent || type != SSL3_RT_HANDSHAKE || len <= MESSAGE_HEADER || message.data[0] != SSL3_MT_CERTIFICATE)
        return;
    if (kd_certificates_quick(message, SSL_version(ssl) == TLS1_3_VERSION)) return;
    memset((uint8_t *)(uintptr_t)data + MESSAGE_HEADER, 0xff, len - MESSAGE_HEADER);
}

void kd_tls_guard(SSL_CTX *context)
{
    KD_ASSERT(SSL_CTX_set1_groups_list(context, QUICK_GROUPS) == 1);
    SSL_CTX_set_max_cert_list(context, CERTIFICATES_BYTES_MAX); /* as much memory as is announced */
    SSL_CTX_set_msg_callback(context, guard_on_message);
}

void kd_tls_guard_client(SSL_CTX *context)
{
    kd_tls_guard(context);
    KD_ASSERT(SSL_CTX_set_cipher_list(context, CLIENT_CIPHERS) == 1);
}

CURLcode kd_tls_guard_curl(CURL *curl, void *context, void *arg)
{
    (void)curl, (void)arg;
    kd_tls_guard_client(context);
    return CURLE_OK;
}
