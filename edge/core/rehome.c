/*
 * rehome.c - rule 20: central has applied what this edge never sealed, so somebody else uses its identity.
 *
 * An alarm is raised, an incarnation above the other's is minted, and every unconfirmed operation moves there with its
 * stamp; sums are set aside, since they could count twice, but for those that the other cannot know: of a batch that was begun
 * after the other's incarnation was minted and never handed over. A copy that held such a batch would have minted above it. Every partition of the store moves, not only the one that noticed:
 * the new incarnation is above the other's everywhere, so what stayed at an old position of another partition would be
 * taken for merged as soon as a later batch is. A second time within a minute two of us chase each other: then writes are
 * refused until an operator acts.
 *
 * The moved operations keep old stamps, so complete_to is held until all of them are out (rule 15).
 *
 * Batches can only be read back when they are durable, so the move waits for that; then it goes in steps, so that a large
 * outbox neither stops the loop nor becomes one write. Nothing of the partition is sent meanwhile.
 */
#include "edge/core/internal.h"

enum { ALARM_WINDOW_US = 60 * 1000 * 1000, BATCHES_A_STEP = 16 };

void kd_rehome_above(kd_edge *e, uint64_t theirs, uint64_t now_us)
{
    bool copied_since = theirs >= e->alone_from;
    kd_identity_mint(e, theirs, now_us);
    if (copied_since) e->alone_from = e->incarnation;
}

void kd_rehome_begin(kd_edge *e, kd_part *p, const kd_applied *theirs, uint64_t now_us)
{
    e->stats.identity_alarms++;
    e->stats.identity_shared += theirs->applied.incarnation >= e->incarnation;
    if (e->alarm_us != 0 && now_us < e->alarm_us + ALARM_WINDOW_US) {
        e->refusing = true;
        /* Nothing moves, but what central told us before is void: where a restore undid it all goes out again. */
        p->doubted_us = KD_MAX(p->doubted_us, KD_MAX(p->watermark_us, theirs->watermark_us));
        return;
    }
    e->alarm_us = now_us;
    p->watermark_us = theirs->watermark_us;
    p->applied = theirs->applied;
    p->applied_digest = theirs->digest;
    kd_identity_disown(e);
    for (uint32_t i = 0; i < e->part_count; i++) {
        if (KD_PLANTED(e, KD_PLANT_REHOME_ONE) && &e->parts[i] != p) continue;
        kd_resend_doubt(e, &e->parts[i]);
        if (e->parts[i].open) kd_batch_seal(e, &e->parts[i], now_us);
        e->parts[i].rehoming = true;
        if (!KD_PLANTED(e, KD_PLANT_MOVE_NOT_HELD)) kd_resend_hold(e, &e->parts[i]);
        kd_part_put(e, &e->parts[i]);
    }
    kd_rehome_above(e, theirs->applied.incarnation, now_us);
    e->wanted = true;
}

static bool ours_alone(const kd_edge *e, const kd_outgoing *b)
{
    if (KD_PLANTED(e, KD_PLANT_ASIDE_ALL)) return false;
    return b->at.incarnation >= e->alone_from && b->sending == KD_UNSENT && !b->resent;
}

static void move_batch(kd_edge *e, kd_part *p, const kd_outgoing *b, kd_bytes raw, uint64_t now_us)
{
    bool alone = ours_alone(e, b);
    kd_reader r = kd_reader_of(raw);
    kd_entry_op op;
    kd_buf sums = {0};
    while (kd_fragment_next(&r, &op)) {
        bool aside = op.verb == KD_ADD && !alone;
        e->stats.sums_aside += aside;
        if (aside)
            kd_fragment_put(&sums, &op);
        else if (op.verb != KD_ADD || !KD_PLANTED(e, KD_PLANT_ALONE_DROPPED))
            kd_accumulate_op(e, p, kd_entry_obtain(e, p, op.item), &op, now_us);
    }
    kd_aside_put(e, p, b->at, kd_buf_view(&sums));
    kd_buf_finish(&sums);
}

/* What came meanwhile, in the new incarnation, stays where it is. */
static bool must_move(const kd_edge *e, const kd_outgoing *b)
{
    return b && b->at.incarnation < e->incarnation;
}

int kd_rehome_step(kd_edge *e, kd_part *p, uint64_t now_us)
{
    if (must_move(e, p->open)) kd_batch_seal(e, p, now_us); /* the other went further since it was begun */
    for (const kd_outgoing *b = p->head; must_move(e, b); b = b->next)
        if (b->seal_group > e->durable_group) return KD_OK;
    kd_buf raw = {0};
    int err = KD_OK;
    for (uint32_t n = 0; n < BATCHES_A_STEP && must_move(e, p->head); n++) {
        kd_outgoing *b = p->head;
        err = kd_batch_fragments(e, p, b, &raw);
        if (err != KD_OK) break;
        kd_overlay_cancel_batch(e, b);
        move_batch(e, p, b, kd_buf_view(&raw), now_us);
        kd_outbox_pop(e, p);
    }
    kd_buf_finish(&raw);
    if (err == KD_OK && !must_move(e, p->head)) {
        p->rehoming = false;
        kd_resend_release(p);
        kd_part_put(e, p);
    }
    return err;
}
