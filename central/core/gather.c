/* gather.c - see the header. */
#include "central/core/gather.h"

#include "central/core/closed.h"
#include "central/core/collect.h"
#include "central/core/erased.h"
#include "central/core/lookup.h"
#include "central/core/span.h"
#include "central/core/state.h"

static uint32_t gather_key(kd_commit *k, uint8_t counter, kd_bytes item, kd_bytes user, uint16_t *len)
{
    size_t at = k->keys.len;
    KD_ASSERT(at < UINT32_MAX - KD_MEMBER_KEY_MAX); /* the shell closes a commit long before */
    kd_member_key_put(&k->keys, counter, item, user);
    *len = (uint16_t)(k->keys.len - at);
    return (uint32_t)at;
}

void kd_gather_op(kd_central *c, const kd_op *op, uint16_t edge, uint16_t region)
{
    kd_commit *k = kd_commit_open(c);
    kd_gathered_op g = {.time_us = op->time_us, .arrival = k->op_count, .edge = edge, .region = region};
    g.liked = op->liked;
    g.past = kd_collect_past(c, &c->edges[edge].tentative, op->time_us);
    g.key_at = gather_key(k, op->counter, op->item, op->user, &g.key_len);
    g.hash = kd_lookup_hash(c, kd_key_at(k, g.key_at, g.key_len));
    k->ops = kd_grow(k->ops, k->op_count, &k->op_cap, sizeof *k->ops);
    k->ops[k->op_count++] = g;
}

/* Milestones are decided record by record (milestones.h). */
void kd_gather_record(kd_central *c, uint64_t sent_us)
{
    kd_commit *k = kd_commit_open(c);
    k->records = kd_grow(k->records, k->record_count, &k->record_cap, sizeof *k->records);
    k->records[k->record_count++] = (kd_commit_record){.sent_us = sent_us, .first_op = k->op_count};
}

static void gather_sum(kd_commit *k, const kd_sum *s, uint16_t edge, uint16_t region)
{
    kd_gathered_sum g = {.amount = s->amount, .day = s->day, .edge = edge, .region = region};
    g.record = k->record_count - 1;
    g.key_at = gather_key(k, s->counter, s->item, (kd_bytes){0}, &g.key_len);
    k->sums = kd_grow(k->sums, k->sum_count, &k->sum_cap, sizeof *k->sums);
    k->sums[k->sum_count++] = g;
}

void kd_gather(kd_central *c, const kd_body *body, uint16_t edge, uint16_t region, uint64_t sent_us,
               uint64_t complete_to_us)
{
    kd_commit *k = kd_commit_open(c);
    if (body->op_count + body->sum_count > 0) kd_gather_record(c, sent_us);
    for (uint32_t i = 0; i < body->op_count; i++) {
        const kd_op *op = &body->ops[i];
        bool out = kd_closed_ignores(c, op->item, op->time_us) || kd_span_ignores(c, op->item, op->time_us) ||
                   kd_erased_ignores(c, op->user, op->time_us);
        if (!out) kd_gather_op(c, op, edge, region);
    }
    /* A sum was added behind what the batch before told of, and before this batch was sealed. */
    uint64_t after_us = c->edges[edge].tentative.complete_to_us;
    for (uint32_t i = 0; i < body->sum_count; i++) {
        const kd_sum *s = &body->sums[i];
        bool out = kd_closed_ignores_sum(c, s->item, after_us, complete_to_us) ||
                   kd_span_ignores_sum(c, s->item, after_us, complete_to_us);
        if (!out) gather_sum(k, s, edge, region);
    }
}
