/*
 * claims.h - the claims on idempotency keys (kudos/key_claims.h) of the whole process: what a shard cannot see of the others. Keys are spread over
 * stripes, each behind a lock that is held for one look-up. Only requests with a key come here.
 */
#ifndef KUDOS_EDGE_IO_SHARD_CLAIMS_H
#define KUDOS_EDGE_IO_SHARD_CLAIMS_H

#include "kudos/edge.h"

typedef struct kd_claims kd_claims;

/* `max` and ttl_us as edge.idempotency_max and idempotency_ttl: an eighth more than `max` is remembered at most, as keys are spread by chance. */
kd_claims *kd_claims_create(uint64_t max, uint64_t ttl_us, uint64_t seed);
/* After the shards' threads. NULL is fine. */
void kd_claims_destroy(kd_claims *c);
/* Loads the keys that a shard's store holds. Before the threads start. KD_OK, KD_EIO, KD_EMALFORMED. */
int kd_claims_load(kd_claims *c, kd_edge *edge);
/* The stores of all shards are loaded. */
void kd_claims_loaded(kd_claims *c);

/* As kd_key_claims_begin and kd_key_claims_end; any thread. */
int kd_claims_begin(kd_claims *c, const kd_key_use *use, uint64_t now_us, kd_claim_was *was);
void kd_claims_end(kd_claims *c, const kd_key_use *use, kd_claim_end how, uint64_t now_us);

#endif
