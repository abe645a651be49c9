/*
 * ask_budget.c - see the header. Two rows as in a count-min sketch (Cormode and Muthukrishnan 2005); buckets by the time at which they are full again
 * (generic cell rate algorithm, ITU-T I.371), so that nothing is refilled.
 */
#include "kudos/ask_budget.h"

kd_ask_share kd_ask_share_of(uint64_t per_s, uint32_t shards, uint64_t asks_max, uint64_t deadline_us)
{
    if (per_s == 0) return (kd_ask_share){0, 0};
    uint64_t share = KD_MAX(per_s / shards, (uint64_t)1);
    uint64_t in_deadline = asks_max * 500000 / KD_MAX(deadline_us, (uint64_t)1);
    share = KD_MAX(KD_MIN(share, in_deadline), (uint64_t)1);
    return (kd_ask_share){share, KD_MAX(KD_MIN(share, asks_max / 4), (uint64_t)1)};
}

void kd_ask_budget_init(kd_ask_budget *b, kd_ask_share share, uint64_t seed)
{
    memset(b->full_ns, 0, sizeof(b->full_ns));
    b->interval_ns = share.per_s > 0 ? KD_MAX(UINT64_C(1000000000) / share.per_s, (uint64_t)1) : 0;
    b->burst_ns = b->interval_ns * share.burst;
    b->seed = seed;
}

bool kd_ask_budget_take(kd_ask_budget *b, uint64_t client, uint64_t now_us)
{
    uint64_t state = client ^ b->seed, now_ns = now_us * 1000;
    uint64_t *bucket[KD_ASK_BUDGET_ROWS];
    bool has = false;
    if (b->interval_ns == 0) return true;
    for (int row = 0; row < KD_ASK_BUDGET_ROWS; row++) {
        bucket[row] = &b->full_ns[row][kd_random_next(&state) % KD_ASK_BUDGET_BUCKETS];
        *bucket[row] = KD_MAX(*bucket[row], now_ns);
        has = has || *bucket[row] + b->interval_ns <= now_ns + b->burst_ns;
    }
    if (!has) return false;
    for (int row = 0; row < KD_ASK_BUDGET_ROWS; row++)
        *bucket[row] = KD_MIN(*bucket[row] + b->interval_ns, now_ns + b->burst_ns);
    return true;
}
