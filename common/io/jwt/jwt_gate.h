/*
 * jwt_gate.h - whether a token is good here and now, for the thread of one loop: the key set in use, and the tokens that this loop remembers. A token
 * that was good under another key set is verified anew.
 */
#ifndef KUDOS_COMMON_IO_JWT_JWT_GATE_H
#define KUDOS_COMMON_IO_JWT_JWT_GATE_H

#include "common/io/jwt/jwt_cache.h"
#include "common/io/jwt/jwt_metrics.h"
#include "common/io/jwt/jwt_ring.h"
#include "common/io/jwt/jwt_settings.h"
#include "common/io/jwt/jwt_budget.h"

typedef struct kd_jwt_gate kd_jwt_gate;

/* Borrows the first three for its life. `remembered`: tokens. The caller frees it by kd_jwt_gate_destroy. */
kd_jwt_gate *kd_jwt_gate_create(kd_jwt_ring *ring, kd_jwt_budget *budget, const kd_jwt_settings *settings,
                                uint64_t remembered);
/* Before the ring and the budget. NULL is fine. */
void kd_jwt_gate_destroy(kd_jwt_gate *gate);
/* KD_JWT_GOOD with *claims, which live until the next call, or a fault; KD_JWT_UNTRIED where the client's address (kd_http_request.client) has spent its
 * budget and the token is not remembered. Counts. *digest: all zeros, which are filled, or what an earlier call for the same bytes has filled: to take it
 * costs several times the rest. Nothing else is known by it: whether the token is good is asked anew. *cost_us: processor time of the verification, 0 for
 * a token that was not verified now. */
kd_jwt_fault kd_jwt_gate_ask(kd_jwt_gate *gate, uint64_t address, kd_bytes token, kd_jwt_digest *digest,
                             const kd_jwt_claims **claims, uint32_t *cost_us);
/* Lives as long as the gate. */
const kd_jwt_gate_metrics *kd_jwt_gate_counted(const kd_jwt_gate *gate);

/* The number of the key set in use, ascending. */
uint64_t kd_jwt_gate_generation(const kd_jwt_gate *gate);

#endif
