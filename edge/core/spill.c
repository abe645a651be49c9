/*
 * spill.c - membership rows reach the store later than their operations, and the journal stays until they have (rule 4).
 *
 * An operation's fragment holds all that its row does, so only the fragment must be in the operation's group. Rows gather in a table. A full table is
 * frozen, and its rows are written with the groups that follow, in nearly the order of their keys; each group gets a few more rows than it has
 * operations. Rows in key order cost LevelDB half of what rows in arrival order do, and no group becomes large. A second table fills meanwhile.
 *
 * Invariants
 * - A row is in a table until the group that carries it is durable: look-ups find it there or in the store.
 * - A row is newer than what the store has under its key, and the filling table's is newer than the frozen one's.
 * - Row `r` holds, by partition, the place in front of which the journal's rows are all in the store. It is in the same group as the last row of a
 *   table. Fragments behind that place stay, also of batches that are applied: their seal is then replaced by "done". A start restores rows from
 *   these fragments; they are bounded by two tables of operations.
 */
#include "edge/core/spill.h"
#include "edge/core/batch.h"
#include "edge/core/part.h"
#include "edge/core/row_count.h"
#include "edge/core/state.h"

#include <stdlib.h>

enum {
    ROWS_MORE = 16,         /* rows due with a group, besides 9/8 of its operations */
    ROWS_URGENT = 4096,     /* rows written with a group at least, when a caller of kd_spill_await waits */
    DELETES_A_GROUP = 256,  /* journal rows deleted with a group, besides one for each operation */
    DONE_BYTES_AN_OP = 256, /* done batches may hold so much for each row of a table before that is frozen */
};

static kd_fresh *spill_filling(kd_edge *e)
{
    return &e->spill.tables[e->spill.filling];
}

static kd_fresh *spill_frozen(kd_edge *e)
{
    return &e->spill.tables[e->spill.filling ^ 1];
}

static uint64_t spill_rows_max(const kd_edge *e)
{
    return e->config.fresh_rows_max;
}

void kd_spill_record(kd_edge *e, const kd_row_key *key, const kd_fresh_row *row)
{
    kd_fresh_put(spill_filling(e), kd_row_key_view(key), key->hash, row);
    e->spill.ops++;
    e->spill.group_ops++;
}

bool kd_spill_find(const kd_edge *e, const kd_row_key *key, kd_fresh_row *row)
{
    const kd_spill *s = &e->spill;
    return kd_fresh_find(&s->tables[s->filling], kd_row_key_view(key), key->hash, row) ||
           kd_fresh_find(&s->tables[s->filling ^ 1], kd_row_key_view(key), key->hash, row);
}

/* ---- places in the journal ------------------------------------------------------------------------------------ */

/* The end of the partition's journal. The open group's fragments must be closed. */
static kd_journal_place spill_place_now(const kd_edge *e, const kd_part *p)
{
    if (p->open) return (kd_journal_place){p->open->at, p->open->fragments};
    uint64_t seq = p->incarnation == e->incarnation ? p->next_seq : 1;
    return (kd_journal_place){{e->incarnation, seq}, 0};
}

bool kd_spill_stored(const kd_part *p, kd_position at, uint32_t fragment)
{
    int order = kd_position_cmp(at, p->spill.stored_to.at);
    return order < 0 || (order == 0 && fragment < p->spill.stored_to.fragment);
}

static void spill_put_stored(kd_edge *e)
{
    kd_key_single(&e->key, 'r');
    kd_buf_clear(&e->value);
    for (uint32_t i = 0; i < e->part_count; i++) {
        kd_part *p = &e->parts[i];
        p->spill.stored_to = p->spill.frozen_to;
        kd_journal_place_put(&e->value, &p->spill.stored_to);
    }
    kd_writes_put(kd_edge_writes(e), kd_buf_view(&e->key), kd_buf_view(&e->value));
    kd_row_count_put(e);
}

int kd_spill_load(kd_edge *e)
{
    e->spill.number = 1;
    kd_key_single(&e->key, 'r');
    int err = e->store.get(e->store.ctx, kd_buf_view(&e->key), &e->value);
    if (err != KD_OK) return err == KD_ENOTFOUND ? KD_OK : err;
    kd_reader r = kd_reader_of(kd_buf_view(&e->value));
    for (uint32_t i = 0; i < e->part_count; i++) e->parts[i].spill.stored_to = kd_journal_place_read(&r);
    return r.bad || kd_reader_left(&r) > 0 ? KD_EMALFORMED : KD_OK;
}

/* ---- batches that are done ------------------------------------------------------------------------------------ */

static bool spill_needed(const kd_edge *e, const kd_part *p, const kd_outgoing *b)
{
    if (KD_PLANTED(e, KD_PLANT_FORGET_FRESH)) return false;
    return b->set_ops > 0 && b->fragments > 0 && !kd_spill_stored(p, b->at, b->fragments - 1);
}

void kd_spill_keep(kd_edge *e, kd_part *p, kd_outgoing *b)
{
    TAILQ_INSERT_TAIL(&p->spill.done, b, next);
    e->spill.done_bytes += b->bytes;
}

void kd_spill_retire(kd_edge *e, kd_part *p, kd_outgoing *b)
{
    if (spill_needed(e, p, b)) {
        kd_batch_put_done(e, p, b);
        kd_spill_keep(e, p, b);
        return;
    }
    kd_batch_delete(e, p, b);
    kd_batch_free(b);
}

