/*
 * key_claims.h - which request an idempotency key belongs to, across the shards of an edge and across single requests and batches.
 *
 * A shard's core remembers the keys of its own items, with the outcomes that a retry is answered with (edge.h). It cannot see that a key was used for
 * an item of another shard. So a request claims its key here before any shard works on it, and holds the claim until its end. A key that is claimed
 * by another request, in work or remembered, is refused. After a start the claims are loaded from the rows of all shards.
 *
 * Pure. One object is used by one thread at a time: the shell keeps several, each behind a lock (edge/io/shard/claims.h).
 */
#ifndef KUDOS_KEY_CLAIMS_H
#define KUDOS_KEY_CLAIMS_H

#include <sys/queue.h>

#include "kudos/base.h"

/* A key in use. */
typedef struct {
    uint8_t key[16];  /* digest of user and key */
    uint64_t request; /* digest of the request */
    uint32_t
        fits; /* operations that the user's limit let through, the first ones of a bulk request; 0: all of them */
} kd_key_use;

/* What was known of a key when a request claimed it. */
typedef struct {
    bool kept;     /* remembered: this is a retry */
    bool held;     /* another request with it is in work */
    uint32_t fits; /* of kd_key_use, if it is kept */
} kd_claim_was;

/* What became of a request that held a claim. */
typedef enum {
    KD_CLAIM_VOID, /* nothing was taken: the key is free again, unless the claim is remembered or held by a repetition */
    KD_CLAIM_AGAIN, /* answered from memory */
    KD_CLAIM_TAKEN, /* at least one operation was taken, and stored with the key */
} kd_claim_end;

typedef struct kd_key_claims kd_key_claims;

/* Remembers up to `max` claims (at least 1), each for ttl_us; those of requests in work come on top. `seed`: of the hash table. Never NULL. */
kd_key_claims *kd_key_claims_create(size_t max, uint64_t ttl_us, uint64_t seed);
/* NULL is fine. */
void kd_key_claims_destroy(kd_key_claims *c);
/* KD_OK: the request holds the claim until kd_key_claims_end, and *was is filled. KD_EREUSED: the key belongs to another request; nothing is held. */
int kd_key_claims_begin(kd_key_claims *c, const kd_key_use *use, uint64_t now_us, kd_claim_was *was);
/* Ends one hold. now_us: when the request came. KD_CLAIM_TAKEN remembers the claim from then on, with the `fits` of *use. When there are too many the oldest is forgotten. */
void kd_key_claims_end(kd_key_claims *c, const kd_key_use *use, kd_claim_end how, uint64_t now_us);
/* Remembers a claim of an earlier process, of time at_us; of two for the same key the later one. Before the first begin. */
void kd_key_claims_load(kd_key_claims *c, const kd_key_use *use, uint64_t at_us);
/* All are loaded: puts them in the order of their time. */
void kd_key_claims_loaded(kd_key_claims *c);
/* Claims that are remembered. */
size_t kd_key_claims_count(const kd_key_claims *c);

#endif
