/*
 * hold.h - complete_to is held back while operations with old stamps are still to be sent (rules 15 and 20), and how far central's watermark for this
 * edge is believed.
 *
 * `complete_to` of a batch promises that all operations stamped up to it are in this batch or in one before it. After a restore of central, and while
 * batches move to another incarnation, old operations go into new batches. Until the last of them is sealed, no batch may promise more than the
 * watermark that central had when that began.
 */
#ifndef KUDOS_EDGE_CORE_HOLD_H
#define KUDOS_EDGE_CORE_HOLD_H

#include "edge/core/forward.h"

typedef struct {
    bool held; /* complete_to is held; until central has applied all that was sent again or moved */
    uint64_t complete_to_us; /* the most that a held envelope may say */
    /* the last batch with such operations; batches before it stay held. Set by kd_hold_release */
    kd_position until;
    /* watermarks of central up to this one are not believed: another process of this name may have raised them */
    uint64_t doubted_us;
} kd_hold;

/* Central's watermark for this edge, or 0 where it is not believed: it then promises nothing about this edge's own operations. */
uint64_t kd_hold_watermark(const kd_edge *e, const kd_part *p);
/* Notes the present watermark as doubted when central's applied is not of this edge's own minting. Call after applied or watermark changed. */
void kd_hold_doubt(const kd_edge *e, kd_part *p);
/* Holds complete_to at central's watermark, or at the smaller value of a hold that lasts. */
void kd_hold_begin(kd_edge *e, kd_part *p);
/* All operations with old stamps are in batches now: the hold ends behind the open batch, or behind the last sealed one where none is open. */
void kd_hold_release(kd_part *p);
/* Ends the hold when central has applied the last batch that it was for. The next restore then begins at its own watermark. */
void kd_hold_settle(const kd_edge *e, kd_part *p);
/* The complete_to that the envelope of `b` may say: `complete_to_us`, or less while a hold covers `b`. */
uint64_t kd_hold_limit(const kd_part *p, const kd_outgoing *b, uint64_t complete_to_us);

#endif
