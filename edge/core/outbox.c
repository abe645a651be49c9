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
}

static kd_outgoing *outbox_take_head(kd_edge *e, kd_part *p)
{
    kd_outgoing *b = TAILQ_FIRST(&p->outbox.batches);
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

void kd_outbox_drop(kd_edge *e, kd_part *p, kd_position applied)
{
    bool moved = false;
    const kd_batches *batches = &p->outbox.batches;
    for (kd_outgoing *b; (b = TAILQ_FIRST(batches)) && kd_position_cmp(b->at, applied) <= 0;) {
        kd_overlay_end_batch(e, p, b);
        kd_spill_retire(e, p, outbox_take_head(e, p));
        moved = true;
    }
    if (!moved) return;
    p->outbox.attempts = 0;
    p->outbox.resend_due_us = 0;
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
    p->outbox.resend_due_us = now_us + outbox_back_off(e, p->outbox.attempts);
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

/* The next batch of this partition that is due. Only the first send_window batches may be under way, and only those whose seal is durable. */
static int outbox_send_from(kd_edge *e, kd_part *p, uint64_t now_us, kd_buf *record, kd_position *at)
{
    kd_outgoing *b;
    uint32_t window = p->rehome.active || p->outbox.unsent == 0 ? 0 : e->config.send_window;
    TAILQ_FOREACH(b, &p->outbox.batches, next) {
        if (window-- == 0 || b->seal_group > e->groups.durable) break;
        if (b->sending != KD_UNSENT) continue;
        int err = kd_envelope_encode(e, p, TAILQ_PREV(b, kd_batches, next), b, now_us, record);
        if (err != KD_OK) {
            e->poisoned = true;
            return KD_EIO;
        }
        b->sending = KD_HANDED;
        p->outbox.unsent--;
        *at = b->at;
        e->stats.sends++;
        if (b->resent) e->stats.resends++;
        return KD_OK;
    }
    return KD_ENOTFOUND;
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

void kd_edge_delivered(kd_edge *e, uint32_t partition, kd_position at, bool ok, uint64_t now_us)
{
    kd_part *p = kd_edge_part_by_id(e, partition);
    KD_ASSERT(p);
    kd_outgoing *b;
    TAILQ_FOREACH(b, &p->outbox.batches, next) {
        if (kd_position_cmp(b->at, at) == 0) break;
    }
    if (!b || b->sending != KD_HANDED) return; /* applied meanwhile, or moved to another incarnation */
    if (ok && KD_PLANTED(e, KD_PLANT_FREE_ON_ACK)) {
        b->sending = KD_SENT;
        if (b == TAILQ_FIRST(&p->outbox.batches)) kd_outbox_drop(e, p, at);
        return;
    }
    b->sending = KD_SENT;
    kd_outbox_arm(e, p, now_us);
}

void kd_edge_producer_reset(kd_edge *e, uint64_t now_us)
{
    for (uint32_t i = 0; i < e->part_count; i++) {
        kd_part *p = &e->parts[i];
        kd_outgoing *b;
        TAILQ_FOREACH(b, &p->outbox.batches, next) {
            if (b->sending == KD_HANDED) b->sending = KD_SENT;
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
