/*
 * http_address.c - a chained hash table from an address to what is counted for it.
 *
 * Clients choose their addresses, so the hash has a random seed. An entry lives as long as a connection or a request of its address, so their limits
 * bound the table.
 */
#include "common/io/http/server/http_address.h"

#include <netinet/in.h>
#include <openssl/rand.h>
#include <stdlib.h>

#include "kudos/base.h"

void http_addresses_init(http_addresses *table)
{
    memset(table, 0, sizeof(*table));
    KD_ASSERT(RAND_bytes((unsigned char *)&table->seed, sizeof(table->seed)) == 1);
}

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

void http_address_release(http_address *address)
{
    KD_ASSERT(address->count > 0);
    if (--address->count > 0) return;
    KD_ASSERT(address->held == 0 && address->requests == 0 && LIST_EMPTY(&address->conns));
    LIST_REMOVE(address, next);
    free(address);
}
