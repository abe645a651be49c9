/* content.c - see the header. */
#include "central/core/content.h"

#include "central/core/state.h"

static bool content_counter_is(const kd_central *c, uint8_t id, kd_counter_kind kind)
{
    int i = kd_counters_by_id(c->config.counters, id);
    return i >= 0 && c->config.counters->at[i].kind == kind;
}

static bool content_is_ours(const kd_central *c, kd_bytes item)
{
    return kd_partition(item, c->config.partitions) == c->config.partition;
}

uint8_t kd_content_unknown_counter(const kd_central *c, const kd_body *body)
{
    for (uint32_t i = 0; i < body->op_count; i++)
        if (!content_counter_is(c, body->ops[i].counter, KD_SET)) return body->ops[i].counter;
    for (uint32_t i = 0; i < body->sum_count; i++)
        if (!content_counter_is(c, body->sums[i].counter, KD_SUM)) return body->sums[i].counter;
    return 0;
}

uint64_t kd_content_amount(const kd_body *body)
{
    uint64_t amount = 0; /* a body that decodes holds no more than KD_AMOUNT_TOTAL_MAX */
    for (uint32_t i = 0; i < body->sum_count; i++) amount += body->sums[i].amount;
    return amount;
}

/* A decoded body holds each item once, and its operations share the view: items are compared by address, so that most are hashed once. */
bool kd_content_fits(const kd_central *c, const kd_body *body)
{
    const uint8_t *known = NULL;
    if (kd_content_amount(body) > KD_SUM_AMOUNT_MAX) return false;
    for (uint32_t i = 0; i < body->op_count; i++) {
        const kd_op *op = &body->ops[i];
        if (op->item.data != known && !content_is_ours(c, op->item)) return false;
        known = op->item.data;
    }
    for (uint32_t i = 0; i < body->sum_count; i++) {
        const kd_sum *s = &body->sums[i];
        if (s->item.data != known && !content_is_ours(c, s->item)) return false;
        known = s->item.data;
    }
    return true;
}

bool kd_content_ahead(const kd_body *body, uint64_t clock_us)
{
    uint64_t last_us = clock_us + KD_AHEAD_MAX_US;
    bool ahead = false;
    for (uint32_t i = 0; i < body->op_count && !ahead; i++) ahead = body->ops[i].time_us > last_us;
    for (uint32_t i = 0; i < body->sum_count && !ahead; i++) ahead = body->sums[i].day > kd_day_of(last_us);
    return ahead;
}
