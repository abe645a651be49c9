/*
 * jwt_cache.h - tokens that were verified, until they expire. Of one loop; bounded; nothing is locked.
 *
 * A token is known by a keyed hash of all its bytes (SipHash-2-4 of 128 bits, a random key): who cannot make two tokens of one hash cannot be taken for
 * somebody else, and nobody can aim at a place of the table. BLAKE2b took four times as long, a twentieth of a like. A place has four entries; of these
 * the one that was asked for longest ago makes room.
 */
#ifndef KUDOS_COMMON_IO_JWT_JWT_CACHE_H
#define KUDOS_COMMON_IO_JWT_JWT_CACHE_H

#include "common/jwt/jwt.h"

typedef struct kd_jwt_cache kd_jwt_cache;

/* The hash of a token, by the key of one cache. All zeros: it has not been taken yet, as no token's is but by a chance of 2^-128. */
typedef struct {
    uint64_t word[2];
} kd_jwt_digest;

/* For about `max` tokens, rounded up to a multiple of four; 0: it remembers none. The caller frees it by kd_jwt_cache_destroy. */
kd_jwt_cache *kd_jwt_cache_create(uint64_t max);
/* NULL is fine. */
void kd_jwt_cache_destroy(kd_jwt_cache *cache);
/* What this cache knows the token by, for its whole life. */
kd_jwt_digest kd_jwt_cache_digest(const kd_jwt_cache *cache, kd_bytes token);
/* The claims of a token that was put there and has not expired at that Unix second, until the next call on this cache; NULL: none are known. */
const kd_jwt_claims *kd_jwt_cache_find(kd_jwt_cache *cache, kd_jwt_digest token, uint64_t now_s);
/* Remembers the claims, of which a copy is made. */
void kd_jwt_cache_put(kd_jwt_cache *cache, kd_jwt_digest token, const kd_jwt_claims *claims);
/* Forgets all of them. */
void kd_jwt_cache_clear(kd_jwt_cache *cache);

#endif
