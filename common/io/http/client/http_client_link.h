/*
 * http_client_link.h - the socket of a connection, plain or TLS. Errors are KD_OK, KD_EAGAIN (wait for the socket), KD_EUNAVAILABLE (the link is of
 * no more use; link->trouble says why), and where named KD_EUNTRUSTED.
 */
#ifndef KUDOS_COMMON_IO_HTTP_CLIENT_HTTP_CLIENT_LINK_H
#define KUDOS_COMMON_IO_HTTP_CLIENT_HTTP_CLIENT_LINK_H

#include <netdb.h>
#include <openssl/ssl.h>
#include <sys/types.h>

#include "common/base/reason.h"
#include "common/io/http/client/http_client_url.h"

enum { KD_TROUBLE_TEXT_MAX = 200 };

/* Why something failed, for a metric and for a line of the log. */
typedef struct {
    kd_reason reason;
    char text[KD_TROUBLE_TEXT_MAX]; /* "": nothing failed */
} kd_trouble;

typedef struct {
    int fd; /* -1: closed */
    /* Why the link will close; "the connection was lost" until something better is known. */
    kd_trouble trouble;
    SSL *ssl;   /* NULL: plain, or before the handshake */
    kd_buf out; /* to be written; the first out_at bytes have gone already */
    size_t out_at;
} kd_client_link;

/* A context for the options, to be freed by SSL_CTX_free. NULL: a file cannot be used, and *fault names the option and the reason, in static text.
 * *fault is NULL otherwise. */
SSL_CTX *kd_client_tls_new(const kd_http_client_options *o, const char **fault);
/* Begins to connect; the socket becomes writable when the outcome is known. */
int kd_client_link_open(kd_client_link *l, const struct addrinfo *to);
/* The outcome of a connect. */
int kd_client_link_opened(kd_client_link *l);
/* Begins the TLS handshake, or goes on with it. KD_EAGAIN: *wants_write says for what to wait. KD_EUNTRUSTED: the certificate cannot be verified, and
 * *distrust is set to OpenSSL's static text. `verify` false takes any certificate. A peer that does not choose h2 is KD_EUNAVAILABLE. */
int kd_client_link_handshake(kd_client_link *l, SSL_CTX *tls, const kd_client_url *url, bool verify,
                             bool *wants_write, const char **distrust);
/* The number of bytes read, above 0, or one of the errors. */
ssize_t kd_client_link_read(kd_client_link *l, uint8_t *buf, size_t len);
/* Writes as much of l->out as the socket takes, adding to *bytes. KD_EAGAIN: some is left. KD_OK: l->out is empty. */
int kd_client_link_write(kd_client_link *l, uint64_t *bytes);
/* Closes; l->trouble stays. Drops bytes that are not written. */
void kd_client_link_close(kd_client_link *l);
/* Notes why the link is about to be closed; text is copied. */
void kd_client_link_trouble(kd_client_link *l, kd_reason reason, const char *text);

#endif
