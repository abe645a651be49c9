/*
 * http_address.h - how many connections each client address holds.
 */
#ifndef KUDOS_COMMON_IO_HTTP_SERVER_HTTP_ADDRESS_H
#define KUDOS_COMMON_IO_HTTP_SERVER_HTTP_ADDRESS_H

#include "common/io/http/server/http_internal.h"

/* The key under which a peer's connections are counted: an IPv4 address (mapped ones included), or the /64 of an IPv6 address. */
uint64_t http_address_key(const struct sockaddr_storage *peer);
/* Counts one connection more; false, and nothing counted, when the address has `max` (at least 1) already. */
bool http_address_take(kd_http_server *server, uint64_t key, uint32_t max);
/* Counts one less; there must be one. */
void http_address_release(kd_http_server *server, uint64_t key);

#endif
