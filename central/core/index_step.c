/*
 * index_step.c - see the header.
 *
 * Building walks over the membership rows, a piece with each commit. It reads the store, which lacks the rows of the commit outstanding and of the commit
 * that is being closed. Their entries follow them anyway, so rows that these two write are left out. That needs a commit outstanding that moved entries
 * already: one from before live_from is waited for.
 */
#include "central/core/index_step.h"

#include "central/core/closed.h"
#include "central/core/row.h"
#include "central/core/sort.h"
#include "central/core/state.h"

enum { ROWS_PER_COMMIT = 2048, PIECE_ENDS = 1 };

/* ---- stages ---- */

static bool index_is_wanted(const kd_central *c, kd_index index)
{
    return (c->config.indices & KD_INDEX_BIT(index)) != 0;
}

/* Whether indices stay as the store has them, whatever is switched on. */
static bool index_stays(const kd_central *c)
{
    return (c->config.indices & KD_INDICES_AS_STORED) != 0;
}

static void index_note_live(kd_central *c)
{
    c->indices.live = false;
    for (kd_index i = 0; i < KD_INDICES; i++) c->indices.live |= kd_index_is_live(&c->indices.at[i]);
}

/* Begins a stage whose first commit is that of `version`. */
static void index_enter(kd_central *c, kd_index index, kd_index_stage stage, uint64_t version)
{
    kd_index_state *s = &c->indices.at[index];
    s->stage = stage;
    s->walked = 0;
    kd_buf_clear(&s->cursor);
    if (stage == KD_INDEX_BUILDING) kd_buf_put_u8(&s->cursor, KD_ROW_MEMBER);
    if (stage == KD_INDEX_REMOVING) {
        kd_buf_put_u8(&s->cursor, kd_index_prefix(index));
        kd_buf_put_u8(&s->cursor, 0); /* behind the row of the state, which goes last */
    }
    if (stage == KD_INDEX_BUILDING) s->live_from = version;
    if (stage == KD_INDEX_COMPLETE) s->ready_at = version;
}

static void index_resume(kd_central *c, kd_index index, const kd_index_row *row)
{
    kd_index_state *s = &c->indices.at[index];
    index_enter(c, index, row->stage, c->version);
    s->live_from = c->version + 1;
    s->walked = row->walked;
    if (row->stage == KD_INDEX_COMPLETE) return;
    kd_buf_clear(&s->cursor);
    kd_buf_put(&s->cursor, row->cursor.data, row->cursor.len);
}

static int index_load_one(kd_central *c, kd_index index)
{
    const uint8_t key[] = {kd_index_prefix(index)};
    kd_index_row row;
    bool wanted = index_is_wanted(c, index);
    int err = c->store.get(c->store.ctx, kd_bytes_of(key, 1), &c->value);
    if (err == KD_ENOTFOUND && wanted) /* no entry, no row; and in an empty store nothing lacks one */
        index_enter(c, index, c->version == 0 ? KD_INDEX_COMPLETE : KD_INDEX_BUILDING, c->version + 1);
    if (err == KD_ENOTFOUND) return KD_OK;
    if (err == KD_OK) err = kd_index_row_read(kd_buf_view(&c->value), index, &row);
    if (err != KD_OK) return err;
    bool in_step = (wanted || index_stays(c)) && row.version == c->version;
    if (in_step || row.stage == KD_INDEX_REMOVING)
        index_resume(c, index, &row);
    else
        index_enter(c, index, KD_INDEX_REMOVING, c->version + 1);
    return KD_OK;
}

int kd_index_load(kd_central *c)
{
    int err = KD_OK;
    for (kd_index i = 0; err == KD_OK && i < KD_INDICES; i++) err = index_load_one(c, i);
    index_note_live(c);
    return err;
}

void kd_index_finish(kd_central *c)
{
    for (kd_index i = 0; i < KD_INDICES; i++) kd_buf_finish(&c->indices.at[i].cursor);
    kd_buf_finish(&c->indices.key);
}

kd_index_progress kd_central_index(const kd_central *c, kd_index index)
{
    const kd_index_state *s = &c->indices.at[index];
    bool early = s->stage == KD_INDEX_COMPLETE && c->version < s->ready_at;
    return (kd_index_progress){early ? KD_INDEX_BUILDING : s->stage, s->walked};
}

bool kd_central_indexing(const kd_central *c)
{
    for (kd_index i = 0; i < KD_INDICES && !index_stays(c); i++) {
        kd_index_stage stage = c->indices.at[i].stage;
        if (stage == KD_INDEX_BUILDING || stage == KD_INDEX_REMOVING) return true;
    }
    return false;
}

/* ---- a piece ---- */

typedef struct {
    kd_central *c;
    kd_commit *k;
    const kd_commit *before; /* the commit outstanding; NULL: none */
    kd_index index;
    kd_index_state *state;
    uint32_t left; /* rows that may still be visited */
} index_piece;

