/*
 * closed_sweep.c - what a commit tells of closed items, and the deletion of their rows, a piece with each commit.
 *
 * The sweep of an item begins when the commit that deleted it is durable, so no row that was merged before is still on its way into the store, and none is
 * written any more. It reads the store, and goes on behind the last key that it has read: what the commit before deletes is not seen twice.
 */
#include "central/core/closed.h"

#include "central/core/index.h"
#include "central/core/lookup.h"
#include "central/core/row.h"
#include "central/core/state.h"

#include <stdlib.h>

enum { SWEPT_PER_COMMIT = 256 };

static const char touched_user[] = "~";

static kd_bytes sweep_item(const kd_closed_item *i)
{
    return kd_bytes_of(i->key, i->key_len);
}

/* ---- what edges are told ---- */

/* An effect that moves no count: the next snapshot lists the item. */
static void closed_touch(kd_central *c, kd_commit *k, const kd_closed_item *i)
{
    if (c->config.counters->count == 0) return;
    kd_effect *e = kd_lookup_add_effect(k);
    e->item = sweep_item(i);
    e->user = kd_bytes_of(touched_user, 1);
    e->counter = c->config.counters->at[0].id;
}

int kd_closed_tell_deleted(kd_central *c)
{
    size_t cursor = 0;
    for (kd_closed_item *i; (i = kd_table_next(&c->closer.items, &cursor)) != NULL;) {
        kd_count_entry *entry = NULL;
        if (!i->deleted) continue;
        if (kd_counts_acquire(&c->counts, sweep_item(i), true, &entry) != KD_OK) return KD_EIO;
        kd_counts_mark_unsent(&c->counts, entry);
        kd_counts_release(&c->counts, entry);
    }
    return KD_OK;
}

/* The next part of that kind and counter from *at on that has something left. */
static bool sums_next(const kd_count_part *parts, uint32_t count, uint8_t counter, kd_part_kind kind,
                      uint32_t *at)
{
    for (; *at < count; ++*at) {
        uint64_t where = parts[*at].where;
        if (kd_part_counter(where) == counter && kd_part_kind_of(where) == kind && parts[*at].value > 0)
            return true;
    }
    return false;
}

/* Regions and days each add up to the total. So amounts can be taken from one of each, until nothing is left of any. */
static void sums_take_counter(kd_commit *k, const kd_closed_item *i, uint8_t counter, kd_count_part *parts,
                              uint32_t count)
{
    uint32_t region = 0, day = 0;
    while (sums_next(parts, count, counter, KD_PART_REGION, &region) &&
           sums_next(parts, count, counter, KD_PART_DAY, &day)) {
        kd_effect *e = kd_lookup_add_effect(k);
        e->item = sweep_item(i);
        e->counter = counter;
        e->was = true;
        e->amount = KD_MIN(parts[region].value, parts[day].value);
        e->region = (uint16_t)kd_part_id(parts[region].where);
        e->day = kd_part_id(parts[day].where);
        parts[region].value -= e->amount;
        parts[day].value -= e->amount;
    }
}

/* Sums go when the sweep begins: the counts hold all that was merged in front of the decision. No row remembers a sum. KD_OK, KD_EIO. */
static int sweep_take_sums(kd_central *c, kd_commit *k, const kd_closed_item *i)
{
    kd_count_entry *entry = NULL;
    int err = kd_counts_acquire(&c->counts, sweep_item(i), false, &entry);
    if (err != KD_OK) return err == KD_ENOTFOUND ? KD_OK : KD_EIO;
    kd_count_part *parts = kd_alloc(entry->part_count * sizeof *parts);
    if (entry->part_count > 0) memcpy(parts, entry->parts, entry->part_count * sizeof *parts);
    for (uint32_t n = 0; n < c->config.counters->count; n++)
        if (c->config.counters->at[n].kind == KD_SUM)
            sums_take_counter(k, i, c->config.counters->at[n].id, parts, entry->part_count);
    free(parts);
    kd_counts_release(&c->counts, entry);
    return KD_OK;
}

/* ---- the sweep ---- */

typedef struct {
    kd_central *c;
    kd_commit *k;
    const kd_closed_item *item;
    uint32_t left;
    bool full;
} sweep_walk;

