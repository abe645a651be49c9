/* jwt_gate.c - see the header. */
#include "common/io/jwt/jwt_gate.h"

#include <stdlib.h>

#include "common/io/loop/clock.h"
#include "kudos/id.h"

struct kd_jwt_gate {
    kd_jwt_ring *ring;
    kd_jwt_budget *budget;
    kd_jwt_policy policy;
    kd_jwt_set *set;
    kd_jwt_cache *cache;
    kd_jwt_claims claims; /* of the token that was verified last */
    kd_jwt_gate_metrics metrics;
};

kd_jwt_gate *kd_jwt_gate_create(kd_jwt_ring *ring, kd_jwt_budget *budget, const kd_jwt_settings *settings,
                                uint64_t remembered)
{
    kd_jwt_gate *gate = kd_alloc(sizeof *gate);
    gate->ring = ring;
    gate->budget = budget;
    gate->policy = kd_jwt_settings_policy(settings);
    gate->set = kd_jwt_ring_take(ring);
    gate->cache = kd_jwt_cache_create(remembered);
    return gate;
}

void kd_jwt_gate_destroy(kd_jwt_gate *gate)
{
    if (!gate) return;
    kd_jwt_ring_drop(gate->ring, gate->set);
    kd_jwt_cache_destroy(gate->cache);
    free(gate);
}

uint64_t kd_jwt_gate_generation(const kd_jwt_gate *gate)
{
    return kd_jwt_ring_generation(gate->ring);
}

static void gate_follow(kd_jwt_gate *gate)
{
    if (kd_jwt_ring_generation(gate->ring) == gate->set->generation) return;
    kd_jwt_ring_drop(gate->ring, gate->set);
    gate->set = kd_jwt_ring_take(gate->ring);
    kd_jwt_cache_clear(gate->cache);
}

static kd_jwt_fault gate_refuse(kd_jwt_gate *gate, kd_jwt_fault fault)
{
    kd_metric_add(&gate->metrics.refused[fault], 1);
    return fault;
}

static kd_jwt_fault gate_verify(kd_jwt_gate *gate, kd_bytes token, kd_jwt_digest digest, uint64_t now_s)
{
    const kd_jwt_keys *keys = &gate->set->keys;
    kd_jwt_fault fault = kd_jwt_verify(keys, &gate->policy, token, now_s, &gate->claims);
    if (fault == KD_JWT_GOOD) {
        kd_metric_add(&gate->metrics.verified, 1);
        kd_jwt_cache_put(gate->cache, digest, &gate->claims);
        return fault;
    }
    if (fault == KD_JWT_UNKNOWN_KEY && kd_jwt_wants_keys(keys, token)) kd_jwt_ring_want(gate->ring);
    return gate_refuse(gate, fault);
}

/* Of a service no limit of a user holds: it may have a token for each request. */
static void gate_note(kd_jwt_gate *gate, uint64_t address, kd_jwt_fault fault, uint32_t cost_us,
                      uint64_t now_us)
{
    const kd_jwt_claims *claims = &gate->claims;
    if (fault != KD_JWT_GOOD)
        kd_jwt_budget_failed(gate->budget, address, cost_us, now_us);
    else if (!(claims->rights & KD_SCOPE_SERVICE))
        kd_jwt_budget_good(gate->budget, address, kd_hash(kd_bytes_of(claims->user, claims->user_len)),
                           cost_us, now_us);
}

kd_jwt_fault kd_jwt_gate_ask(kd_jwt_gate *gate, uint64_t address, kd_bytes token, kd_jwt_digest *digest,
                             const kd_jwt_claims **claims, uint32_t *cost_us)
{
    uint64_t now_s = kd_clock_wall_us() / 1000000;
    gate_follow(gate);
    if ((digest->word[0] | digest->word[1]) == 0) *digest = kd_jwt_cache_digest(gate->cache, token);
    *claims = kd_jwt_cache_find(gate->cache, *digest, now_s);
    *cost_us = 0;
    if (*claims) {
        kd_metric_add(&gate->metrics.remembered, 1);
        return KD_JWT_GOOD;
    }
    *claims = &gate->claims;
    uint64_t now_us = kd_clock_mono_us();
    if (!kd_jwt_budget_has(gate->budget, address, now_us)) return gate_refuse(gate, KD_JWT_UNTRIED);
    uint64_t began_us = kd_clock_thread_us();
    kd_jwt_fault fault = gate_verify(gate, token, *digest, now_s);
    *cost_us = (uint32_t)(kd_clock_thread_us() - began_us);
    gate_note(gate, address, fault, *cost_us, now_us);
    return fault;
}

const kd_jwt_gate_metrics *kd_jwt_gate_counted(const kd_jwt_gate *gate)
{
    return &gate->metrics;
}
