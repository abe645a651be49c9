/*
 * collect.c - see the header.
 *
 * The floor is the low watermark less 2 D: every operation of any edge that is stamped below it is merged. An operation below it that comes once
 * more, moved or sent again, and finds no row, was merged before, and its tombstone is collected: it is ignored. That it was merged before is asked
 * of the watermark of its own edge, not of the floor: an edge that is new here, or was taken back, brings operations below the floor that were never
 * merged, and those count.
 *
 * A sweep walks over the membership rows, a piece with each commit, and deletes the tombstones below its floor. It reads the store, which lacks the
 * rows of the commit outstanding and of the commit that is being closed. A tombstone that one of these replaces by a like must not be deleted behind
 * it, so rows that they write are left to the next sweep.
 */
#include "central/core/collect.h"

#include "central/core/erased.h"
#include "central/core/registry.h"
#include "central/core/row.h"
#include "central/core/sort.h"
#include "central/core/state.h"
#include "kudos/forget.h"

enum {
    ROWS_PER_COMMIT = 256,
    /* a sweep begins when the floor has risen by tombstone_ttl / this since the last one */
    SWEEPS_PER_TTL = 4,
};

static const uint8_t floor_key[] = {KD_ROW_FLOOR};

int kd_collect_load(kd_central *c)
{
    int err = c->store.get(c->store.ctx, kd_bytes_of(floor_key, 1), &c->value);
    if (err == KD_ENOTFOUND) return KD_OK;
    if (err != KD_OK) return err;
    kd_reader r = kd_reader_of(kd_buf_view(&c->value));
    c->collector.floor_us = kd_read_be64(&r);
    c->collector.halted = kd_read_u8(&r) != 0;
    return r.bad || kd_reader_left(&r) != 0 ? KD_EMALFORMED : KD_OK;
}

static void collect_put_floor(kd_central *c, kd_commit *k)
{
    if (!c->collector.changed) return;
    c->collector.changed = false;
    kd_buf_clear(&c->value);
    kd_buf_put_be64(&c->value, c->collector.floor_us);
    kd_buf_put_u8(&c->value, c->collector.halted);
    kd_writes_put(&k->writes, kd_bytes_of(floor_key, 1), kd_buf_view(&c->value));
}

/* ---- operations that were merged before ---- */

/* Allow 2 D: an edge that was put back to an older copy may stamp new operations up to 2 D below the complete_to of its earlier life. */
bool kd_collect_past(const kd_central *c, const kd_registered_state *s, uint64_t time_us)
{
    if (kd_planted(c, KD_PLANT_IGNORE_BY_FLOOR)) return true;
    return time_us + 2 * c->config.drift_us < s->watermark_us;
}

bool kd_collect_ignores(kd_central *c, const kd_gathered_op *op)
{
    if (!op->past || op->time_us >= c->collector.floor_us) return false;
    if (kd_planted(c, KD_PLANT_COLLECT_REVIVES)) return false;
    c->collector.ignored++;
    return true;
}

/* ---- the floor ---- */

void kd_collect_halt(kd_central *c)
{
    c->collector.changed |= !c->collector.halted;
    c->collector.halted = true;
    c->collector.sweeping = false;
}

int kd_central_collect_resume(kd_central *c, uint64_t *version)
{
    *version = c->version;
    if (c->poisoned) return KD_EIO;
    if (c->fenced) return KD_EFENCED;
    if (!c->collector.halted) return KD_OK;
    *version = c->begun + 1;
    c->collector.halted = false;
    c->collector.changed = true;
    kd_commit_open(c)->fed = true;
    return KD_OK;
}

static uint64_t collect_less(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

static uint64_t collect_floor(const kd_central *c, uint64_t now_us)
{
    if (kd_planted(c, KD_PLANT_COLLECT_EARLY)) return now_us;
    uint64_t low_us = collect_less(kd_registry_lowest(c, true).time_us, 2 * c->config.drift_us);
    return KD_MIN(low_us, collect_less(now_us, c->config.tombstone_ttl_us));
}

/* Begins a sweep, and raises the floor, when enough has come below it to be worth the reading. */
static bool collect_sweep_begins(kd_central *c, kd_commit *k, uint64_t now_us)
{
    kd_collector *l = &c->collector;
    uint64_t floor_us = collect_floor(c, now_us);
    if (floor_us <= l->swept_us + c->config.tombstone_ttl_us / SWEEPS_PER_TTL) return false;
    l->changed |= floor_us > l->floor_us;
    l->floor_us = KD_MAX(floor_us, l->floor_us);
    l->sweeping = true;
    kd_erased_collect(c, k);
    kd_buf_clear(&l->cursor);
    kd_buf_put_u8(&l->cursor, KD_ROW_MEMBER);
    return true;
}

void kd_collect_begin(kd_central *c, uint64_t now_us)
{
    if (c->version == 0) c->collector.swept_us = collect_less(now_us, c->config.tombstone_ttl_us);
}

/* ---- a piece of the sweep ---- */

typedef struct {
    kd_central *c;
    kd_commit *k;
    const kd_commit *before; /* the commit outstanding; NULL: none */
    uint32_t left;           /* rows that may still be looked at */
} sweep;

enum { PIECE_ENDS = 1 };

static int collect_sweep_row(void *arg, kd_bytes key, kd_bytes value)
{
    sweep *s = arg;
    kd_central *c = s->c;
    if (s->left-- == 0) {
        kd_buf_clear(&c->collector.cursor);
        kd_buf_put(&c->collector.cursor, key.data, key.len);
        return PIECE_ENDS;
    }
    kd_stored_row row;
    if (kd_stored_row_decode(value, &row) != KD_OK) return KD_EIO;
    if (row.liked || row.time_us >= c->collector.floor_us) return 0;
    if (kd_void_keeps(&c->voider, row.time_us) && !kd_planted(c, KD_PLANT_VOID_COLLECTED)) return 0;
    if (kd_sort_find(s->before, key) || kd_sort_find(s->k, key)) return 0;
    kd_writes_delete(&s->k->writes, key);
    c->collector.collected++;
    if (c->filter_rows > 0) c->filter_rows--;
    return 0;
}

static int collect_sweep_piece(kd_central *c, kd_commit *k)
{
    const uint8_t end[] = {KD_ROW_MEMBER + 1};
    sweep s = {.c = c, .k = k, .left = ROWS_PER_COMMIT};
    s.before = c->outstanding > 0 ? &c->commits[c->first] : NULL;
    kd_buf_clear(&c->key); /* a copy: the scan moves the cursor */
    kd_buf_put(&c->key, c->collector.cursor.data, c->collector.cursor.len);
    int err = c->store.scan(c->store.ctx, kd_buf_view(&c->key), kd_bytes_of(end, 1), collect_sweep_row, &s);
    if (err == PIECE_ENDS) return KD_OK;
    if (err != KD_OK) return KD_EIO;
    c->collector.sweeping = false;
    c->collector.swept_us = c->collector.floor_us;
    return KD_OK;
}

int kd_collect_step(kd_central *c, kd_commit *k, uint64_t now_us)
{
    bool works = c->config.tombstone_ttl_us > 0 && !c->collector.halted;
    int err = KD_OK;
    if (works && (c->collector.sweeping || collect_sweep_begins(c, k, now_us)))
        err = collect_sweep_piece(c, k);
    collect_put_floor(c, k);
    return err;
}