static void sweep_take_like(const kd_central *c, kd_commit *k, kd_bytes key, const kd_stored_row *row)
{
    kd_effect *e = kd_lookup_add_effect(k);
    uint8_t *copy = kd_dup(key);
    k->swept = kd_grow(k->swept, k->swept_count, &k->swept_cap, sizeof(k->swept[0]));
    k->swept[k->swept_count++] = (kd_swept_key){copy, (uint16_t)key.len};
    kd_member_key_parse(kd_bytes_of(copy, key.len), &e->counter, &e->item, &e->user);
    e->time_us = row->time_us + 1; /* later than what it takes back */
    e->day = kd_day_of(e->time_us);
    e->edge = row->edge;
    e->region = e->old_region = row->region;
    e->was = true;
    e->old_day = kd_day_of(row->time_us);
    e->old_time_us = row->time_us;
    if (c->indices.live) *kd_index_note(k) = *e;
}

static int sweep_visit(void *arg, kd_bytes key, kd_bytes value)
{
    sweep_walk *w = arg;
    kd_stored_row row;
    if (w->left == 0) {
        kd_buf_clear(&w->c->closer.cursor);
        kd_buf_put(&w->c->closer.cursor, key.data, key.len);
        w->full = true;
        return 1;
    }
    w->left--;
    if (!kd_member_key_valid(key) || kd_stored_row_decode(value, &row) != KD_OK) return KD_EIO;
    kd_writes_delete(&w->k->writes, key);
    if (w->c->filter_rows > 0) w->c->filter_rows--;
    if (row.liked) sweep_take_like(w->c, w->k, key, &row);
    return 0;
}

/* The rest of the rows of one counter. KD_OK, KD_EIO. */
static int sweep_counter(kd_central *c, sweep_walk *w)
{
    kd_buf prefix = {0}, end = {0}, from = {0};
    kd_bytes at = kd_buf_view(&c->closer.cursor);
    kd_buf_put_u8(&prefix, KD_ROW_MEMBER);
    kd_buf_put_u8(&prefix, c->closer.counter);
    kd_buf_put(&prefix, w->item->key, w->item->key_len);
    kd_prefix_end(kd_buf_view(&prefix), &end);
    if (at.len == 0) at = kd_buf_view(&prefix);
    kd_buf_put(&from, at.data, at.len); /* a copy: the scan moves the cursor */
    int err = c->store.scan(c->store.ctx, kd_buf_view(&from), kd_buf_view(&end), sweep_visit, w);
    kd_buf_finish(&prefix);
    kd_buf_finish(&end);
    kd_buf_finish(&from);
    return w->full || err == KD_OK ? KD_OK : KD_EIO;
}

static void sweep_ends(kd_central *c, kd_commit *k, kd_closed_item *i)
{
    i->swept = true;
    kd_closed_put(c, i, &k->writes);
    TAILQ_REMOVE(&c->closer.sweep, i, of_sweep);
    c->closer.counter = 0;
}

static int closed_sweep(kd_central *c, kd_commit *k)
{
    kd_closed_item *i = TAILQ_FIRST(&c->closer.sweep);
    sweep_walk w = {.c = c, .k = k, .item = i, .left = SWEPT_PER_COMMIT};
    if (c->config.sweep_rows) w.left = c->config.sweep_rows;
    if (!i || i->version > c->version) return KD_OK;
    while (!w.full) {
        int err = c->closer.counter == 0 ? sweep_take_sums(c, k, i) : KD_OK;
        if (c->closer.counter == 0) kd_buf_clear(&c->closer.cursor), c->closer.counter = 1;
        if (err == KD_OK) err = sweep_counter(c, &w);
        if (err != KD_OK) return err;
        if (w.full) return KD_OK;
        kd_buf_clear(&c->closer.cursor);
        if (c->closer.counter++ < KD_COUNTER_ID_MAX) continue;
        sweep_ends(c, k, i);
        return KD_OK;
    }
    return KD_OK;
}

bool kd_central_sweeps(const kd_central *c)
{
    return !TAILQ_EMPTY(&c->closer.sweep);
}

/* What was noted before a decision of the same commit is in the row that the decision put, or of no meaning any more: the last row of a key stands. */
static void closed_put_left_out(kd_central *c, kd_commit *k)
{
    for (uint32_t n = 0; n < k->left_out_count; n++) {
        k->left_out[n]->noted = false;
        kd_closed_put(c, k->left_out[n], &k->writes);
    }
}

int kd_closed_step(kd_central *c, kd_commit *k)
{
    closed_put_left_out(c, k);
    for (uint32_t n = 0; n < k->closed_count; n++) closed_touch(c, k, k->closed[n]);
    int err = closed_sweep(c, k);
    return err == KD_OK ? kd_lookup_pin_counts(c, k) : err;
}

bool kd_closed_sweeps_like(const kd_commit *k, kd_bytes key)
{
    for (uint32_t n = 0; k && n < k->swept_count; n++)
        if (kd_bytes_eq(kd_bytes_of(k->swept[n].key, k->swept[n].len), key)) return true;
    return false;
}
