/*
 * expire.c - membership rows that nobody needs any more are deleted, a few at a time (rule 21).
 *
 * A row stamped above `stable` is needed after a restore of central, to send its operation again. For row_ttl it is needed to answer from. Nothing
 * expires that central has not merged, so nothing of the outbox. Nothing expires either while operations are sent again or moved, or while central's
 * watermark for this edge is in doubt.
 *
 * A sweep walks over one partition's rows in pieces. Its deletes join the open group and never ask for a commit of their own. The stored row may be
 * older than the one in memory, so the newest row of a key decides. The filter keeps the keys of deleted rows until the next start; each costs a
 * read when it is looked up.
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
    RIDING_BYTES = 64 * 1024, /* an open group that is larger gets no deletes */
    SWEEPS_PER_TTL =
        8, /* a sweep reads all rows: it begins when the limit has risen by row_ttl / 8 since the last one */
};

/* Rows stamped up to this may be deleted now; 0: none. */
static uint64_t expire_limit(const kd_edge *e, const kd_part *p, uint64_t now_us)
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
    uint64_t limit_us = expire_limit(e, p, now_us);
    if (limit_us <= p->sweep.expired_us + e->config.row_ttl_us / SWEEPS_PER_TTL) return false;
    p->sweep.limit_us = p->sweep.expired_us = limit_us;
    kd_buf_clear(&p->sweep.cursor);
    kd_part_put(
        e, p); /* expired_us must be stored no later than the first deletion: outbox_load.c relies on it */
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

static int expire_row(kd_edge *e, kd_bytes key, uint64_t limit_us)
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
    return m.row.stamp_us <= s->limit_us ? expire_row(s->e, key, s->limit_us) : KD_OK;
}

static int expire_sweep_piece(kd_edge *e, kd_part *p, uint64_t limit_us)
{
    piece s = {.e = e, .p = p, .limit_us = limit_us, .left = ROWS_A_PIECE};
    int err = kd_keys_scan_on(e, 'm', p->id, &p->sweep.cursor, expire_sweep_row, &s);
    if (err == PIECE_ENDS) return KD_OK;
    if (err == KD_OK) p->sweep.limit_us = 0;
    return err;
}

/* A piece of one partition's sweep; false: it has nothing to do. The limit may have fallen since the sweep began, so the smaller one counts. */
static bool expire_part_step(kd_edge *e, kd_part *p, uint64_t now_us)
{
    if (p->sweep.limit_us == 0 && !expire_sweep_begins(e, p, now_us)) return false;
    uint64_t limit_us = KD_MIN(p->sweep.limit_us, expire_limit(e, p, now_us));
    if (limit_us == 0) return false;
    if (expire_sweep_piece(e, p, limit_us) != KD_OK) e->poisoned = true;
    return true;
}

uint64_t kd_expire_step(kd_edge *e, uint64_t now_us)
{
    if (e->config.row_ttl_us == 0) return UINT64_MAX;
    bool waits = now_us < e->expire_due_us && e->expire_due_us - now_us <= PIECE_INTERVAL_US;
    if (waits) return e->expire_due_us;
    if (kd_edge_writes(e)->buf.len >= RIDING_BYTES) return UINT64_MAX; /* the tick after the commit goes on */
    e->expire_due_us = now_us + PIECE_INTERVAL_US;
    for (uint32_t i = 0; i < e->part_count; i++) {
        e->expire_part = (e->expire_part + 1) % e->part_count;
        if (expire_part_step(e, &e->parts[e->expire_part], now_us)) return e->expire_due_us;
    }
    return UINT64_MAX;
}
