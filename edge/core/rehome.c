/*
 * rehome.c - batches move to a new incarnation, because another process has used this edge's name (rule 20).
 *
 * Central has applied a batch that this edge never sealed. So another process uses its name: a copy of its directory, or an earlier run of this edge
 * whose operations were lost when the disk was restored. Below it is called the rival.
 *
 * Batches begun in the rival's incarnation or a lower one may be in the rival's store, too. Central takes their positions for merged. So they move:
 * their likes join new batches, with their old stamps, in an incarnation minted above the rival's. Their sums are set aside, since the rival may have
 * sent them (aside.h).
 *
 * Batches begun in a higher incarnation stay where they are: a copy of the directory that holds one would have minted a higher incarnation still.
 * Central merges a position only once, so their sums cannot count twice, whether or not they were handed to Kafka before. A sum never changes its
 * position.
 *
 * All partitions of the store move, not only the one that noticed: they share the new incarnation. In a partition that did not move, an old batch
 * would be taken for merged as soon as one of the new incarnation is.
 *
 * A second alarm within 60 s that names this edge's newly minted incarnation, or a higher one, means that two processes run at once under this name:
 * writes are refused until an operator acts.
 *
 * The moved operations have old stamps, so complete_to is held until all of them are out (hold.h), also in the batches that stay.
 *
 * A batch can be read back only when it is durable, so the move waits for that. It goes in steps: a large outbox must neither stop the loop nor
 * become one write. The rival's incarnation is stored with the partition, so a start goes on with the move.
 *
 * Nothing of the partition is sent until the move has ended, and that is durable. Batches that stay go out behind the rival's applied. Where the process
 * ended before its disk knew of the move, the next one would find an own batch applied, and take all in front of it for merged.
 */
#include "edge/core/rehome.h"
#include "edge/core/accumulate.h"
#include "edge/core/aside.h"
#include "edge/core/batch.h"
#include "edge/core/fragment.h"
#include "edge/core/hold.h"
#include "edge/core/identity.h"
#include "edge/core/items.h"
#include "edge/core/outbox.h"
#include "edge/core/overlay.h"
#include "edge/core/part.h"
#include "edge/core/seal.h"
#include "edge/core/state.h"

enum { ALARM_WINDOW_US = 60 * 1000 * 1000, BATCHES_A_STEP = 16 };

/* The rival's incarnation. Planted: a higher one, so that batches move which the rival cannot hold: all, or those of earlier incarnations. */
static uint64_t rehome_rival(const kd_edge *e, uint64_t theirs)
{
    if (KD_PLANTED(e, KD_PLANT_ASIDE_ALL)) return KD_MAX(theirs, e->incarnation);
    if (KD_PLANTED(e, KD_PLANT_ALONE_FORGOTTEN)) return KD_MAX(theirs, e->incarnation - 1);
    return theirs;
}

static void rehome_part(kd_edge *e, kd_part *p, uint64_t theirs, uint64_t now_us)
{
    kd_hold_doubt(e, p);
    if (p->open) kd_seal_batch(e, p, now_us);
    p->rehome.active = true;
    kd_in_log_moved(p);
    p->rehome.rival = KD_MAX(p->rehome.rival, rehome_rival(e, theirs));
    if (!KD_PLANTED(e, KD_PLANT_MOVE_NOT_HELD)) kd_hold_begin(e, p);
    kd_part_put(e, p);
}

void kd_rehome_above(kd_edge *e, const kd_part *noticed, uint64_t theirs, uint64_t now_us)
{
    kd_identity_disown(e, theirs);
    for (uint32_t i = 0; i < e->part_count; i++) {
        if (KD_PLANTED(e, KD_PLANT_REHOME_ONE) && &e->parts[i] != noticed) continue;
        rehome_part(e, &e->parts[i], theirs, now_us);
    }
    kd_identity_mint(e, theirs, now_us);
    e->groups.wanted = true;
}

void kd_rehome_begin(kd_edge *e, kd_part *p, const kd_applied *theirs, uint64_t now_us)
{
    bool shared = theirs->applied.incarnation >= e->incarnation;
    e->stats.identity_alarms++;
    e->stats.identity_shared += shared;
    if (shared && e->alarm_us != 0 && now_us < e->alarm_us + ALARM_WINDOW_US) {
        e->refusing = true;
        /* Nothing moves. No watermark heard so far is believed: after a restore to it all operations are sent again. */
        p->hold.doubted_us = KD_MAX(p->hold.doubted_us, KD_MAX(p->watermark_us, theirs->watermark_us));
        return;
    }
    e->alarm_us = now_us;
    p->watermark_us = theirs->watermark_us;
    p->applied = theirs->applied;
    p->applied_digest = theirs->digest;
    kd_rehome_above(e, p, theirs->applied.incarnation, now_us);
}

/* Whether `b`, the oldest batch left, moves; NULL: there is none. Planted ALONE_DROPPED: batches above the rival's move as well, and their sums are
 * lost. */
static bool rehome_must_move(const kd_edge *e, const kd_part *p, const kd_outgoing *b)
{
    bool low = b && (b->at.incarnation <= p->rehome.rival || KD_PLANTED(e, KD_PLANT_ALONE_DROPPED));
    return low && b->at.incarnation < e->incarnation;
}

static void rehome_move_batch(kd_edge *e, kd_part *p, const kd_outgoing *b, kd_bytes raw, uint64_t now_us)
{
    kd_reader r = kd_reader_of(raw);
    kd_entry_op op;
    kd_buf sums = {0};
    while (kd_fragment_next(&r, &op)) {
        if (op.verb != KD_ADD || KD_PLANTED(e, KD_PLANT_SUMS_MOVE))
            kd_accumulate_op(e, p, kd_items_obtain(e, p, op.item), &op, now_us);
        else if (b->at.incarnation <= p->rehome.rival)
            kd_aside_add(e, &op, &sums);
    }
    kd_aside_put(e, p, b->at, kd_buf_view(&sums));
    kd_buf_finish(&sums);
}

/* Batches that stayed may have been sent behind one that has moved, as its successors: they are sent again behind central's applied. Those that
 * central merged meanwhile are dropped. */
static void rehome_end(kd_edge *e, kd_part *p)
{
    p->rehome.active = false;
    p->rehome.rival = 0;
    p->rehome.ended = e->groups.open;
    e->groups.wanted = true;
    kd_hold_release(p);
    kd_outbox_drop(e, p, p->applied);
    kd_outbox_resend(e, p);
    kd_in_log_moved(p);
    p->outbox.attempts = 0;
    kd_part_put(e, p);
}

int kd_rehome_step(kd_edge *e, kd_part *p, uint64_t now_us)
{
    kd_outgoing *b;
    for (b = TAILQ_FIRST(&p->outbox.batches); rehome_must_move(e, p, b); b = TAILQ_NEXT(b, next))
        if (b->seal_group > e->groups.durable) return KD_OK;
    kd_buf raw = {0};
    int err = KD_OK;
    for (uint32_t n = 0; n < BATCHES_A_STEP; n++) {
        b = TAILQ_FIRST(&p->outbox.batches);
        if (!rehome_must_move(e, p, b)) break;
        err = kd_batch_fragments(e, p, b, &raw);
        if (err != KD_OK) break;
        kd_overlay_cancel_batch(e, p, b);
        rehome_move_batch(e, p, b, kd_buf_view(&raw), now_us);
        kd_outbox_pop(e, p);
    }
    kd_buf_finish(&raw);
    if (err == KD_OK && !rehome_must_move(e, p, TAILQ_FIRST(&p->outbox.batches))) rehome_end(e, p);
    return err;
}
