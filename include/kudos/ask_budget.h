/*
 * ask_budget.h - how many questions to central each client may cause: a token bucket for each, in fixed memory however many clients there are.
 *
 * A client has two buckets of two rows, chosen by its hash. A question is paid from both, as far as they have something, and is refused when both are
 * empty. So a client causes never more than `burst` and `per_s` of them. It is refused too early only if in each of the two rows it shares its bucket
 * with others who ask much: of n such others, with a chance of about (n / KD_ASK_BUDGET_BUCKETS)^2, which is 0.06 % for 100 of them.
 *
 * Pure. Times are monotonic. One object is used by one thread.
 */
#ifndef KUDOS_ASK_BUDGET_H
#define KUDOS_ASK_BUDGET_H

#include "kudos/base.h"

enum { KD_ASK_BUDGET_ROWS = 2, KD_ASK_BUDGET_BUCKETS = 4096 };

/* A bucket is the time at which it is full again, in ns; 64 KiB in all. */
typedef struct {
    uint64_t interval_ns; /* between two questions; 0: there is no budget */
    uint64_t burst_ns;    /* what a full bucket holds */
    uint64_t seed;
    uint64_t full_ns[KD_ASK_BUDGET_ROWS][KD_ASK_BUDGET_BUCKETS];
} kd_ask_budget;

/* How many questions a second, and at once, a client may cause at one of `shards` shards, of per_s at all shards together. `burst` is a quarter of
 * asks_max at most, and what comes within a deadline half of it: so one client alone never has more than three quarters of the asks_max questions of a
 * shard under way. per_s is 0: there is no budget. */
typedef struct {
    uint64_t per_s, burst;
} kd_ask_share;
kd_ask_share kd_ask_share_of(uint64_t per_s, uint32_t shards, uint64_t asks_max, uint64_t deadline_us);

/* All buckets are full. `seed` should be secret: clients choose their addresses. */
void kd_ask_budget_init(kd_ask_budget *b, kd_ask_share share, uint64_t seed);
/* Pays for one question of `client`. False: its budget is used up, and nothing was paid. */
bool kd_ask_budget_take(kd_ask_budget *b, uint64_t client, uint64_t now_us);

#endif
