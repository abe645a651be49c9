/*
 * http_address.c - connections per client address: a small chained hash with a random seed, since
 * clients choose their addresses. Entries live as long as a connection of theirs, so max_connections bounds
 * the table.
 */
#include <stdlib.h>

#include "common/io/http/server/http_internal.h"

uint64_t http_address_key(const struct sockaddr_storage *peer)
{
    uint64_t key = 0;
    if (peer->ss_family == AF_INET) {
        memcpy(&key, &((const struct sockaddr_in *)peer)->sin_addr, 4);
        return key;
    }
    /* A /64 is one customer's. Mapped IPv4 addresses share their first half: the last four bytes tell them
     * apart. */
    const struct in6_addr *a = &((const struct sockaddr_in6 *)peer)->sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(a))
        memcpy(&key, a->s6_addr + 12, 4);
    else
        memcpy(&key, a->s6_addr, 8);
    return key;
}

static http_address **address_find(kd_http_server *server, uint64_t key)
{
    uint64_t state = key ^ server->address_seed;
    http_address **at = &server->addresses[kd_random_next(&state) % HTTP_ADDRESS_BUCKETS];
    while (*at != NULL && (*at)->key != key) at = &(*at)->next;
    return at;
}

bool http_address_take(kd_http_server *server, uint64_t key)
{
    http_address **at = address_find(server, key);
    if (*at == NULL) {
        *at = kd_alloc(sizeof(**at));
        (*at)->key = key;
    }
    if ((*at)->count >= server->config.max_connections_per_address) return false;
    (*at)->count++;
    return true;
}

void http_address_release(kd_http_server *server, uint64_t key)
{
    http_address **at = address_find(server, key);
    KD_ASSERT(*at != NULL && (*at)->count > 0);
    if (--(*at)->count > 0) return;
    http_address *gone = *at;
    *at = gone->next;
    free(gone);
}
