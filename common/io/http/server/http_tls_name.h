/*
 * http_tls_name.h - the names by which a client's certificate is known.
 */
#ifndef KUDOS_COMMON_IO_HTTP_SERVER_HTTP_TLS_NAME_H
#define KUDOS_COMMON_IO_HTTP_SERVER_HTTP_TLS_NAME_H

#include <openssl/x509.h>

#include "common/conf/strings.h"

enum { HTTP_TLS_NAMES_MAX = 64 };

/* All DNS names and URIs among the alternative names of a certificate; never its common name (RFC 9525, 2). None at all where one of them is not to be
 * trusted with a comparison (longer than 255 bytes, empty, with a NUL, a control character or a byte beyond ASCII in it), or where there are more than
 * HTTP_TLS_NAMES_MAX. End the list with kd_strings_finish. */
kd_strings http_tls_names_of(X509 *certificate);

#endif
