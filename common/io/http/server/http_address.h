/*
 * http_address.h - the client addresses that a table knows, each with what is counted for it. A table belongs to its user's thread, or lies behind
 * its user's lock.
 */
#ifndef KUDOS_COMMON_IO_HTTP_SERVER_HTTP_ADDRESS_H
#define KUDOS_COMMON_IO_HTTP_SERVER_HTTP_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/socket.h>

enum { HTTP_ADDRESS_BUCKETS = 4096 };

struct http_conn;

typedef struct http_address {
    LIST_ENTRY(http_address) next;
    uint64_t key;
    uint32_t
        count; /* connections, and requests that were given this address: the entry lives as long as one of them */
    uint32_t requests;                              /* with the handler */
    uint64_t held;                                  /* bytes, as http_admission.h counts them */
    int64_t searched_ms;                            /* when its largest connection was looked for last */
    uint64_t largest;                               /* held by that one */
    LIST_HEAD(http_address_conns, http_conn) conns; /* of this address and server */
} http_address;

typedef struct {
    uint64_t seed;
    LIST_HEAD(http_address_bucket, http_address) buckets[HTTP_ADDRESS_BUCKETS];
} http_addresses;

/* An empty table. */
void http_addresses_init(http_addresses *table);
/* The key under which a peer is counted: an IPv4 address (mapped ones included), or the /64 of an IPv6 address. */
uint64_t http_address_key(const struct sockaddr_storage *peer);
/* The entry of an address, made when there is none, with its count one higher. The table owns it. */
http_address *http_address_take(http_addresses *table, uint64_t key);
/* The entry of an address, or NULL. */
http_address *http_address_find(http_addresses *table, uint64_t key);
/* The entry for which most bytes are held, or NULL. Looks at the whole table. */
http_address *http_address_largest(const http_addresses *table);
/* Counts one less; there must be one. The last one frees the entry, for which nothing may be counted any more. */
void http_address_release(http_address *address);

#endif
