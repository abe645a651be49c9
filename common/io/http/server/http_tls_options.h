/*
 * http_tls_options.h - the options of both programs that say which TLS a public port speaks: rows for an option table, one text for both, and what the
 * server takes of them.
 */
#ifndef KUDOS_COMMON_IO_HTTP_SERVER_HTTP_TLS_OPTIONS_H
#define KUDOS_COMMON_IO_HTTP_SERVER_HTTP_TLS_OPTIONS_H

#include "common/conf/options.h"
#include "common/io/http/server/http_server.h"

/* Rows for the members tls_min_version (uint32_t), tls_ciphers and tls_ciphersuites (char *) of `config`. */
#define KD_HTTP_TLS_OPTIONS(config)                                                                          \
    KD_OPTION_ENUM(config, tls_min_version, "http", "tls_min_version", "1.2",                                \
                   "Least version of TLS that is spoken", .choices = kd_http_tls_versions),                  \
        KD_OPTION_STRING(config, tls_ciphers, "http", "tls_ciphers", KD_HTTP_TLS_CIPHERS,                    \
                         "Ciphers of TLS 1.2, as OpenSSL names them, with colons between",                   \
                         .more = "Only AEAD ciphers with forward secrecy are taken: no other may stand "     \
                                 "beside HTTP/2 (RFC 9113, appendix A)."),                                   \
        KD_OPTION_STRING(config, tls_ciphersuites, "http", "tls_ciphersuites", KD_HTTP_TLS_CIPHERSUITES,     \
                         "Cipher suites of TLS 1.3, with colons between")

/* The kd_http_tls_options of a program's settings: a pointer to a struct with the members above, and tls_certificate, tls_key, tls_client_ca (char *).
 * Views into it. */
#define KD_HTTP_TLS_OF(settings)                                                                             \
    ((kd_http_tls_options){.cert_path = (settings)->tls_certificate,                                         \
                           .key_path = (settings)->tls_key,                                                  \
                           .client_ca_path = (settings)->tls_client_ca,                                      \
                           .ciphers = (settings)->tls_ciphers,                                               \
                           .ciphersuites = (settings)->tls_ciphersuites,                                     \
                           .min_version = (settings)->tls_min_version})

#endif
