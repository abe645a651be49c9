/*
 * redo.c - see the header.
 *
 * Counts are written back only while the redo rows that dirty counts need exceed redo_bytes_max. A commit then writes back twice as many as it makes
 * dirty, the longest dirty first: each count row written absorbs many changes, and no commit is long.
 */
#include "central/core/redo.h"

#include "central/core/counts.h"
#include "central/core/row.h"
#include "central/core/state.h"

enum {
    /* count rows that a commit writes back when there is too much redo; two per effect besides */
    WRITE_BACK_LEAST = 256,
    DROPS_PER_COMMIT = 64,
};

static void redo_list_add(kd_redo_list *l, uint64_t version, uint64_t bytes)
{
    if (l->first > 0 && l->count == l->cap) { /* full: reuse the room of rows that are gone before growing */
        memmove(l->at, l->at + l->first, (l->count - l->first) * sizeof *l->at);
        l->count -= l->first;
        l->needed -= l->first;
        l->owed -= l->first;
        l->first = 0;
    }
    l->at = kd_grow(l->at, l->count, &l->cap, sizeof *l->at);
    l->at[l->count++] = (kd_redo){version, bytes};
    l->bytes += bytes;
    l->needed_bytes += bytes;
    l->owed_bytes += bytes;
}

/* The count rows hold all effects of versions below `floor`: redo rows of these versions are not needed for the counts any more. */
static void redo_list_advance(kd_redo_list *l, uint64_t floor)
{
    while (l->needed < l->count && l->at[l->needed].version < floor)
        l->needed_bytes -= l->at[l->needed++].bytes;
}

void kd_redo_settle(kd_central *c)
{
    kd_redo_list *l = &c->redo;
    bool changes = c->config.publish_changes || c->config.follows;
    uint64_t taken = changes ? KD_MIN(c->published, c->delivered) : c->published;
    while (l->owed < l->count && l->at[l->owed].version <= taken) l->owed_bytes -= l->at[l->owed++].bytes;
}

uint64_t kd_central_unpublished_bytes(const kd_central *c)
{
    if (kd_follows_now(c))
        return 0; /* it owes nothing: what is kept for its promotion has a bound of its own */
    return c->redo.owed_bytes + c->milestones.owed_bytes;
}

/* ---- at the open ---- */

/* Whether it is an effect as this program writes them: a damaged one must not reach counts, edges or the changes topic. */
static bool redo_effect_is_sane(const kd_central *c, const kd_effect *e)
{
    kd_item item;
    bool fits = kd_effect_is_sum(e) ? e->amount <= KD_AMOUNT_TOTAL_MAX : kd_id_valid(e->user);
    /* What only tells of a closed item is of no edge: there may be none yet. */
    bool placed = e->was || e->is || e->passed || e->amount > 0;
    bool known = e->region < c->region_count && e->old_region < c->region_count && e->edge < c->edge_count;
    return (known || !placed) && e->counter >= 1 && e->counter <= KD_COUNTER_ID_MAX &&
           e->time_us < KD_TIME_END_US && fits && kd_item_from_key(&item, e->item) == KD_OK;
}

static int redo_replay_effect(kd_central *c, const kd_effect *e, uint64_t version)
{
    if (!redo_effect_is_sane(c, e)) return KD_EMALFORMED;
    kd_count_entry *entry = NULL;
    int err = kd_counts_acquire(&c->counts, e->item, true, &entry);
    if (err != KD_OK) return err;
    if (version > entry->accurate) /* else the count row holds it */
        kd_counts_apply(&c->counts, entry, e, version);
    if (version > c->published) /* no snapshot that was delivered holds it */
        kd_counts_mark_unsent(&c->counts, entry);
    kd_counts_release(&c->counts, entry);
    return KD_OK;
}

static int redo_replay_row(void *arg, kd_bytes key, kd_bytes value)
{
    kd_central *c = arg;
    kd_reader r = kd_reader_of(key);
    kd_read_u8(&r);
    uint64_t version = kd_read_be64(&r);
    if (r.bad || kd_reader_left(&r) != 0 || version > c->version) return KD_EMALFORMED;
    redo_list_add(&c->redo, version, key.len + value.len);
    kd_effects_reader er;
    kd_effect e;
    kd_effects_open(&er, value);
    for (;;) {
        int err = kd_effects_next(&er, &e);
        if (err == KD_ENOTFOUND) return KD_OK;
        if (err == KD_OK) err = redo_replay_effect(c, &e, version);
        if (err != KD_OK) return err;
    }
}

int kd_redo_load(kd_central *c)
{
    const uint8_t from[] = {KD_ROW_REDO}, to[] = {KD_ROW_REDO + 1};
    int err = c->store.scan(c->store.ctx, kd_bytes_of(from, 1), kd_bytes_of(to, 1), redo_replay_row, c);
    if (err == KD_OK) redo_list_advance(&c->redo, kd_counts_floor(&c->counts, c->version + 1));
    kd_redo_settle(c);
    return err;
}

/* ---- commits ---- */

void kd_redo_put(kd_central *c, kd_commit *k)
{
    k->redo_bytes = 0;
    if (k->effect_count == 0) return;
    kd_buf_clear(&c->value);
    kd_effects_encode(k->effects, k->effect_count, &c->value);
    kd_bytes key = kd_key_numbered(&c->key, KD_ROW_REDO, k->version);
    kd_writes_put(&k->writes, key, kd_buf_view(&c->value));
    k->redo_bytes = key.len + c->value.len;
}

void kd_redo_committed(kd_central *c, const kd_commit *k)
{
    if (k->redo_bytes) redo_list_add(&c->redo, k->version, k->redo_bytes);
}

static void redo_write_back(kd_central *c, kd_commit *k)
{
    uint32_t rows = WRITE_BACK_LEAST + 2 * k->effect_count;
    while (rows-- > 0) {
        /* As of the committed version: effects of the commits under way reach the counts when they end. */
        kd_count_entry *e = kd_counts_write_back(&c->counts, c->version, &k->writes);
        if (!e) return;
        k->written = kd_grow(k->written, k->written_count, &k->written_cap, sizeof *k->written);
        k->written[k->written_count++] = e;
    }
}

static void redo_drop(kd_central *c, kd_commit *k)
{
    kd_redo_list *l = &c->redo;
    uint32_t end = KD_MIN(l->needed, l->owed);
    for (int i = 0; i < DROPS_PER_COMMIT && l->first < end; i++) {
        const kd_redo *row = &l->at[l->first];
        kd_writes_delete(&k->writes, kd_key_numbered(&c->key, KD_ROW_REDO, row->version));
        l->bytes -= row->bytes;
        l->first++;
    }
}

/* Redo that names a user who was erased goes as soon as it can. */
static bool redo_names_erased(const kd_central *c)
{
    const kd_redo_list *l = &c->redo;
    return l->needed < l->count && l->at[l->needed].version <= c->eraser.version;
}

void kd_redo_trickle(kd_central *c, kd_commit *k)
{
    if (c->redo.needed_bytes > c->config.redo_bytes_max || redo_names_erased(c)) redo_write_back(c, k);
    redo_list_advance(&c->redo, kd_counts_floor(&c->counts, c->version + 1));
    redo_drop(c, k);
}

int kd_redo_read(kd_central *c, uint64_t version, kd_buf *row)
{
    int err = c->store.get(c->store.ctx, kd_key_numbered(&c->key, KD_ROW_REDO, version), row);
    return err == KD_OK ? KD_OK : KD_EIO; /* it is listed: a row that is not there is a failed read */
}
