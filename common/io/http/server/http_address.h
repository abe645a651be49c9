/*
 * http_address.h - the client addresses that a table knows, each with what is counted for it. A table belongs to its user's thread, or lies behind
 * its user's lock.
 */
#ifndef KUDOS_COMMON_IO_HTTP_SERVER_HTTP_ADDRESS_H
#define KUDOS_COMMON_IO_HTTP_SERVER_HTTP_ADDRESS_H

#include <netinet/in.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "common/base/fair.h"
#include "common/io/http/server/http_tls_queue.h"
#include "kudos/base.h"

enum { HTTP_ADDRESS_BUCKETS = 4096 };

struct http_conn;

typedef struct http_address {
    LIST_ENTRY(http_address) next;
    uint64_t key;
    uint32_t
        count; /* connections, and requests that were given this address: the entry lives as long as one of them */
    uint32_t requests;                              /* with the handler */
    uint32_t connections;                           /* of this server; 0 in the table of a door */
    http_tls_line handshakes;                       /* that wait for their turn */
    uint64_t held;                                  /* bytes, as http_admission.h counts them */
    int64_t searched_ms;                            /* when its largest connection was looked for last */
    uint64_t largest;                               /* held by that one */
    LIST_HEAD(http_address_conns, http_conn) conns; /* of this address and server */
    kd_fair_flow flow; /* http_share.h: its work, and which of `conns` want a turn */
} http_address;

typedef struct {
    uint64_t seed;
    LIST_HEAD(http_address_bucket, http_address) buckets[HTTP_ADDRESS_BUCKETS];
} http_addresses;

/* An empty table. */
void http_addresses_init(http_addresses *table);
/* The 4 or 16 bytes of an IPv4 or IPv6 address, as a view into *peer; empty for other families and for NULL. */
kd_bytes http_address_bytes(const struct sockaddr *peer);
/* The same as text, for a log; empty for other families. */
void http_address_text(const struct sockaddr_storage *peer, char text[INET6_ADDRSTRLEN]);
/* The key under which an address of 4 or 16 bytes is counted: an IPv4 address (mapped ones included), or the /64 of an IPv6 address. */
uint64_t http_address_key_of(kd_bytes address);
/* The same of a peer. */
uint64_t http_address_key(const struct sockaddr_storage *peer);
/* The entry of an address, made when there is none, with its count one higher. The table owns it. */
http_address *http_address_take(http_addresses *table, uint64_t key);
/* The entry of an address, or NULL. */
http_address *http_address_find(http_addresses *table, uint64_t key);
/* The entry for which most bytes are held, or NULL. Looks at the whole table. */
http_address *http_address_largest(const http_addresses *table);
/* The entry with most connections, or NULL where none has any. Looks at the whole table. */
http_address *http_address_most_connected(const http_addresses *table);
/* Counts one less; there must be one. The last one frees the entry, for which nothing may be counted any more. */
void http_address_release(http_address *address);

#endif
