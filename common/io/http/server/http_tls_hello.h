/*
 * http_tls_hello.h - the messages of a TLS handshake that are not encrypted, looked at before OpenSSL sees them. OpenSSL takes as much memory as the header of a
 * message announces, for a ClientHello 128 KiB: eleven bytes of a client would cost 150 KiB until the handshake's time is over. Honest ones have 2 KiB. Pure.
 *
 * A header may be parted over records (RFC 8446, 5.1). After HelloRetryRequest comes a second ClientHello.
 */
#ifndef KUDOS_COMMON_IO_HTTP_SERVER_HTTP_TLS_HELLO_H
#define KUDOS_COMMON_IO_HTTP_SERVER_HTTP_TLS_HELLO_H

#include "kudos/base.h"

enum { HTTP_TLS_HELLO_MAX = 16 * 1024 };

/* All zero: of a new connection. */
typedef struct {
    bool over;             /* what follows is encrypted */
    uint8_t record_len;    /* how much of `record` has come */
    uint8_t message_len;   /* ... of `message` */
    uint8_t record[5];     /* the header of the record under way */
    uint8_t message[4];    /* the header of the message under way */
    uint16_t record_left;  /* bytes of it that have not come */
    uint32_t message_left; /* ... */
} http_tls_hello;

/* The next bytes of the client, which may end anywhere. `tls12`: that version was agreed on, in which all is encrypted behind ChangeCipherSpec. False: a
 * ClientHello of more than HTTP_TLS_HELLO_MAX is announced. */
bool http_tls_hello_take(http_tls_hello *h, kd_bytes in, bool tls12);

#endif
