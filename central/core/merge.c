/*
 * merge.c - takes records of the likes topic into the open commit: which batch is merged (rule 9), what it
 * holds, and whose claim stands (rule 16).
 *
 * Nothing is parked: a batch is merged now or left to its edge to send again. Only a batch that would be
 * merged is decoded, so a poisoned one stalls its edge and nobody else.
 */
#include "central/core/internal.h"

/* ---- rule 9 ---- */

static bool digests_agree(const kd_registered_state *s, const kd_batch *b)
{
    bool nothing = s->applied.incarnation == 0 && s->applied.seq == 0;
    if (nothing) return true;
    if (kd_position_cmp(b->after, s->applied) == 0) return b->after_digest == s->digest;
    if (kd_position_cmp(b->at, s->applied) == 0) return b->digest == s->digest;
    return true;
}

/*
 * Rule 9, made stricter: `after` is applied itself, not merely at or below it. An edge names the batch before while it
 * holds it, and else what central said last; it names less only when it does not know what central has of its identity:
 * restored, wiped, or one of two that use it. Then its batch may stand above batches of its own that were never merged, and
 * would bury them. It hears applied with the next snapshot and sends again.
 */
kd_fed kd_merge_place(const kd_central *c, const kd_registered_state *s, const kd_batch *b)
{
    if (!digests_agree(s, b)) return KD_FED_IDENTITY;
    if (kd_position_cmp(b->at, s->applied) <= 0) return KD_FED_DUPLICATE;
    int after = kd_position_cmp(b->after, s->applied);
    bool follows = after == 0 || (after < 0 && kd_planted(c, KD_PLANT_MERGE_AFTER_BELOW)) ||
                   kd_planted(c, KD_PLANT_MERGE_NO_GAP_CHECK);
    return follows ? KD_FED_MERGED : KD_FED_GAP;
}

/* Sealed where nothing happened (rule 8): whoever passes over it loses nothing. */
static bool is_empty(const kd_batch *b)
{
    kd_body nothing = {0};
    kd_buf bytes = {0};
    kd_body_encode(&nothing, &bytes);
    bool empty = kd_bytes_eq(b->body, kd_buf_view(&bytes));
    kd_buf_finish(&bytes);
    return empty;
}

/* Above applied; not merged now. The highest makes room. */
static void merge_leave(kd_registered *e, const kd_batch *b)
{
    kd_position at = b->at;
    uint32_t i = 0;
    if (is_empty(b)) return;
    while (i < KD_LEFT_MAX && e->left[i].incarnation > 0 && kd_position_cmp(e->left[i], at) < 0) i++;
    if (i == KD_LEFT_MAX || kd_position_cmp(e->left[i], at) == 0) return;
    memmove(&e->left[i + 1], &e->left[i], (KD_LEFT_MAX - 1 - i) * sizeof e->left[0]);
    e->left[i] = at;
}

void kd_merge_wait(kd_central *c, uint16_t edge, kd_position at)
{
    kd_registered *e = &c->edges[edge];
    if (e->waits.incarnation == 0 || kd_position_cmp(at, e->waits) < 0) e->waits = at;
}

/*
 * An edge that waits sends nothing that stands behind another batch. One does that has let the batch that waits go, because an earlier life of this
 * partition had merged it: that batch is in the log alone, and merging another one over it would bury it.
 */
static bool behind_waiting(const kd_registered *e, const kd_batch *b)
{
    return e->waits.incarnation > 0 && kd_position_cmp(b->at, e->waits) > 0;
}

/* The lowest one that was left is at or below applied now. */
static void drop_lowest(kd_registered *e)
{
    memmove(&e->left[0], &e->left[1], (KD_LEFT_MAX - 1) * sizeof e->left[0]);
    e->left[KD_LEFT_MAX - 1] = (kd_position){0};
}

/* An edge sends what was left once more, in order. Where it names a batch above, it has the ones below no more. */
void kd_merge_pass(kd_central *c, uint16_t edge, kd_position at)
{
    kd_registered *e = &c->edges[edge];
    if (kd_position_cmp(e->waits, at) <= 0) e->waits = (kd_position){0};
    for (; e->left[0].incarnation > 0 && kd_position_cmp(e->left[0], at) <= 0; drop_lowest(e)) {
        if (kd_position_cmp(e->left[0], at) == 0) continue;
        c->passed_over++;
        c->passed_over_edge = edge;
    }
}

uint64_t kd_central_passed_over(const kd_central *c, kd_bytes *edge)
{
    *edge = c->passed_over > 0 ? kd_registered_name(&c->edges[c->passed_over_edge]) : (kd_bytes){0};
    return c->passed_over;
}

