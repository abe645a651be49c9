/* poison.c - see the header. */
#include "central/core/poison.h"

#include "central/core/content.h"
#include "central/core/epoch.h"
#include "central/core/state.h"

/* Of an edge, or of an author of decisions. An amount is stored with the record that brings it, so it counts what is on its way to the store, too. */
static bool poison_spent(const kd_central *c, kd_bytes by, const kd_body *body)
{
    int edge = kd_registry_find(c, by);
    uint64_t amount = edge >= 0 ? c->edges[edge].tentative.amount : 0;
    return kd_content_amount(body) > KD_EDGE_AMOUNT_MAX - amount;
}

static bool poison_ahead(const kd_central *c, const kd_batch *b, const kd_body *body)
{
    if (kd_planted(c, KD_PLANT_AHEAD_IS_BELIEVED)) return false;
    return b->complete_to_us > c->fed_at_us + KD_AHEAD_MAX_US || kd_content_ahead(body, c->fed_at_us);
}

kd_poison kd_poison_of_body(const kd_central *c, const kd_batch *b, const kd_body *body)
{
    if (!kd_content_fits(c, body)) return KD_POISON_CONTENT;
    if (poison_spent(c, b->edge, body)) return KD_POISON_SPENT;
    if (kd_content_unknown_counter(c, body) != 0) return KD_POISON_COUNTER;
    return poison_ahead(c, b, body) && !c->releasing ? KD_POISON_AHEAD : KD_POISON_NONE;
}

/* What is withdrawn or put back has its new stamp above the one that it had. */
static bool poison_rows_fit(const kd_decision *d, const kd_body *body)
{
    if (d->what != KD_DECIDED_WITHDRAW && d->what != KD_DECIDED_PUT_BACK) return true;
    for (uint32_t i = 0; i < body->op_count; i++)
        if (body->ops[i].time_us >= d->stamp_us || body->ops[i].liked != (d->what == KD_DECIDED_PUT_BACK))
            return false;
    return true;
}

/* A region that is left out is that of a row, so it is known. */
static bool poison_crowd(const kd_central *c, const kd_decision *d)
{
    if (d->author.len == 0 || (d->region.len == 0 && c->region_count == 0)) return false;
    return kd_registry_crowded(c, d->author, d->region.len ? d->region : kd_region_name(&c->regions[0]));
}

/* By the time at which it was written, not by this process's clock: every reader of the log comes to the same. */
kd_poison kd_poison_of_decision(const kd_central *c, const kd_decision *d, const kd_body *body)
{
    bool sums = body->increment_count > 0 || (body->sum_count > 0 && d->what != KD_DECIDED_OPERATIONS);
    bool ours = d->item.len == 0 || kd_partition(d->item, c->config.partitions) == c->config.partition;
    if (!ours || sums || !kd_content_fits(c, body) || !poison_rows_fit(d, body)) return KD_POISON_CONTENT;
    if (poison_spent(c, d->author, body)) return KD_POISON_SPENT;
    if (kd_content_unknown_counter(c, body) != 0) return KD_POISON_COUNTER;
    if (poison_crowd(c, d)) return KD_POISON_CROWD;
    bool ahead = d->stamp_us > d->at_us + KD_AHEAD_MAX_US || kd_content_ahead(body, d->at_us);
    return ahead ? KD_POISON_AHEAD : KD_POISON_NONE;
}

static kd_poison poison_of_bytes(const kd_central *c, const kd_batch *b)
{
    kd_body body;
    int err = kd_body_decode(b->body, &body);
    if (err == KD_EVERSION) return KD_POISON_SCHEMA;
    if (err != KD_OK) return KD_POISON_BODY;
    kd_poison p = kd_poison_of_body(c, b, &body);
    kd_body_finish(&body);
    return p;
}

static kd_poison poison_of_batch(const kd_central *c, const kd_quarantined *q)
{
    kd_batch b;
    int err = kd_batch_decode(q->bytes, &b);
    if (err == KD_EVERSION) return KD_POISON_SCHEMA;
    if (err == KD_OK && !kd_epoch_believed(c, b.epoch)) return KD_POISON_EPOCH;
    if (err == KD_OK)
        return kd_registry_crowded(c, b.edge, b.region) ? KD_POISON_CROWD : poison_of_bytes(c, &b);
    bool damaged =
        q->named && kd_batch_salvage(q->bytes, &b) && b.body.data && b.digest != kd_body_digest(b.body);
    return damaged ? KD_POISON_DAMAGED : KD_POISON_ENVELOPE;
}

static kd_poison poison_of_kept_decision(const kd_central *c, kd_bytes record)
{
    kd_decision d;
    kd_body body = {0};
    if (kd_decision_decode(record, &d) != KD_OK) return KD_POISON_DECISION;
    if (!kd_epoch_believed(c, d.epoch)) return KD_POISON_EPOCH;
    if (d.what == KD_DECIDED_LIVES) return KD_POISON_BODY; /* any other was merged */
    int err = kd_decided_has_operations(d.what) ? kd_body_decode(d.body, &body) : KD_OK;
    kd_poison p = err == KD_OK ? kd_poison_of_decision(c, &d, &body) : KD_POISON_BODY;
    kd_body_finish(&body);
    return p;
}

kd_poison kd_poison_of(const kd_central *c, const kd_quarantined *q)
{
    if (q->bytes.len < q->length)
        return KD_POISON_CUT; /* cut when it was kept: nothing else can be said of it */
    switch (kd_record_peek(q->bytes)) {
    case KD_RECORD_BATCH:
        return poison_of_batch(c, q);
    case KD_RECORD_CLAIM:
        return kd_claim_decode(q->bytes, &(kd_claim){0}) == KD_OK ? KD_POISON_EPOCH : KD_POISON_CLAIM;
    case KD_RECORD_DECISION:
        return poison_of_kept_decision(c, q->bytes);
    case KD_EVERSION:
        return KD_POISON_SCHEMA;
    default:
        return KD_POISON_RECORD;
    }
}

const char *kd_poison_name(kd_poison p)
{
    static const char *const names[] = {"none",  "record",  "claim", "envelope", "damaged",
                                        "body",  "content", "crowd", "schema",   "cut",
                                        "epoch", "counter", "ahead", "spent",    "decision"};
    return (size_t)p < KD_COUNT(names) ? names[p] : "unknown";
}
