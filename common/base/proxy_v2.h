/*
 * proxy_v2.h - the header by which a balancer of TCP connections says from where a connection came: PROXY protocol, version 2 (binary), by HAProxy's
 * proxy-protocol.txt. Pure.
 *
 *     +----------------------+--------------------+-----------------+-----------+-------------------------------------+
 *     | signature (12 bytes) | 2 | 0 LOCAL 1 PROXY | family protocol | rest be16 | addresses and ports, then TLVs      |
 *     +----------------------+--------------------+-----------------+-----------+-------------------------------------+
 */
#ifndef KUDOS_COMMON_BASE_PROXY_V2_H
#define KUDOS_COMMON_BASE_PROXY_V2_H

#include "kudos/base.h"

enum {
    KD_PROXY_V2_HEAD = 16,
    KD_PROXY_V2_REST_MAX = 4096 /* bytes behind the first 16: TLVs have a bound */
};

typedef struct {
    uint8_t address[16]; /* of the client, in network order */
    uint8_t
        address_len; /* 4 or 16; 0: the connection's own address stays (LOCAL, or a family that is not told) */
    uint16_t port;
} kd_proxy_v2;

/* Reads the header that `in` begins with. KD_OK: *out, and *len bytes of it. KD_EAGAIN: so far it may be one. KD_EMALFORMED: it is none, not one of TCP
 * over IPv4 or IPv6, longer than the bound, or its TLVs do not fill it. TLVs are skipped, a checksum (CRC32C) among them as well. */
int kd_proxy_v2_read(kd_bytes in, kd_proxy_v2 *out, size_t *len);

#endif