static void spill_delete_done(kd_edge *e, kd_part *p, uint32_t *budget)
{
    for (kd_outgoing *b; *budget > 0 && (b = TAILQ_FIRST(&p->spill.done)) && !spill_needed(e, p, b);) {
        TAILQ_REMOVE(&p->spill.done, b, next);
        kd_batch_delete(e, p, b);
        *budget -= KD_MIN(b->fragments + 1, *budget);
        e->spill.done_bytes -= b->bytes;
        kd_batch_free(b);
    }
}

/* ---- the frozen table ----------------------------------------------------------------------------------------- */

static uint64_t spill_stored_number(const kd_edge *e)
{
    return e->spill.number - 1 - e->spill.frozen;
}

bool kd_spill_wanted(const kd_edge *e)
{
    const kd_spill *s = &e->spill;
    bool much = s->frozen && !s->written && s->tables[s->filling ^ 1].count > 2 * spill_rows_max(e);
    return much || s->awaited > spill_stored_number(e);
}

/* Whether the filling table is to be frozen. Operations, done bytes and awaited rows count, not rows: many operations of one row keep as much journal
 * as those of many rows. */
static bool spill_full(const kd_edge *e)
{
    const kd_spill *s = &e->spill;
    return s->ops > spill_rows_max(e) || s->done_bytes > (spill_rows_max(e) + 1) * DONE_BYTES_AN_OP ||
           s->awaited >= s->number;
}

static void spill_freeze(kd_edge *e)
{
    kd_spill *s = &e->spill;
    for (uint32_t i = 0; i < e->part_count; i++)
        e->parts[i].spill.frozen_to = spill_place_now(e, &e->parts[i]);
    kd_fresh_sort(spill_filling(e), true);
    kd_fresh_walk_begin(&s->walk, spill_filling(e));
    s->filling ^= 1;
    s->number++;
    s->ops = 0;
    s->due = 0;
    s->frozen = true;
    s->written = false;
}

/* Half of what is due: a large group would be long if it had to write as many rows as it has operations, and small ones follow. */
static uint64_t spill_rows_due(kd_spill *s, uint32_t ops)
{
    s->due += ops + ops / 8 + ROWS_MORE;
    uint64_t rows = s->due / 2 + ROWS_MORE;
    s->due -= KD_MIN(s->due, rows);
    return rows;
}

/* Enough rows that the frozen table is written before the filling one is full; more when a start has filled it far beyond the bound. A table is a little
 * above the bound whenever it is frozen: with 9/8 of the operations the rows of 9/8 of the bound are written in time. */
static uint64_t spill_rows_to_write(kd_edge *e, uint32_t ops)
{
    uint64_t rows = spill_rows_due(&e->spill, ops), in_time = spill_rows_max(e) + spill_rows_max(e) / 8;
    if (kd_spill_wanted(e)) rows = KD_MAX(rows, (uint64_t)ROWS_URGENT);
    return rows * (1 + spill_frozen(e)->count / (in_time + 1));
}

static void spill_write_rows(kd_edge *e, uint64_t rows)
{
    kd_bytes key, value;
    while (rows-- > 0 && kd_fresh_walk_next(&e->spill.walk, &key, &value))
        kd_writes_put(kd_edge_writes(e), key, value);
    if (e->spill.walk.left > 0) return;
    spill_put_stored(e);
    e->spill.written = true;
}

void kd_spill_join_group(kd_edge *e)
{
    kd_spill *s = &e->spill;
    uint32_t ops = s->group_ops, budget = ops + DELETES_A_GROUP;
    s->group_ops = 0;
    kd_fresh_sort(spill_filling(e), false);
    if (!s->frozen && spill_full(e)) spill_freeze(e);
    if (s->frozen && !s->written) spill_write_rows(e, spill_rows_to_write(e, ops));
    for (uint32_t i = 0; i < e->part_count; i++) spill_delete_done(e, &e->parts[i], &budget);
}

void kd_spill_durable(kd_edge *e)
{
    kd_spill *s = &e->spill;
    if (!s->frozen || !s->written) return;
    kd_fresh_walk_finish(&s->walk);
    kd_fresh_clear(spill_frozen(e), (uint32_t)KD_MIN(4 * spill_rows_max(e) + KD_FRESH_RUN, UINT32_MAX));
    s->frozen = false;
}

uint64_t kd_spill_await(kd_edge *e)
{
    uint64_t number = e->spill.number - (e->spill.ops == 0);
    e->spill.awaited = KD_MAX(e->spill.awaited, number);
    return number;
}

bool kd_spill_arrived(const kd_edge *e, uint64_t number)
{
    return number <= spill_stored_number(e);
}

void kd_spill_finish(kd_edge *e)
{
    for (uint32_t i = 0; i < e->part_count; i++) {
        kd_batches *done = &e->parts[i].spill.done;
        for (kd_outgoing *b; (b = TAILQ_FIRST(done));) {
            TAILQ_REMOVE(done, b, next);
            kd_batch_free(b);
        }
    }
    kd_fresh_walk_finish(&e->spill.walk);
    for (int i = 0; i < 2; i++) kd_fresh_finish(&e->spill.tables[i]);
}
