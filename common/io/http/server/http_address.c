/*
 * http_address.c - a chained hash table from an address to what is counted for it.
 *
 * Clients choose their addresses, so the hash has a random seed. An entry lives as long as a connection or a request of its address, so their limits
 * bound the table.
 */
#include "common/io/http/server/http_address.h"

#include <arpa/inet.h>
#include <openssl/rand.h>
#include <stdlib.h>

#include "common/base/cidr.h"

void http_addresses_init(http_addresses *table)
{
    memset(table, 0, sizeof(*table));
    KD_ASSERT(RAND_bytes((unsigned char *)&table->seed, sizeof(table->seed)) == 1);
}

kd_bytes http_address_bytes(const struct sockaddr *peer)
{
    if (peer && peer->sa_family == AF_INET)
        return kd_bytes_of(&((const struct sockaddr_in *)(const void *)peer)->sin_addr, 4);
    if (peer && peer->sa_family == AF_INET6)
        return kd_bytes_of(&((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr, 16);
    return kd_bytes_of(NULL, 0);
}

void http_address_text(const struct sockaddr_storage *peer, char text[INET6_ADDRSTRLEN])
{
    kd_bytes address = http_address_bytes((const struct sockaddr *)peer);
    text[0] = '\0';
    if (address.len > 0) inet_ntop(peer->ss_family, address.data, text, INET6_ADDRSTRLEN);
}

/* One customer usually owns a whole /64. Mapped IPv4 addresses all share the same /64, so their last four bytes are the key. */
uint64_t http_address_key_of(kd_bytes address)
{
    uint64_t key = 0;
    struct in6_addr at = {0};
    kd_cidr_widen(address, at.s6_addr);
    if (IN6_IS_ADDR_V4MAPPED(&at))
        memcpy(&key, at.s6_addr + 12, 4);
    else
        memcpy(&key, at.s6_addr, 8);
    return key;
}

uint64_t http_address_key(const struct sockaddr_storage *peer)
{
    return http_address_key_of(http_address_bytes((const struct sockaddr *)peer));
}

static struct http_address_bucket *address_bucket(http_addresses *table, uint64_t key)
{
    uint64_t state = key ^ table->seed;
    return &table->buckets[kd_random_next(&state) % HTTP_ADDRESS_BUCKETS];
}

http_address *http_address_find(http_addresses *table, uint64_t key)
{
    http_address *a;
    LIST_FOREACH(a, address_bucket(table, key), next) {
        if (a->key == key) break;
    }
    return a;
}

http_address *http_address_take(http_addresses *table, uint64_t key)
{
    http_address *a = http_address_find(table, key);
    if (!a) {
        a = kd_alloc(sizeof(*a));
        a->key = key;
        LIST_INIT(&a->conns);
        kd_fair_flow_init(&a->flow);
        LIST_INSERT_HEAD(address_bucket(table, key), a, next);
    }
    a->count++;
    return a;
}

http_address *http_address_largest(const http_addresses *table)
{
    http_address *a, *largest = NULL;
    for (size_t i = 0; i < HTTP_ADDRESS_BUCKETS; i++) {
        LIST_FOREACH(a, &table->buckets[i], next) {
            if (!largest || a->held > largest->held) largest = a;
        }
    }
    return largest;
}

http_address *http_address_most_connected(const http_addresses *table)
{
    http_address *a, *most = NULL;
    for (size_t i = 0; i < HTTP_ADDRESS_BUCKETS; i++) {
        LIST_FOREACH(a, &table->buckets[i], next) {
            if (a->connections > (most ? most->connections : 0)) most = a;
        }
    }
    return most;
}

void http_address_release(http_address *address)
{
    KD_ASSERT(address->count > 0);
    if (--address->count > 0) return;
    KD_ASSERT(address->held == 0 && address->requests == 0 && address->handshakes.count == 0 &&
              LIST_EMPTY(&address->conns) && !address->flow.list);
    LIST_REMOVE(address, next);
    free(address);
}
