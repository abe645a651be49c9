/*
 * tls_guard.h - what a peer of TLS, server or client, may make OpenSSL compute before it has shown who it is.
 */
#ifndef KUDOS_COMMON_IO_TLS_TLS_GUARD_H
#define KUDOS_COMMON_IO_TLS_TLS_GUARD_H

#include <curl/curl.h>
#include <openssl/ssl.h>

/* Key exchanges are quick ones, and certificates are judged by kd_certificates_quick before they are parsed: with others a handshake fails, as with a
 * message that cannot be decoded. Takes the place of the context's message callback. */
void kd_tls_guard(SSL_CTX *context);
/* Of a client, besides: of TLS 1.2 only key exchanges of those curves. */
void kd_tls_guard_client(SSL_CTX *context);
/* The same, as CURLOPT_SSL_CTX_FUNCTION. */
CURLcode kd_tls_guard_curl(CURL *curl, void *context, void *arg);

#endif
