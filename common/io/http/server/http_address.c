/*
 * http_address.c - a chained hash table from an address to its number of connections.
 *
 * Clients choose their addresses, so the hash has a random seed. An entry lives as long as a connection of its address, so max_connections bounds the
 * table.
 */
#include "common/io/http/server/http_address.h"

#include <stdlib.h>

struct http_address {
    LIST_ENTRY(http_address) next;
    uint64_t key;
    uint32_t count;
};

uint64_t http_address_key(const struct sockaddr_storage *peer)
{
    uint64_t key = 0;
    if (peer->ss_family == AF_INET) {
        memcpy(&key, &((const struct sockaddr_in *)peer)->sin_addr, 4);
        return key;
    }
    /* One customer usually owns a whole /64. Mapped IPv4 addresses all share the same /64, so their last four bytes are the key. */
    const struct in6_addr *a = &((const struct sockaddr_in6 *)peer)->sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(a))
        memcpy(&key, a->s6_addr + 12, 4);
    else
        memcpy(&key, a->s6_addr, 8);
    return key;
}

static struct http_address_bucket *address_bucket(kd_http_server *server, uint64_t key)
{
    uint64_t state = key ^ server->address_seed;
    return &server->addresses[kd_random_next(&state) % HTTP_ADDRESS_BUCKETS];
}

static http_address *address_find(const struct http_address_bucket *bucket, uint64_t key)
{
    http_address *a;
    LIST_FOREACH(a, bucket, next) {
        if (a->key == key) break;
    }
    return a;
}

bool http_address_take(kd_http_server *server, uint64_t key, uint32_t max)
{
    struct http_address_bucket *bucket = address_bucket(server, key);
    http_address *a = address_find(bucket, key);
    if (!a) {
        a = kd_alloc(sizeof(*a));
        a->key = key;
        LIST_INSERT_HEAD(bucket, a, next);
    }
    if (a->count >= max) return false;
    a->count++;
    return true;
}

void http_address_release(kd_http_server *server, uint64_t key)
{
    http_address *a = address_find(address_bucket(server, key), key);
    KD_ASSERT(a && a->count > 0);
    if (--a->count > 0) return;
    LIST_REMOVE(a, next);
    free(a);
}
