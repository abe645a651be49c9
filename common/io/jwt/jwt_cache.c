/* jwt_cache.c - see the header. */
#include "common/io/jwt/jwt_cache.h"

#include <sodium.h>
#include <stdlib.h>

enum { WAYS = 4, DIGEST = crypto_shorthash_siphashx24_BYTES };

typedef struct {
    uint8_t digest[DIGEST];
    uint64_t used;         /* the cache's clock when it was asked for last */
    kd_jwt_claims *claims; /* NULL: the entry is free. Its scopes end where they end. */
} cache_entry;

struct kd_jwt_cache {
    uint8_t key[crypto_shorthash_siphashx24_KEYBYTES];
    uint64_t clock, places;
    cache_entry *at; /* WAYS for each place */
};

kd_jwt_cache *kd_jwt_cache_create(uint64_t max)
{
    kd_jwt_cache *cache = kd_alloc(sizeof *cache);
    KD_ASSERT(sodium_init() >= 0);
    randombytes_buf(cache->key, sizeof cache->key);
    cache->places = (max + WAYS - 1) / WAYS;
    cache->at = kd_alloc(cache->places * WAYS * sizeof(cache_entry));
    return cache;
}

void kd_jwt_cache_clear(kd_jwt_cache *cache)
{
    for (uint64_t i = 0; i < cache->places * WAYS; i++) {
        free(cache->at[i].claims);
        cache->at[i].claims = NULL;
    }
}

void kd_jwt_cache_destroy(kd_jwt_cache *cache)
{
    if (!cache) return;
    kd_jwt_cache_clear(cache);
    free(cache->at);
    free(cache);
}

/* The entries of the token's place. */
static cache_entry *cache_place(const kd_jwt_cache *cache, kd_bytes token, uint8_t digest[DIGEST])
{
    uint64_t word;
    crypto_shorthash_siphashx24(digest, token.data, token.len, cache->key);
    memcpy(&word, digest, sizeof word);
    return &cache->at[word % cache->places * WAYS];
}

const kd_jwt_claims *kd_jwt_cache_find(kd_jwt_cache *cache, kd_bytes token, uint64_t now_s)
{
    uint8_t digest[DIGEST];
    if (cache->places == 0) return NULL;
    cache_entry *place = cache_place(cache, token, digest);
    for (int i = 0; i < WAYS; i++) {
        cache_entry *e = &place[i];
        if (!e->claims || memcmp(e->digest, digest, DIGEST) != 0) continue;
        e->used = ++cache->clock;
        return now_s < e->claims->good_until_s ? e->claims : NULL;
    }
    return NULL;
}

void kd_jwt_cache_put(kd_jwt_cache *cache, kd_bytes token, const kd_jwt_claims *claims)
{
    uint8_t digest[DIGEST];
    if (cache->places == 0) return;
    cache_entry *place = cache_place(cache, token, digest), *to = place;
    for (int i = 0; i < WAYS && to->claims; i++)
        if (!place[i].claims || place[i].used < to->used) to = &place[i];
    size_t size = offsetof(kd_jwt_claims, scopes) + claims->scopes_len;
    free(to->claims);
    memcpy(to->digest, digest, DIGEST);
    to->used = ++cache->clock;
    to->claims = kd_dup(kd_bytes_of(claims, size));
}
