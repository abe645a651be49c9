/*
 * http_address.c - a chained hash table from an address to its number of connections.
 *
 * Clients choose their addresses, so the hash has a random seed. An entry lives as long as a connection of its address, so max_connections bounds the
 * table.
 */
#include "common/io/http/server/http_address.h"

#include <stdlib.h>

struct http_address {
    struct http_address *next;
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

/* The link that points to the entry of the key, or to the NULL where it would be appended. */
static http_address **address_find(kd_http_server *server, uint64_t key)
{
    uint64_t state = key ^ server->address_seed;
    http_address **at = &server->addresses[kd_random_next(&state) % HTTP_ADDRESS_BUCKETS];
    while (*at && (*at)->key != key) at = &(*at)->next;
    return at;
}

bool http_address_take(kd_http_server *server, uint64_t key, uint32_t max)
{
    http_address **at = address_find(server, key);
    if (!*at) {
        *at = kd_alloc(sizeof(**at));
        (*at)->key = key;
    }
    if ((*at)->count >= max) return false;
    (*at)->count++;
    return true;
}

void http_address_release(kd_http_server *server, uint64_t key)
{
    http_address **at = address_find(server, key);
    KD_ASSERT(*at && (*at)->count > 0);
    if (--(*at)->count > 0) return;
    http_address *gone = *at;
    *at = gone->next;
    free(gone);
}
