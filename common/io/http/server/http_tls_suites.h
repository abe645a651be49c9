/*
 * http_tls_suites.h - which versions and ciphers of TLS a server speaks.
 */
#ifndef KUDOS_COMMON_IO_HTTP_SERVER_HTTP_TLS_SUITES_H
#define KUDOS_COMMON_IO_HTTP_SERVER_HTTP_TLS_SUITES_H

#include <openssl/ssl.h>

#include "common/io/http/server/http_server.h"

/* Sets them on a context as the options say. KD_EINVAL: a name is unknown, a list is empty, or a cipher may not stand beside HTTP/2; `error` names the
 * option (http.tls_ciphers, http.tls_ciphersuites) and what is wrong. */
int http_tls_suites_set(SSL_CTX *context, const kd_http_tls_options *options, char *error, size_t error_size);

#endif
