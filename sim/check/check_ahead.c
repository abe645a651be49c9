/*
 * check_ahead.c - "ahead" (rule 3): central merges no batch with a stamp, a day of a sum or a complete_to more than two days above its clock. Whoever
 * writes under an edge's name could end users' words with such a stamp, and make as_of untrue, for good.
 */
#include "sim/check/checking.h"

#define CHECK_AHEAD_US (2 * 86400000000ull)

static uint64_t check_ahead_furthest(const kd_batch *b, const kd_body *body)
{
    uint64_t furthest_us = b->complete_to_us;
    for (uint32_t i = 0; i < body->op_count; i++) furthest_us = KD_MAX(furthest_us, body->ops[i].time_us);
    for (uint32_t i = 0; i < body->sum_count; i++)
        furthest_us = KD_MAX(furthest_us, body->sums[i].day * 86400000000ull);
    return furthest_us;
}

void sim_check_ahead_merged(sim_checks *c, uint32_t partition, const kd_batch *b)
{
    kd_body body;
    if (kd_body_decode(b->body, &body) != KD_OK) return;
    uint64_t furthest_us = check_ahead_furthest(b, &body), clock_us = sim_check_now(c) + c->wrong_clock_us;
    kd_body_finish(&body);
    c->made++;
    if (furthest_us > clock_us + CHECK_AHEAD_US)
        sim_check_fail(
            c, "ahead",
            "central merged a batch under the name %.*s that reaches %llu hours ahead [partition %u]",
            (int)b->edge.len, (const char *)b->edge.data,
            (unsigned long long)((furthest_us - clock_us) / 3600000000u), partition);
}
