/* jwt_cache.c - see the header. */
#include "common/io/jwt/jwt_cache.h"

#include <sodium.h>
#include <stdlib.h>

enum { WAYS = 4 };

_Static_assert(sizeof(kd_jwt_digest) == crypto_shorthash_siphashx24_BYTES, "a digest is a SipHash");

typedef struct {
    kd_jwt_digest digest;
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

kd_jwt_digest kd_jwt_cache_digest(const kd_jwt_cache *cache, kd_bytes token)
{
    kd_jwt_digest digest;
    crypto_shorthash_siphashx24((uint8_t *)&digest, token.data, token.len, cache->key);
    return digest;
}

/* The entries of the token's place. */
static cache_entry *cache_place(const kd_jwt_cache *cache, kd_jwt_digest token)
{
    return &cache->at[token.word[0] % cache->places * WAYS];
}

static bool cache_is(const cache_entry *e, kd_jwt_digest token)
{
    return e->claims && e->digest.word[0] == token.word[0] && e->digest.word[1] == token.word[1];
}

const kd_jwt_claims *kd_jwt_cache_find(kd_jwt_cache *cache, kd_jwt_digest token, uint64_t now_s)
{
    if (cache->places == 0) return NULL;
    cache_entry *place = cache_place(cache, token);
    for (int i = 0; i < WAYS; i++) {
        cache_entry *e = &place[i];
        if (!cache_is(e, token)) continue;
        e->used = ++cache->clock;
        return now_s < e->claims->good_until_s ? e->claims : NULL;
    }
    return NULL;
}

void kd_jwt_cache_put(kd_jwt_cache *cache, kd_jwt_digest token, const kd_jwt_claims *claims)
{
    if (cache->places == 0) return;
    cache_entry *place = cache_place(cache, token), *to = place;
    for (int i = 0; i < WAYS && to->claims; i++)
        if (!place[i].claims || place[i].used < to->used) to = &place[i];
    size_t size = offsetof(kd_jwt_claims, scopes) + claims->scopes_len;
    free(to->claims);
    to->digest = token;
    to->used = ++cache->clock;
    to->claims = kd_dup(kd_bytes_of(claims, size));
}
