/* hold.c - see the header. */
#include "edge/core/hold.h"
#include "edge/core/batch.h"
#include "edge/core/identity.h"
#include "edge/core/part.h"
#include "edge/core/state.h"

uint64_t kd_hold_watermark(const kd_edge *e, const kd_part *p)
{
    bool own = kd_identity_minted(e, p->applied.incarnation) && p->watermark_us > p->hold.doubted_us;
    return own ? p->watermark_us : 0;
}

void kd_hold_doubt(const kd_edge *e, kd_part *p)
{
    if (kd_identity_minted(e, p->applied.incarnation) || KD_PLANTED(e, KD_PLANT_NO_DOUBT)) return;
    p->hold.doubted_us = KD_MAX(p->hold.doubted_us, p->watermark_us);
}

/*
 * The smaller of two holds stays. Two centrals on copies of different age may live at once, and where the log has lost a claim, the older one merges
 * batches whose envelopes name the newer one's epoch. The older one lacks what lies above its own, smaller watermark until that was sent again.
 */
void kd_hold_begin(kd_edge *e, kd_part *p)
{
    uint64_t watermark_us = kd_hold_watermark(e, p);
    p->hold.complete_to_us = p->hold.held ? KD_MIN(p->hold.complete_to_us, watermark_us) : watermark_us;
    p->hold.held = !KD_PLANTED(e, KD_PLANT_COMPLETE_NOT_HELD);
}

void kd_hold_release(kd_part *p)
{
    p->hold.until = p->open ? p->open->at : p->outbox.last_sealed;
}

void kd_hold_settle(const kd_edge *e, kd_part *p)
{
    bool merged =
        kd_identity_minted(e, p->applied.incarnation) && kd_position_cmp(p->applied, p->hold.until) >= 0;
    if (merged && !p->resend.active) p->hold.held = false;
}

/* Batches in front of `until` are limited also when they were sealed before the hold began: operations that are sent again stand behind them. */
uint64_t kd_hold_limit(const kd_part *p, const kd_outgoing *b, uint64_t complete_to_us)
{
    bool behind = p->resend.active || p->rehome.active || kd_position_cmp(b->at, p->hold.until) < 0;
    return p->hold.held && behind ? KD_MIN(complete_to_us, p->hold.complete_to_us) : complete_to_us;
}
