/*
 * certificates.h - the certificates that a peer of TLS shows, looked at before OpenSSL parses them. It decodes each public key at once, before any chain is checked: an elliptic
 * curve with parameters of the peer's own and a compressed point takes 100 ms a key, and nobody has to hold such a key to show it. Pure.
 */
#ifndef KUDOS_COMMON_BASE_CERTIFICATES_H
#define KUDOS_COMMON_BASE_CERTIFICATES_H

#include "kudos/base.h"

enum { KD_CERTIFICATES_MAX = 10 }; /* of a chain; those of the world have 2 to 4 */

/*
 * `message`: a Certificate message with its header (RFC 5246, 7.4.2; RFC 8446, 4.4.2). Whether it holds no more than KD_CERTIFICATES_MAX, each in DER as RFC 5280, 4.1, says and with a
 * key that is quick to decode: RSA, Ed25519, Ed448, or on one of the curves P-256, P-384 and P-521, by name. An empty list is fine.
 */
bool kd_certificates_quick(kd_bytes message, bool tls13);

#endif
