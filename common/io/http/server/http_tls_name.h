/*
 * http_tls_name.h - the one name by which a client's certificate is known.
 */
#ifndef KUDOS_COMMON_IO_HTTP_SERVER_HTTP_TLS_NAME_H
#define KUDOS_COMMON_IO_HTTP_SERVER_HTTP_TLS_NAME_H

#include <openssl/x509.h>

/* The first DNS name, URI or mail address among the alternative names of a certificate; where it has none of these, its common name. NULL: it has no
 * such name, or that name is not to be trusted with a comparison: longer than 255 bytes, empty, with a NUL, a control character or (in an alternative
 * name) a byte beyond ASCII in it, or there are two common names. Never the next one instead. Free with free(). */
char *http_tls_name_of(X509 *certificate);

#endif
