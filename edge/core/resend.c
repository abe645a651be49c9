/*
 * resend.c - rule 15: after a restore undid what this edge knew, its own operations go out again.
 *
 * Every row of this edge stamped above central's watermark for it, less 2 D, joins new batches behind those outstanding,
 * with its original stamp; what central still has is decided by the stamp, as always. Until all of that is in a batch or
 * one before it, complete_to stays at that watermark: a larger one would hide what is still to come.
 *
 * The scan reads the store, so it waits until the rows of what was taken before are there. It goes in steps, so that a
 * large partition does not stop the loop; a crash starts it over.
 */
#include "edge/core/internal.h"

enum { ROWS_A_STEP = 256 };

uint64_t kd_resend_watermark(const kd_edge *e, const kd_part *p)
{
    bool own = kd_identity_minted(e, p->applied.incarnation) && p->watermark_us > p->doubted_us;
    return own ? p->watermark_us : 0;
}

void kd_resend_doubt(const kd_edge *e, kd_part *p)
{
    if (kd_identity_minted(e, p->applied.incarnation) || KD_PLANTED(e, KD_PLANT_NO_DOUBT)) return;
    p->doubted_us = KD_MAX(p->doubted_us, p->watermark_us);
}

/*
 * The smaller of two holds stays: of two centrals the one may be on an older copy than the other and, where the log has lost a claim, merge
 * what names the other's epoch. It lacks what lies above its own watermark until all of that was sent again.
 */
void kd_resend_hold(kd_edge *e, kd_part *p)
{
    uint64_t watermark_us = kd_resend_watermark(e, p);
    p->hold_us = p->held ? KD_MIN(p->hold_us, watermark_us) : watermark_us;
    p->held = !KD_PLANTED(e, KD_PLANT_COMPLETE_NOT_HELD);
}

void kd_resend_release(kd_part *p)
{
    p->hold_until = p->open ? p->open->at : p->last_sealed;
}

void kd_resend_settle(const kd_edge *e, kd_part *p)
{
    bool merged =
        kd_identity_minted(e, p->applied.incarnation) && kd_position_cmp(p->applied, p->hold_until) >= 0;
    if (merged && !p->resending) p->held = false;
}

void kd_resend_start(kd_edge *e, kd_part *p)
{
    kd_resend_hold(e, p);
    p->resending = !KD_PLANTED(e, KD_PLANT_NO_RESEND);
    p->rows_awaited = kd_spill_await(e);
    kd_buf_clear(&p->cursor);
}

typedef struct {
    kd_edge *e;
    kd_part *p;
    uint64_t above_us, now_us;
    uint32_t left;
} resend;

enum { STOPPED = 1 };

static int resend_row(void *arg, kd_bytes key, kd_bytes value)
{
    resend *r = arg;
    kd_buf_clear(&r->p->cursor);
    kd_buf_put(&r->p->cursor, key.data, key.len);
    if (r->left-- == 0) return STOPPED;
    kd_member_row m;
    int err = kd_membership_parse(key, value, &m);
    if (err != KD_OK) return err;
    if (m.row.stamp_us <= r->above_us) return 0;
    kd_entry_op op = {.verb = m.row.liked ? KD_LIKE : KD_UNLIKE,
                      .counter_id = m.counter_id,
                      .item = m.item,
                      .user = m.user,
                      .time_us = m.row.stamp_us};
    kd_accumulate_op(r->e, r->p, NULL, &op, r->now_us);
    r->e->stats.resent_ops++;
    return 0;
}

static void resend_finish(kd_edge *e, kd_part *p)
{
    p->resending = false;
    kd_resend_release(p);
    kd_part_put(e, p);
}

int kd_resend_step(kd_edge *e, kd_part *p, uint64_t now_us)
{
    bool stored = kd_spill_arrived(e, p->rows_awaited) || KD_PLANTED(e, KD_PLANT_RESEND_STORED);
    if (!stored) return KD_OK;
    uint64_t margin = 2 * e->config.drift_us;
    resend r = {.e = e, .p = p, .now_us = now_us, .left = ROWS_A_STEP};
    r.above_us = p->hold_us > margin ? p->hold_us - margin : 0;
    int err = kd_keys_scan_on(e, 'm', p->id, &p->cursor, resend_row, &r);
    if (err == STOPPED) return KD_OK;
    if (err == KD_OK) resend_finish(e, p);
    return err;
}

uint64_t kd_resend_limit(const kd_part *p, const kd_outgoing *b, uint64_t complete_to_us)
{
    bool behind = p->resending || p->rehoming || kd_position_cmp(b->at, p->hold_until) < 0;
    return p->held && behind ? KD_MIN(complete_to_us, p->hold_us) : complete_to_us;
}
