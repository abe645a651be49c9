/*
 * jwt_budget.h - how much processor time a process spends on tokens that turn out to be worthless.
 *
 * Anybody can write a token that costs as much to verify as a good one. So the time of each verification that failed is noted, for its address and for
 * all together, in fixed memory however many addresses there are. A token is not verified
 *
 * - while its address has spent KD_JWT_BUDGET_US more than the KD_JWT_ADDRESS_PART-th part of the time;
 * - while all addresses together have spent KD_JWT_BUDGET_US more than the KD_JWT_ALL_PART-th part of the time of one processor, if it comes from one
 *   with a failure in the last KD_JWT_SUSPECT_US. So an address whose tokens are good is not refused for what others do.
 *
 * Whoever has an account may have any number of good tokens, each of which costs as much again. What a user's tokens cost beyond KD_JWT_ADDRESS_PART
 * and KD_JWT_BUDGET_US is noted as if they had failed.
 *
 * An address, or a user, shares what is noted with others only where it shares its bucket in each of two rows with them (as in kudos/ask_budget.h).
 * Any thread; behind a lock that is held for a few instructions, and taken only for tokens that nobody remembers.
 */
#ifndef KUDOS_COMMON_IO_JWT_JWT_BUDGET_H
#define KUDOS_COMMON_IO_JWT_JWT_BUDGET_H

#include "kudos/base.h"

enum {
    KD_JWT_BUDGET_US = 20000,
    KD_JWT_ADDRESS_PART = 40,
    KD_JWT_ALL_PART = 16,
    KD_JWT_SUSPECT_US = 1000000,
};

typedef struct kd_jwt_budget kd_jwt_budget;

/* Nothing is spent. `seed` should be secret: clients choose their addresses. The caller frees it by kd_jwt_budget_destroy. */
kd_jwt_budget *kd_jwt_budget_create(uint64_t seed);
/* NULL is fine. */
void kd_jwt_budget_destroy(kd_jwt_budget *budget);
/* Whether a token that comes from this address may be verified. Times are monotonic. */
bool kd_jwt_budget_has(kd_jwt_budget *budget, uint64_t address, uint64_t now_us);
/* A token from this address was worthless, and it took cost_us to see it. */
void kd_jwt_budget_failed(kd_jwt_budget *budget, uint64_t address, uint64_t cost_us, uint64_t now_us);
/* A token from this address was good; `user` is a hash of the user whose it is. */
void kd_jwt_budget_good(kd_jwt_budget *budget, uint64_t address, uint64_t user, uint64_t cost_us,
                        uint64_t now_us);

#endif
