/*
 * expire.c - rule 21: rows that nobody needs any more go, a few at a time.
 *
 * A row is needed to be sent again after a restore of central, as long as it is stamped above `stable`, and to answer
 * from, for row_ttl. While central's word of this edge is in doubt, or something is being sent again or moved, nothing
 * goes; and nothing that central has not merged, so nothing of the outbox.
 *
 * A sweep walks over one partition's rows in pieces. Its deletes ride in whatever group is gathering and never ask for one. The
 * store may be behind what this edge knows: a row goes only when its newest word is old enough. The filter keeps
 * what has gone until the next start, which costs a read.
 */
#include "edge/core/expire.h"
#include "edge/core/hold.h"
#include "edge/core/keys.h"
#include "edge/core/membership.h"
#include "edge/core/part.h"
#include "edge/core/state.h"

enum {
    ROWS_A_PIECE = 64,
    PIECE_INTERVAL_US = 20 * 1000,
    RIDING_BYTES = 64 * 1024, /* a group that is this large already is not made longer */
    SWEEPS_PER_TTL = 8,       /* a sweep is worth its reading when so much more is old enough */
};

/* Rows stamped up to this may go; 0: none. */
static uint64_t limit_now(const kd_edge *e, const kd_part *p, uint64_t now_us)
{
    if (KD_PLANTED(e, KD_PLANT_EXPIRE_EARLY)) return now_us;
    uint64_t margin = 2 * e->config.drift_us, watermark_us = kd_hold_watermark(e, p);
    if (p->hold.held || p->resend.active || p->rehome.active || watermark_us <= margin) return 0;
    if (now_us <= e->config.row_ttl_us || p->stable_us <= p->hold.doubted_us) return 0;
    uint64_t limit_us = KD_MIN(watermark_us - margin, now_us - e->config.row_ttl_us);
    return KD_MIN(limit_us, p->stable_us);
}

static bool expire_sweep_begins(kd_edge *e, kd_part *p, uint64_t now_us)
{
    uint64_t limit_us = limit_now(e, p, now_us);
    if (limit_us <= p->sweep.expired_us + e->config.row_ttl_us / SWEEPS_PER_TTL) return false;
    p->sweep.limit_us = p->sweep.expired_us = limit_us;
    kd_buf_clear(&p->sweep.cursor);
    kd_part_put(e, p); /* with the first of its deletes, or before */
    e->stats.expire_sweeps++;
    return true;
}

typedef struct {
    kd_edge *e;
    kd_part *p;
    uint64_t limit_us;
    uint32_t left;
} piece;

enum { PIECE_ENDS = 1 };

static int expire(kd_edge *e, kd_bytes key, uint64_t limit_us)
{
    kd_row_key row_key = {.len = (uint16_t)key.len, .hash = kd_hash(key)};
    kd_fresh_row newest;
    memcpy(row_key.data, key.data, key.len);
    int err = kd_membership_look_up(e, &row_key, &newest);
    if (err != KD_OK) return err;
    if (!newest.known || newest.stamp_us > limit_us) return KD_OK;
    kd_writes_delete(kd_edge_writes(e), key);
    e->stats.expired++;
    return KD_OK;
}

static int expire_sweep_row(void *arg, kd_bytes key, kd_bytes value)
{
    piece *s = arg;
    if (s->left-- == 0) {
        kd_buf_clear(&s->p->sweep.cursor);
        kd_buf_put(&s->p->sweep.cursor, key.data, key.len);
        return PIECE_ENDS;
    }
    kd_member_row m;
    int err = key.len <= KD_ROW_KEY_MAX ? kd_membership_parse(key, value, &m) : KD_EMALFORMED;
    if (err != KD_OK) return err;
    return m.row.stamp_us <= s->limit_us ? expire(s->e, key, s->limit_us) : KD_OK;
}

static int expire_sweep_piece(kd_edge *e, kd_part *p, uint64_t limit_us)
{
    piece s = {.e = e, .p = p, .limit_us = limit_us, .left = ROWS_A_PIECE};
    int err = kd_keys_scan_on(e, 'm', p->id, &p->sweep.cursor, expire_sweep_row, &s);
    if (err == PIECE_ENDS) return KD_OK;
    if (err == KD_OK) p->sweep.limit_us = 0;
    return err;
}

/* One piece of one partition. What was allowed when its sweep began may be forbidden since. */
static bool step_part(kd_edge *e, kd_part *p, uint64_t now_us)
{
    if (p->sweep.limit_us == 0 && !expire_sweep_begins(e, p, now_us)) return false;
    uint64_t limit_us = KD_MIN(p->sweep.limit_us, limit_now(e, p, now_us));
    if (limit_us == 0) return false;
    if (expire_sweep_piece(e, p, limit_us) != KD_OK) e->poisoned = true;
    return true;
}

uint64_t kd_expire_step(kd_edge *e, uint64_t now_us)
{
    if (e->config.row_ttl_us == 0) return UINT64_MAX;
    bool waits = now_us < e->expire_due_us && e->expire_due_us - now_us <= PIECE_INTERVAL_US;
    if (waits) return e->expire_due_us;
    if (kd_edge_writes(e)->buf.len >= RIDING_BYTES) return UINT64_MAX; /* the tick after its commit */
    e->expire_due_us = now_us + PIECE_INTERVAL_US;
    for (uint32_t i = 0; i < e->part_count; i++) {
        e->expire_part = (e->expire_part + 1) % e->part_count;
        if (step_part(e, &e->parts[e->expire_part], now_us)) return e->expire_due_us;
    }
    return UINT64_MAX;
}
