/* claims.c - see the header. */
#include "edge/io/shard/claims.h"

#include <pthread.h>
#include <stdlib.h>

/* A stripe of so many keys is seldom an eighth fuller than the average. */
enum { STRIPE_KEYS = 8192, STRIPES_MAX = 64 };

typedef struct {
    _Alignas(64) pthread_mutex_t lock; /* stripes do not share a line of the processor's caches */
    kd_key_claims *claims;
} stripe;

struct kd_claims {
    uint64_t count;
    stripe *at;
};

kd_claims *kd_claims_create(uint64_t max, uint64_t ttl_us, uint64_t seed)
{
    kd_claims *c = kd_alloc(sizeof *c);
    c->count = KD_MIN(KD_MAX(max / STRIPE_KEYS, (uint64_t)1), (uint64_t)STRIPES_MAX);
    c->at = aligned_alloc(_Alignof(stripe), c->count * sizeof *c->at);
    KD_ASSERT(c->at);
    uint64_t each = max / c->count + max / c->count / 8 + 1;
    for (uint64_t i = 0; i < c->count; i++) {
        pthread_mutex_init(&c->at[i].lock, NULL);
        c->at[i].claims = kd_key_claims_create(each, ttl_us, kd_random_next(&seed));
    }
    return c;
}

void kd_claims_destroy(kd_claims *c)
{
    if (!c) return;
    for (uint64_t i = 0; i < c->count; i++) {
        pthread_mutex_destroy(&c->at[i].lock);
        kd_key_claims_destroy(c->at[i].claims);
    }
    free(c->at);
    free(c);
}

static stripe *claims_stripe(kd_claims *c, const kd_key_use *use)
{
    return &c->at[use->key[0] % c->count];
}

static void claims_load_one(void *arg, const kd_key_use *use, uint64_t at_us)
{
    kd_key_claims_load(claims_stripe(arg, use)->claims, use, at_us);
}

int kd_claims_load(kd_claims *c, kd_edge *edge)
{
    return kd_edge_keys(edge, claims_load_one, c);
}

void kd_claims_loaded(kd_claims *c)
{
    for (uint64_t i = 0; i < c->count; i++) kd_key_claims_loaded(c->at[i].claims);
}

int kd_claims_begin(kd_claims *c, const kd_key_use *use, uint64_t now_us, kd_claim_was *was)
{
    stripe *s = claims_stripe(c, use);
    pthread_mutex_lock(&s->lock);
    int err = kd_key_claims_begin(s->claims, use, now_us, was);
    pthread_mutex_unlock(&s->lock);
    return err;
}

void kd_claims_end(kd_claims *c, const kd_key_use *use, kd_claim_end how, uint64_t now_us)
{
    stripe *s = claims_stripe(c, use);
    pthread_mutex_lock(&s->lock);
    kd_key_claims_end(s->claims, use, how, now_us);
    pthread_mutex_unlock(&s->lock);
}