/* ---- what a batch holds ---- */

static bool counter_is(const kd_central *c, uint8_t id, kd_counter_kind kind)
{
    int i = kd_counters_by_id(c->config.counters, id);
    return i >= 0 && c->config.counters->at[i].kind == kind;
}

static bool item_is_ours(const kd_central *c, kd_bytes item)
{
    return kd_partition(item, c->config.partitions) == c->config.partition;
}

uint8_t kd_merge_unknown_counter(const kd_central *c, const kd_body *body)
{
    for (uint32_t i = 0; i < body->op_count; i++)
        if (!counter_is(c, body->ops[i].counter, KD_SET)) return body->ops[i].counter;
    for (uint32_t i = 0; i < body->sum_count; i++)
        if (!counter_is(c, body->sums[i].counter, KD_SUM)) return body->sums[i].counter;
    return 0;
}

/* Views of equal items are the same view (one decoded column), so most items are hashed once. */
bool kd_merge_body_fits(const kd_central *c, const kd_body *body)
{
    const uint8_t *known = NULL;
    for (uint32_t i = 0; i < body->op_count; i++) {
        const kd_op *op = &body->ops[i];
        if (op->item.data != known && !item_is_ours(c, op->item)) return false;
        known = op->item.data;
    }
    for (uint32_t i = 0; i < body->sum_count; i++) {
        const kd_sum *s = &body->sums[i];
        if (s->amount > KD_SUM_AMOUNT_MAX) return false;
        if (s->item.data != known && !item_is_ours(c, s->item)) return false;
        known = s->item.data;
    }
    return true;
}

static uint32_t gather_key(kd_commit *k, uint8_t counter, kd_bytes item, kd_bytes user, uint16_t *len)
{
    size_t at = k->keys.len;
    KD_ASSERT(at < UINT32_MAX - KD_MEMBER_KEY_MAX); /* the shell closes a commit long before */
    kd_member_key_put(&k->keys, counter, item, user);
    *len = (uint16_t)(k->keys.len - at);
    return (uint32_t)at;
}

static void merge_gather(kd_central *c, const kd_body *body, uint16_t edge, uint16_t region)
{
    kd_commit *k = kd_commit_open(c);
    const kd_registered_state *before = &c->edges[edge].tentative;
    for (uint32_t i = 0; i < body->op_count; i++) {
        const kd_op *op = &body->ops[i];
        kd_gathered_op g = {.time_us = op->time_us, .arrival = k->op_count, .edge = edge, .region = region};
        g.liked = op->liked;
        g.past = kd_collect_past(c, before, op->time_us);
        g.key_at = gather_key(k, op->counter, op->item, op->user, &g.key_len);
        k->ops = kd_grow(k->ops, k->op_count, &k->op_cap, sizeof *k->ops);
        k->ops[k->op_count++] = g;
    }
    for (uint32_t i = 0; i < body->sum_count; i++) {
        const kd_sum *s = &body->sums[i];
        kd_gathered_sum g = {.amount = s->amount, .day = s->day, .edge = edge, .region = region};
        g.key_at = gather_key(k, s->counter, s->item, (kd_bytes){0}, &g.key_len);
        k->sums = kd_grow(k->sums, k->sum_count, &k->sum_cap, sizeof *k->sums);
        k->sums[k->sum_count++] = g;
    }
}

/*
 * Rule 12, and what it lacked: an envelope tells complete_to for the history that its edge knew. After a
 * restore the edge names as `after` what central has, skipping batches that it let go and whose operations it
 * sends again later; an envelope from before, long on its way, then follows without a gap and would promise
 * those as well. So once an envelope that knew an epoch is merged, one that knew only a lower one still
 * brings its operations, but moves no watermark.
 */
static kd_registered_state merge_advance(const kd_central *c, const kd_registered_state *s, const kd_batch *b)
{
    kd_registered_state next = *s;
    next.applied = b->at;
    next.digest = b->digest;
    next.complete_to_us = b->complete_to_us;
    if (b->epoch < s->epoch && !kd_planted(c, KD_PLANT_WATERMARK_ANY_EPOCH)) return next;
    next.epoch = b->epoch;
    next.watermark_us = KD_MAX(s->watermark_us, b->complete_to_us);
    return next;
}

/* Rules 9 and 12. */
static void merge(kd_central *c, const kd_batch *b, const kd_body *body, uint16_t edge, uint16_t region)
{
    kd_registered *e = &c->edges[edge];
    e->region = region;
    merge_gather(c, body, edge, region);
    kd_merge_pass(c, edge, b->at);
    e->tentative = merge_advance(c, &e->tentative, b);
    kd_registry_touch(c, edge);
    kd_quarantine_merged(c, b);
    c->stats.batches++;
    c->stats.operations += body->op_count + body->sum_count;
}

