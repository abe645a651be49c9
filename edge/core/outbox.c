/*
 * outbox.c - sealed batches, oldest first, until central has durably applied them (rules 6, 9, 20).
 *
 * Kafka's acknowledgement only stops the sending for a while: a topic can lose records that it has acknowledged. When applied does not move in time,
 * all batches that were sent are due again, in order (go-back-N), for central merges nothing out of order. A batch that the producer still holds is
 * not handed over a second time.
 */
#include "edge/core/outbox.h"
#include "edge/core/batch.h"
#include "edge/core/envelope.h"
#include "edge/core/fragment.h"
#include "edge/core/keys.h"
#include "edge/core/overlay.h"
#include "edge/core/part.h"
#include "edge/core/spill.h"
#include "edge/core/state.h"

void kd_outbox_push(kd_part *p, kd_outgoing *b)
{
    const kd_outgoing *last = TAILQ_LAST(&p->outbox.batches, kd_batches);
    KD_ASSERT(!last || kd_position_cmp(last->at, b->at) < 0);
    TAILQ_INSERT_TAIL(&p->outbox.batches, b, next);
    p->outbox.sealed++;
    p->outbox.unsent += b->sending == KD_UNSENT;
    p->outbox.last_sealed = b->at;
    kd_in_log_joined(p, b);
}

static kd_outgoing *outbox_take_head(kd_edge *e, kd_part *p)
{
    kd_outgoing *b = TAILQ_FIRST(&p->outbox.batches);
    kd_in_log_left(e, p, b);
    TAILQ_REMOVE(&p->outbox.batches, b, next);
    p->outbox.sealed--;
    p->outbox.unsent -= b->sending == KD_UNSENT;
    e->outbox_bytes -= b->bytes;
    e->outbox_batches--;
    kd_batch_drop_body(e, b);
    return b;
}

void kd_outbox_pop(kd_edge *e, kd_part *p)
{
    kd_outgoing *b = outbox_take_head(e, p);
    kd_batch_delete(e, p, b);
    kd_batch_free(b);
}

bool kd_outbox_drop(kd_edge *e, kd_part *p, kd_position applied)
{
    bool moved = false, exact = false;
    const kd_batches *batches = &p->outbox.batches;
    for (kd_outgoing *b; (b = TAILQ_FIRST(batches)) && kd_position_cmp(b->at, applied) <= 0;) {
        exact = kd_position_cmp(b->at, applied) == 0;
        kd_overlay_end_batch(e, p, b);
        kd_spill_retire(e, p, outbox_take_head(e, p));
        moved = true;
    }
    if (!moved) return false;
    p->outbox.attempts = 0;
    p->outbox.resend_due_us = 0;
    return exact;
}

/* The wait doubles with every attempt that did not move applied. Jitter, up to a quarter, keeps edges from resending all at once. */
static uint64_t outbox_back_off(kd_edge *e, uint32_t attempts)
{
    uint64_t wait = e->config.resend_min_us;
    for (uint32_t i = 0; i < attempts && wait < e->config.resend_max_us; i++) wait *= 2;
    wait = KD_MIN(wait, e->config.resend_max_us);
    return wait + kd_random_next(&e->random) % (wait / 4 + 1);
}

uint64_t kd_outbox_longest_wait(const kd_edge *e)
{
    return e->config.resend_max_us + e->config.resend_max_us / 4;
}

void kd_outbox_arm(kd_edge *e, kd_part *p, uint64_t now_us)
{
    const kd_outgoing *first = TAILQ_FIRST(&p->outbox.batches);
    if (p->outbox.resend_due_us != 0 || !first || first->sending != KD_SENT) return;
    /* The back-off grows while central applies nothing. Answers that wait for a batch which Kafka has not taken must not wait for central as well. */
    uint32_t attempts = kd_in_log_missing(e, p) ? 0 : p->outbox.attempts;
    p->outbox.resend_due_us = now_us + outbox_back_off(e, attempts);
}

/* Planted: the open batch joins the oldest sealed one, which central may have merged already. */
static void outbox_plant_join_open(kd_edge *e, kd_part *p)
{
    kd_outgoing *b = TAILQ_FIRST(&p->outbox.batches), *open = p->open;
    if (!KD_PLANTED(e, KD_PLANT_REBUILD_BODY) || !b || !open || p->fragment.len || b->fragments == 0) return;
    kd_key_fragment(&e->key, p->id, b->at, b->fragments++);
    kd_writes_put(kd_edge_writes(e), kd_buf_view(&e->key), kd_buf_view(&open->raw));
    kd_buf raw = {0};
    if (kd_batch_fragments(e, p, b, &raw) == KD_OK) {
        kd_buf_put(&raw, open->raw.data, open->raw.len);
        kd_fragment_body(e, kd_buf_view(&raw), &b->body);
        b->digest = kd_body_digest(kd_buf_view(&b->body));
    }
    kd_buf_finish(&raw);
    b->set_ops += open->set_ops;
    kd_batch_delete(e, p, open);
    kd_overlay_end_batch(e, p, open);
    e->outbox_bytes -= open->bytes;
    e->outbox_batches--;
    kd_batch_free(open);
    p->open = NULL;
}