/* Whether the piece has had its rows: then the next one begins with this. */
static bool index_piece_ends(index_piece *p, kd_bytes key)
{
    if (p->left == 0) {
        kd_buf_clear(&p->state->cursor);
        kd_buf_put(&p->state->cursor, key.data, key.len);
        return true;
    }
    p->left--;
    p->state->walked++;
    return false;
}

static int index_build_row(void *arg, kd_bytes key, kd_bytes value)
{
    index_piece *p = arg;
    kd_stored_row row;
    if (index_piece_ends(p, key)) return PIECE_ENDS;
    if (!kd_member_key_valid(key) || kd_stored_row_decode(value, &row) != KD_OK) return KD_EIO;
    if (!row.liked || kd_sort_find(p->before, key) || kd_sort_find(p->k, key)) return 0;
    if (kd_closed_sweeps_like(p->before, key) || kd_closed_sweeps_like(p->k, key)) return 0;
    kd_member m = {.time_us = row.time_us};
    kd_member_key_parse(key, &m.counter, &m.item, &m.user);
    kd_index_put(p->c, p->k, p->index, &m, row.region);
    return 0;
}

static int index_remove_entry(void *arg, kd_bytes key, kd_bytes value)
{
    index_piece *p = arg;
    (void)value;
    if (index_piece_ends(p, key)) return PIECE_ENDS;
    kd_writes_delete(&p->k->writes, key);
    return 0;
}

/* From the cursor to the end of the rows with that prefix. *ended: there are no more. KD_OK, KD_EIO. */
static int index_walk(index_piece *p, uint8_t prefix, kd_scan_fn visit, bool *ended)
{
    kd_central *c = p->c;
    const uint8_t end[] = {(uint8_t)(prefix + 1)};
    p->left = c->config.index_rows ? c->config.index_rows : ROWS_PER_COMMIT;
    kd_buf_clear(&c->key); /* a copy: the walk moves the cursor */
    kd_buf_put(&c->key, p->state->cursor.data, p->state->cursor.len);
    int err = c->store.scan(c->store.ctx, kd_buf_view(&c->key), kd_bytes_of(end, 1), visit, p);
    *ended = err == KD_OK;
    return err == KD_OK || err == PIECE_ENDS ? KD_OK : KD_EIO;
}

static int index_build(index_piece *p)
{
    bool ended;
    if (p->before && p->before->version < p->state->live_from) return KD_OK;
    int err = index_walk(p, KD_ROW_MEMBER, index_build_row, &ended);
    if (err != KD_OK || !ended) return err;
    uint64_t walked = p->state->walked;
    index_enter(p->c, p->index, KD_INDEX_COMPLETE, p->k->version);
    p->state->walked = walked;
    return KD_OK;
}

static int index_remove(index_piece *p)
{
    bool ended;
    int err = index_walk(p, kd_index_prefix(p->index), index_remove_entry, &ended);
    if (err != KD_OK || !ended) return err;
    bool again = index_is_wanted(p->c, p->index);
    index_enter(p->c, p->index, again ? KD_INDEX_BUILDING : KD_INDEX_OFF, p->k->version + 1);
    return KD_OK;
}

/* ---- with each commit ---- */

static void index_put_state(kd_central *c, kd_commit *k, kd_index index)
{
    const uint8_t key[] = {kd_index_prefix(index)};
    const kd_index_state *s = &c->indices.at[index];
    const kd_index_row row = {s->stage, k->version, s->walked, kd_buf_view(&s->cursor)};
    kd_buf_clear(&c->value);
    kd_index_row_put(&row, &c->value);
    kd_writes_put(&k->writes, kd_bytes_of(key, 1), kd_buf_view(&c->value));
}

static int index_step_one(kd_central *c, kd_commit *k, kd_index index)
{
    const uint8_t key[] = {kd_index_prefix(index)};
    kd_index_state *s = &c->indices.at[index];
    const kd_commit *before = c->outstanding > 0 ? &c->commits[c->first] : NULL;
    index_piece p = {.c = c, .k = k, .before = before, .index = index, .state = s};
    int err = KD_OK;
    if (s->stage == KD_INDEX_OFF) return KD_OK;
    if (s->stage == KD_INDEX_BUILDING && !index_stays(c))
        err = index_build(&p);
    else if (s->stage == KD_INDEX_REMOVING && !index_stays(c))
        err = index_remove(&p);
    if (s->stage == KD_INDEX_OFF)
        kd_writes_delete(&k->writes, kd_bytes_of(key, 1));
    else
        index_put_state(c, k, index);
    return err;
}

int kd_index_step(kd_central *c, kd_commit *k)
{
    int err = KD_OK;
    if (c->indices.live) kd_index_move(c, k);
    for (kd_index i = 0; err == KD_OK && i < KD_INDICES; i++) err = index_step_one(c, k, i);
    index_note_live(c);
    return err;
}