static kd_fed feed_body(kd_central *c, const kd_batch *b, kd_bytes record, uint16_t edge, uint16_t region,
                        int64_t offset)
{
    kd_body body;
    int err = kd_body_decode(b->body, &body);
    if (err == KD_EVERSION) return KD_FED_UNKNOWN_SCHEMA;
    if (err != KD_OK) return kd_quarantine_take(c, record, offset);
    bool fits = kd_merge_body_fits(c, &body);
    uint8_t unknown = fits ? kd_merge_unknown_counter(c, &body) : 0;
    if (fits && unknown == 0) merge(c, b, &body, edge, region);
    kd_body_finish(&body);
    if (fits && unknown == 0) return KD_FED_MERGED;
    kd_fed fed = kd_quarantine_take(c, record, offset);
    c->unknown_counter = unknown;
    if (unknown == 0) return fed;
    kd_merge_wait(c, edge, b->at);
    return KD_FED_UNKNOWN_COUNTER;
}

static kd_fed feed_batch(kd_central *c, kd_bytes record, int64_t offset)
{
    kd_batch b;
    int err = kd_batch_decode(record, &b);
    if (err == KD_EVERSION) return KD_FED_UNKNOWN_SCHEMA;
    if (err != KD_OK || !kd_epoch_believed(c, b.epoch)) return kd_quarantine_take(c, record, offset);
    /* An edge is registered by whatever batch of it comes first, even one that is not merged: it has
     * acknowledged likes that are not here, so the low watermark must know it. */
    int region = kd_registry_region(c, b.region);
    int edge = region < 0 ? -1 : kd_registry_edge(c, b.edge, (uint16_t)region);
    if (edge < 0) return kd_quarantine_take(c, record, offset);
    if (c->edges[edge].tentative.retired) {
        c->collector.refused++;
        return KD_FED_RETIRED;
    }
    kd_epoch_told(c, b.epoch);
    kd_fed placed = kd_merge_place(c, &c->edges[edge].tentative, &b);
    if (placed == KD_FED_MERGED && behind_waiting(&c->edges[edge], &b)) placed = KD_FED_GAP;
    if (placed == KD_FED_MERGED) placed = feed_body(c, &b, record, (uint16_t)edge, (uint16_t)region, offset);
    if (placed != KD_FED_MERGED && placed != KD_FED_DUPLICATE && placed != KD_FED_IDENTITY)
        merge_leave(&c->edges[edge], &b);
    c->stats.duplicates += placed == KD_FED_DUPLICATE;
    c->stats.gaps += placed == KD_FED_GAP;
    c->stats.identity_alarms += placed == KD_FED_IDENTITY;
    if (placed == KD_FED_IDENTITY) kd_collect_halt(c);
    return placed;
}

/* Rule 16. */
static kd_fed feed_claim(kd_central *c, kd_bytes record, int64_t offset)
{
    kd_claim claim;
    int err = kd_claim_decode(record, &claim);
    if (err == KD_EVERSION) return KD_FED_UNKNOWN_SCHEMA;
    if (err != KD_OK || !kd_epoch_believed(c, claim.epoch)) return kd_quarantine_take(c, record, offset);
    c->stats.claims++;
    return kd_epoch_claimed(c, &claim);
}

kd_fed kd_merge_record(kd_central *c, kd_bytes record, int64_t offset)
{
    switch (kd_record_peek(record)) {
    case KD_RECORD_BATCH:
        return feed_batch(c, record, offset);
    case KD_RECORD_CLAIM:
        return feed_claim(c, record, offset);
    case KD_EVERSION:
        return KD_FED_UNKNOWN_SCHEMA;
    default:
        return kd_quarantine_take(c, record, offset);
    }
}

kd_fed kd_central_feed(kd_central *c, kd_bytes record, int64_t offset, uint64_t now_us)
{
    if (c->poisoned) return KD_FED_POISONED;
    if (c->fenced) return KD_FED_FENCED;
    c->fed_at_us = now_us;
    kd_fed fed = kd_merge_record(c, record, offset);
    if (fed == KD_FED_FENCED) return fed;
    c->log_tentative = (kd_log_position){.known = true, .offset = offset, .digest = kd_hash(record)};
    kd_commit_open(c)->fed = true;
    return fed;
}

uint8_t kd_central_unknown_counter(const kd_central *c)
{
    return c->unknown_counter;
}

uint32_t kd_central_gathered(const kd_central *c)
{
    const kd_commit *k = &c->commits[(c->first + c->outstanding) % KD_COUNT(c->commits)];
    return k->op_count + k->sum_count;
}
