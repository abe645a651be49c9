/*
 * resend.c - a restore of central has undone what this edge knew: its own operations are sent again (rule 15).
 *
 * Every membership row stamped above central's watermark for this edge, less 2 D, joins new batches behind the outstanding ones, with its original
 * stamp. Central may still have some of these operations: the stamps decide, as always. Until the last one is in a batch, complete_to stays at that
 * watermark (hold.h): a larger one would promise operations that are still to come.
 *
 * The scan reads the store, so it waits until the rows in memory have got there. It goes in steps, so that a large partition does not stop the loop.
 * A crash starts it over.
 */
#include "edge/core/resend.h"
#include "edge/core/accumulate.h"
#include "edge/core/hold.h"
#include "edge/core/keys.h"
#include "edge/core/membership.h"
#include "edge/core/part.h"
#include "edge/core/spill.h"
#include "edge/core/state.h"

enum { ROWS_A_STEP = 256 };

void kd_resend_start(kd_edge *e, kd_part *p)
{
    kd_hold_begin(e, p);
    p->resend.active = !KD_PLANTED(e, KD_PLANT_NO_RESEND);
    p->resend.rows_awaited = kd_spill_await(e);
    kd_buf_clear(&p->resend.cursor);
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
    kd_buf_clear(&r->p->resend.cursor);
    kd_buf_put(&r->p->resend.cursor, key.data, key.len);
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
    p->resend.active = false;
    kd_hold_release(p);
    kd_part_put(e, p);
}

int kd_resend_step(kd_edge *e, kd_part *p, uint64_t now_us)
{
    bool stored = kd_spill_arrived(e, p->resend.rows_awaited) || KD_PLANTED(e, KD_PLANT_RESEND_STORED);
    if (!stored) return KD_OK;
    uint64_t margin = 2 * e->config.drift_us;
    resend r = {.e = e, .p = p, .now_us = now_us, .left = ROWS_A_STEP};
    r.above_us = p->hold.complete_to_us > margin ? p->hold.complete_to_us - margin : 0;
    int err = kd_keys_scan_on(e, 'm', p->id, &p->resend.cursor, resend_row, &r);
    if (err == STOPPED) return KD_OK;
    if (err == KD_OK) resend_finish(e, p);
    return err;
}
