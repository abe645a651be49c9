/*
 * collect.c - see the header.
 *
 * What the floor may be is the low watermark less 2 D: every operation of any edge that is stamped below it is merged. An operation below it that comes once
 * more, moved or sent again, and finds no row, was merged before, and its tombstone is collected: it is ignored. That it was merged before is asked
 * of the watermark of its own edge, not of the floor: an edge that is new here, or was taken back, brings operations below the floor that were never
 * merged, and those count.
 *
 * A sweep walks over the membership rows, a piece with each commit, and deletes the tombstones that are gone. It reads the store, which lacks the
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
    /* a floor is proposed when it rises by tombstone_ttl / this, and that long after the one before, but within these bounds */
    FLOORS_PER_TTL = 4,
    PROPOSE_MIN_US = 1000000,
    PROPOSE_MAX_US = 60000000,
};

static const uint8_t floor_key[] = {KD_ROW_FLOOR};

int kd_collect_load(kd_central *c)
{
    int err = c->store.get(c->store.ctx, kd_bytes_of(floor_key, 1), &c->value);
    if (err == KD_ENOTFOUND) return KD_OK;
    if (err != KD_OK) return err;
    kd_reader r = kd_reader_of(kd_buf_view(&c->value));
    c->collector.floor_us = c->collector.committed_us = kd_read_be64(&r);
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

/* ---- what the floor was at an operation of the open commit ---- */

static void collect_turn(kd_central *c, uint64_t forgotten_us)
{
    kd_commit *k = kd_commit_open(c);
    k->turns = kd_grow(k->turns, k->turn_count, &k->turn_cap, sizeof *k->turns);
    k->turns[k->turn_count++] = (kd_floor_turn){
        .arrival = k->op_count, .floor_us = c->collector.floor_us, .forgotten_us = forgotten_us};
}

void kd_collect_let_go(kd_central *c, uint64_t stamp_us)
{
    collect_turn(c, stamp_us);
}

static uint64_t collect_floor_at(kd_central *c, uint32_t arrival)
{
    const kd_commit *k = kd_commit_open(c);
    uint64_t floor_us = c->collector.floor_us;
    for (uint32_t i = k->turn_count; i-- > 0 && arrival < k->turns[i].arrival;)
        floor_us = k->turns[i].floor_us;
    return floor_us;
}

static bool collect_is_of_void(const kd_central *c, const kd_stored_row *row)
{
    return row->edge == kd_registry_find(c, kd_bytes_str(KD_VOID_AUTHOR)) &&
           !kd_planted(c, KD_PLANT_VOID_COLLECTED);
}

/* Whether the row is of a void that can be undone where that operation of the commit stands. */
static bool collect_void_keeps(const kd_central *c, const kd_commit *k, const kd_stored_row *row,
                               uint32_t arrival)
{
    bool keeps = kd_void_keeps(&c->voider, row->time_us);
    for (uint32_t i = k->turn_count; i-- > 0 && arrival < k->turns[i].arrival;)
        keeps |= k->turns[i].forgotten_us == row->time_us;
    return keeps && collect_is_of_void(c, row);
}

bool kd_collect_is_gone(kd_central *c, const kd_stored_row *row, uint32_t arrival)
{
    if (row->liked || row->time_us >= collect_floor_at(c, arrival)) return false;
    return !collect_void_keeps(c, kd_commit_open(c), row, arrival);
}

static bool collect_forgets(const kd_commit *k, uint64_t stamp_us)
{
    bool forgets = false;
    for (uint32_t i = 0; i < k->turn_count && !forgets; i++) forgets = k->turns[i].forgotten_us == stamp_us;
    return forgets;
}

/* A void that is forgotten by a commit which is not durable is remembered still. */
bool kd_collect_was_gone(const kd_central *c, const kd_stored_row *row)
{
    if (row->liked || row->time_us >= c->collector.committed_us) return false;
    bool keeps = kd_void_keeps(&c->voider, row->time_us);
    for (uint32_t i = 0; i <= c->outstanding && !keeps; i++)
        keeps = collect_forgets(&c->commits[kd_commit_place(c, i)], row->time_us);
    return !(keeps && collect_is_of_void(c, row));
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
    if (!op->past || op->time_us >= collect_floor_at(c, op->arrival)) return false;
    if (kd_planted(c, KD_PLANT_COLLECT_REVIVES)) return false;
    c->collector.ignored++;
    return true;
}

/* ---- decisions ---- */

void kd_collect_halt(kd_central *c)
{
    c->collector.changed |= !c->collector.halted;
    c->collector.halted = true;
    c->collector.sweeping = false;
}

static kd_fed collect_resume(kd_central *c)
{
    if (!c->collector.halted) return KD_FED_IDLE;
    c->collector.halted = false;
    c->collector.changed = true;
    return KD_FED_DECIDED;
}

static uint64_t collect_less(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

/* What its author saw may not hold any more where the decision stands: an edge was registered or taken back in front of it, or sends again. */
static uint64_t collect_allowed(const kd_central *c, uint64_t proposed_us)
{
    if (kd_planted(c, KD_PLANT_COLLECT_EARLY) || kd_planted(c, KD_PLANT_FLOOR_AS_PROPOSED))
        return proposed_us;
    return KD_MIN(proposed_us, collect_less(kd_registry_lowest_here(c), 2 * c->config.drift_us));
}

static bool collect_is_halted(const kd_central *c)
{
    return c->collector.halted && !kd_planted(c, KD_PLANT_FLOOR_AFTER_ALARM);
}

static kd_fed collect_raise(kd_central *c, const kd_decision *d)
{
    uint64_t floor_us = collect_allowed(c, d->stamp_us);
    if (collect_is_halted(c)) return KD_FED_VOID;
    if (floor_us <= c->collector.floor_us) return KD_FED_IDLE;
    collect_turn(c, 0);
    c->collector.floor_us = floor_us;
    c->collector.changed = true;
    kd_erased_collect(c, kd_commit_open(c));
    return KD_FED_DECIDED;
}

kd_fed kd_collect_decide(kd_central *c, const kd_decision *d)
{
    return d->what == KD_DECIDED_FLOOR ? collect_raise(c, d) : collect_resume(c);
}

/* ---- what central proposes ---- */

void kd_collect_begin(kd_central *c, uint64_t now_us)
{
    if (c->version == 0) c->collector.empty_us = collect_less(now_us, c->config.tombstone_ttl_us);
}

static uint64_t collect_wanted(const kd_central *c, uint64_t now_us)
{
    if (kd_planted(c, KD_PLANT_COLLECT_EARLY)) return now_us;
    uint64_t low_us = collect_less(kd_registry_lowest(c, true).time_us, 2 * c->config.drift_us);
    return KD_MIN(low_us, collect_less(now_us, c->config.tombstone_ttl_us));
}

int kd_collect_propose(kd_central *c, uint64_t now_us, kd_decision *d)
{
    kd_collector *l = &c->collector;
    uint64_t worth_us = c->config.tombstone_ttl_us / FLOORS_PER_TTL;
    uint64_t rest_us = KD_MIN(KD_MAX(worth_us, (uint64_t)PROPOSE_MIN_US), (uint64_t)PROPOSE_MAX_US);
    bool asked = now_us >= l->asked_us && now_us < l->asked_us + rest_us;
    if (c->config.tombstone_ttl_us == 0 || collect_is_halted(c) || asked) return KD_ENOTFOUND;
    uint64_t floor_us = collect_wanted(c, now_us);
    if (floor_us <= KD_MAX(l->floor_us, l->empty_us) + worth_us) return KD_ENOTFOUND;
    l->asked_us = now_us;
    *d = (kd_decision){
        .job = kd_bytes_str("floor"), .seq = 1, .last = true, .what = KD_DECIDED_FLOOR, .stamp_us = floor_us};
    return KD_OK;
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
    if (!kd_collect_is_gone(c, &row, KD_ARRIVAL_NEXT) || !kd_collect_was_gone(c, &row)) return 0;
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
    c->collector.swept_us = c->collector.sweep_us;
    return KD_OK;
}

/* Begins a sweep when the floor has risen since the last one. Of the floor that is durable: else a tombstone could be seen to be gone in the store, while the floor that lets
 * it go is not, and comparing an edge would call it a lost operation. */
static bool collect_sweep_begins(kd_central *c)
{
    kd_collector *l = &c->collector;
    if (l->committed_us <= l->swept_us) return false;
    l->sweeping = true;
    l->sweep_us = l->committed_us;
    kd_buf_clear(&l->cursor);
    kd_buf_put_u8(&l->cursor, KD_ROW_MEMBER);
    return true;
}

int kd_collect_step(kd_central *c, kd_commit *k)
{
    bool works = c->config.tombstone_ttl_us > 0 && !collect_is_halted(c);
    int err = KD_OK;
    if (works && (c->collector.sweeping || collect_sweep_begins(c))) err = collect_sweep_piece(c, k);
    collect_put_floor(c, k);
    return err;
}
