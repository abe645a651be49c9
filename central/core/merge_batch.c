/*
 * merge_batch.c - takes batches into the open commit. Where a batch stands is asked of place.c, what it holds of content.c.
 *
 * Nothing is parked: a batch is merged now, or left for its edge to send again. The body of a batch is decoded only when its place allows it to be
 * merged, so a poisoned batch stalls its edge and nobody else.
 */
#include "central/core/merge_batch.h"

#include "central/core/collect.h"
#include "central/core/content.h"
#include "central/core/epoch.h"
#include "central/core/gather.h"
#include "central/core/place.h"
#include "central/core/poison.h"
#include "central/core/state.h"

/*
 * Rules 9 and 12. An envelope states complete_to for the history that its edge knew. After a restore the edge names as `after` the position that
 * central has; batches that it let go before are skipped, and their operations come again later. An envelope from before the restore, long on its
 * way, then follows without a gap, and its complete_to would promise those operations too. So an envelope with a lower epoch than one that was merged
 * brings its operations, but moves no watermark.
 */
static kd_registered_state merge_advance(const kd_central *c, const kd_registered_state *s, const kd_batch *b,
                                         const kd_body *body)
{
    kd_registered_state next = *s;
    next.amount += kd_content_amount(body);
    next.applied = b->at;
    next.digest = b->digest;
    next.complete_to_us = b->complete_to_us;
    if (b->epoch < s->epoch && !kd_planted(c, KD_PLANT_WATERMARK_ANY_EPOCH)) return next;
    next.epoch = b->epoch;
    next.watermark_us = KD_MAX(s->watermark_us, b->complete_to_us);
    return next;
}

static void merge_batch(kd_central *c, const kd_batch *b, const kd_body *body, uint16_t edge, uint16_t region)
{
    kd_registered *e = &c->edges[edge];
    e->region = region;
    /* by the watermark as it was before this batch */
    kd_gather(c, body, edge, region, b->sent_us, b->complete_to_us);
    kd_commit_open(c)->viral |= b->viral;
    kd_place_pass(c, edge, b->at);
    e->tentative = merge_advance(c, &e->tentative, b, body);
    kd_registry_touch(c, edge);
    kd_quarantine_merged(c, b);
    c->stats.batches++;
    c->stats.operations += body->op_count + body->sum_count;
}

static kd_fed merge_feed_body(kd_central *c, const kd_batch *b, kd_bytes record, uint16_t edge,
                              uint16_t region, int64_t offset)
{
    kd_body body;
    int err = kd_body_decode(b->body, &body);
    if (err == KD_EVERSION) return KD_FED_UNKNOWN_SCHEMA;
    if (err != KD_OK) return kd_quarantine_take(c, record, offset);
    kd_poison poison = kd_poison_of_body(c, b, &body);
    if (poison == KD_POISON_NONE) merge_batch(c, b, &body, edge, region);
    if (poison == KD_POISON_COUNTER) c->unknown_counter = kd_content_unknown_counter(c, &body);
    kd_body_finish(&body);
    if (poison == KD_POISON_NONE) return KD_FED_MERGED;
    kd_fed fed = kd_quarantine_take(c, record, offset);
    if (poison != KD_POISON_COUNTER) return fed;
    kd_place_wait(c, edge, b->at);
    return KD_FED_UNKNOWN_COUNTER;
}

/* Of an edge that is retired. That there was such a batch is remembered, for the day on which the edge is taken back. */
static bool merge_refuses(kd_central *c, uint16_t edge)
{
    kd_registered *e = &c->edges[edge];
    const kd_registered_state *s = kd_planted(c, KD_PLANT_RETIRED_BY_COMMIT) ? &e->committed : &e->tentative;
    if (!s->retired) return false;
    c->collector.refused++;
    if (e->tentative.refused) return true;
    e->tentative.refused = true;
    kd_registry_touch(c, edge);
    return true;
}

kd_fed kd_merge_batch(kd_central *c, kd_bytes record, int64_t offset)
{
    kd_batch b;
    int err = kd_batch_decode(record, &b);
    if (err == KD_EVERSION) return KD_FED_UNKNOWN_SCHEMA;
    if (err != KD_OK || !kd_epoch_believed(c, b.epoch)) return kd_quarantine_take(c, record, offset);
    /* The first batch of an edge registers it, merged or not: the edge has acknowledged likes that are not here, so the low watermark must wait for
     * it. */
    uint16_t edge, region;
    if (!kd_registry_admit(c, b.edge, b.region, &edge, &region)) return kd_quarantine_take(c, record, offset);
    if (merge_refuses(c, edge)) return KD_FED_RETIRED;
    kd_epoch_named(c, b.epoch);
    kd_fed placed = kd_place_of(c, &c->edges[edge].tentative, &b);
    if (placed == KD_FED_MERGED && kd_place_behind_waiting(&c->edges[edge], &b)) placed = KD_FED_GAP;
    if (placed == KD_FED_MERGED) placed = merge_feed_body(c, &b, record, edge, region, offset);
    if (placed != KD_FED_MERGED && placed != KD_FED_DUPLICATE && placed != KD_FED_IDENTITY)
        kd_place_leave(&c->edges[edge], &b);
    c->stats.duplicates += placed == KD_FED_DUPLICATE;
    c->stats.gaps += placed == KD_FED_GAP;
    c->stats.identity_alarms += placed == KD_FED_IDENTITY;
    if (placed == KD_FED_IDENTITY)
        kd_collect_halt(c); /* the floor may rest on a watermark of another process of that name */
    return placed;
}