void kd_outbox_resend(kd_edge *e, kd_part *p)
{
    p->outbox.resend_due_us = 0;
    p->outbox.attempts++;
    outbox_plant_join_open(e, p);
    kd_outgoing *b;
    TAILQ_FOREACH(b, &p->outbox.batches, next) {
        if (b->sending != KD_SENT) continue;
        b->sending = KD_UNSENT;
        p->outbox.unsent++;
        b->resent = true;
    }
}

/* The first batch that is due among send_window of them, from `b` on. Only those whose seal is durable may be sent. */
static kd_outgoing *outbox_due(const kd_edge *e, kd_outgoing *b)
{
    for (uint32_t n = 0; b && n < e->config.send_window; n++, b = TAILQ_NEXT(b, next)) {
        if (b->seal_group > e->groups.durable) return NULL;
        if (b->sending == KD_UNSENT) return b;
    }
    return NULL;
}

/*
 * The next batch of this partition that is due, or NULL. Only the first send_window batches may be under way. Where answers wait for the log, also as
 * many that are not in it yet: otherwise those answers would wait for central.
 */
static kd_outgoing *outbox_next(const kd_edge *e, const kd_part *p)
{
    bool moving = p->rehome.active || p->rehome.ended > e->groups.durable;
    if (moving || p->outbox.unsent == 0) return NULL;
    kd_outgoing *b = outbox_due(e, TAILQ_FIRST(&p->outbox.batches));
    return b || e->config.log_flush_interval_us == 0 ? b : outbox_due(e, p->in_log.first);
}

static int outbox_send_from(kd_edge *e, kd_part *p, uint64_t now_us, kd_buf *record, kd_position *at)
{
    kd_outgoing *b = outbox_next(e, p);
    if (!b) return KD_ENOTFOUND;
    int err = kd_envelope_encode(e, p, TAILQ_PREV(b, kd_batches, next), b, now_us, record);
    if (err != KD_OK) {
        e->poisoned = true;
        return KD_EIO;
    }
    b->sending = KD_HANDED;
    kd_in_log_handed(p, b);
    p->outbox.unsent--;
    *at = b->at;
    e->stats.sends++;
    if (b->resent) e->stats.resends++;
    return KD_OK;
}

int kd_edge_send_next(kd_edge *e, uint64_t now_us, kd_buf *record, uint32_t *partition, kd_position *at)
{
    if (e->poisoned) return KD_EIO;
    for (uint32_t i = 0; i < e->part_count; i++) {
        kd_part *p = &e->parts[(e->next_part + i) % e->part_count];
        int err = outbox_send_from(e, p, now_us, record, at);
        if (err == KD_ENOTFOUND) continue;
        *partition = p->id;
        e->next_part = (e->next_part + i) % e->part_count;
        return err;
    }
    return KD_ENOTFOUND;
}

static void outbox_given_up(const kd_edge *e, kd_part *p, kd_outgoing *b)
{
    kd_in_log_given_up(b);
    if (kd_in_log_missing(e, p)) p->outbox.resend_due_us = 0; /* it is due sooner than its back-off says */
}

/* From both ends: a report is of one of the newest batches, or of the first ones that went again. NULL: the outbox does not hold it any more. */
static kd_outgoing *outbox_find(const kd_part *p, kd_position at)
{
    kd_outgoing *old = TAILQ_FIRST(&p->outbox.batches), *new = TAILQ_LAST(&p->outbox.batches, kd_batches);
    while (old && kd_position_cmp(old->at, new->at) <= 0) {
        if (kd_position_cmp(old->at, at) == 0) return old;
        if (kd_position_cmp(new->at, at) == 0) return new;
        old = TAILQ_NEXT(old, next);
        new = TAILQ_PREV(new, kd_batches, next);
        if (!new) break;
    }
    return NULL;
}

void kd_edge_delivered(kd_edge *e, uint32_t partition, kd_position at, bool ok, uint64_t now_us)
{
    kd_part *p = kd_edge_part_by_id(e, partition);
    KD_ASSERT(p);
    kd_outgoing *b = outbox_find(p, at);
    if (!b || b->sending != KD_HANDED) return; /* applied meanwhile, or moved to another incarnation */
    if (ok && KD_PLANTED(e, KD_PLANT_FREE_ON_ACK)) {
        b->sending = KD_SENT;
        if (b == TAILQ_FIRST(&p->outbox.batches)) kd_outbox_drop(e, p, at);
        return;
    }
    b->sending = KD_SENT;
    if (ok)
        kd_in_log_acknowledged(e, p, b);
    else
        outbox_given_up(e, p, b);
    kd_outbox_arm(e, p, now_us);
}

void kd_edge_producer_reset(kd_edge *e, uint64_t now_us)
{
    for (uint32_t i = 0; i < e->part_count; i++) {
        kd_part *p = &e->parts[i];
        kd_outgoing *b;
        TAILQ_FOREACH(b, &p->outbox.batches, next) {
            if (b->sending != KD_HANDED) continue;
            b->sending = KD_SENT;
            outbox_given_up(e, p, b);
        }
        kd_outbox_arm(e, p, now_us);
    }
}

uint64_t kd_edge_outbox_batches(const kd_edge *e)
{
    return e->outbox_batches;
}

uint64_t kd_edge_outbox_bytes(const kd_edge *e)
{
    return e->outbox_bytes;
}
