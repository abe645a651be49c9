/*
 * index_read.c - answers of the indices, in the state that the counts show (kudos/index.h).
 *
 * The entries of a commit may be in the store before its end moves the counts. So a row that such a commit moves is left out of what the store says, and
 * is told by the commit, from before it; of two commits by the older one. What is told so is in memory, and is merged with the entries by key.
 */
#include "central/core/index.h"
#include "central/core/registry.h"
#include "central/core/state.h"

#include <stdlib.h>

/* The rows of one item, or of one user, that a commit moves; in the order of rows. */
typedef struct {
    const kd_effect **at;
    uint32_t count, cap;
} index_run;

/* A like that a commit moves: its entry from before. */
typedef struct {
    uint32_t key_at;
    uint16_t key_len, region;
} index_before;

typedef struct {
    kd_central *c;
    kd_index index;
    uint8_t counter;
    kd_bytes name; /* item key, or user */
    index_run runs[KD_OUTSTANDING_MAX];
    index_before *before; /* ascending by key */
    uint32_t before_count, before_cap, before_at;
    kd_buf keys; /* of these */
    kd_bytes after;
    uint32_t left;
    bool full;
    kd_member_fn fn;
    void *arg;
    int stopped;
    kd_buf *next;
    kd_buf last; /* key of the last entry that was told */
} index_walk_state;

/* ---- what commits under way move ---- */

static bool index_names(const index_walk_state *w, const kd_effect *e)
{
    if (e->counter != w->counter) return false;
    return kd_bytes_eq(w->index == KD_INDEX_NEWEST ? e->item : e->user, w->name);
}

typedef struct {
    kd_index index;
    kd_bytes other; /* the user of an item, the item of a user */
} index_wanted;

static kd_bytes index_other(kd_index index, const kd_effect *e)
{
    return index == KD_INDEX_NEWEST ? e->user : e->item;
}

/* The order of rows: of users the length comes first, of items it is part of the key. */
static int index_compare_other(const void *left, const void *right)
{
    const index_wanted *w = left;
    const kd_effect *e = *(const kd_effect *const *)right;
    kd_bytes other = index_other(w->index, e);
    if (w->index == KD_INDEX_NEWEST && w->other.len != other.len) return w->other.len < other.len ? -1 : 1;
    return kd_bytes_cmp(w->other, other);
}

/* A commit notes moves in the order of rows, and behind them the rows of a deleted item that it sweeps (rule 27): these have to find their place. */
static void index_run_add(kd_index index, index_run *run, const kd_effect *e)
{
    const index_wanted added = {index, index_other(index, e)};
    run->at = kd_grow(run->at, run->count, &run->cap, sizeof(const kd_effect *));
    uint32_t at = run->count++;
    for (; at > 0 && index_compare_other(&added, &run->at[at - 1]) < 0; at--) run->at[at] = run->at[at - 1];
    run->at[at] = e;
}

static void index_gather_run(const index_walk_state *w, const kd_commit *k, index_run *run)
{
    for (uint32_t i = 0; i < k->move_count; i++)
        if (index_names(w, &k->moves[i])) index_run_add(w->index, run, &k->moves[i]);
}

/* Whether one of the first `runs` runs moves the row. */
static bool index_is_moved(const index_walk_state *w, uint32_t runs, kd_bytes other)
{
    const index_wanted wanted = {w->index, other};
    for (uint32_t i = 0; i < runs; i++) {
        const index_run *run = &w->runs[i];
        if (run->count &&
            bsearch(&wanted, run->at, run->count, sizeof(const kd_effect *), index_compare_other))
            return true;
    }
    return false;
}

static void index_add_before(index_walk_state *w, const kd_effect *e)
{
    kd_member m = {.item = e->item, .user = e->user, .counter = e->counter, .time_us = e->old_time_us};
    index_before b = {.key_at = (uint32_t)w->keys.len, .region = e->old_region};
    kd_index_key_put(&w->keys, w->index, &m);
    b.key_len = (uint16_t)(w->keys.len - b.key_at);
    w->before = kd_grow(w->before, w->before_count, &w->before_cap, sizeof *w->before);
    w->before[w->before_count++] = b;
}

static kd_bytes index_before_key(const index_walk_state *w, const index_before *b)
{
    return kd_bytes_of(w->keys.data + b->key_at, b->key_len);
}

static int index_compare_before(const void *left, const void *right, void *arg)
{
    return kd_bytes_cmp(index_before_key(arg, left), index_before_key(arg, right));
}

static void index_gather(index_walk_state *w)
{
    const kd_central *c = w->c;
    for (uint32_t i = 0; i < c->outstanding; i++) {
        index_run *run = &w->runs[i];
        index_gather_run(w, &c->commits[kd_commit_place(c, i)], run);
        for (uint32_t e = 0; e < run->count; e++) {
            if (run->at[e]->was && !index_is_moved(w, i, index_other(w->index, run->at[e])))
                index_add_before(w, run->at[e]);
        }
    }
    if (w->before_count) qsort_r(w->before, w->before_count, sizeof *w->before, index_compare_before, w);
}

/* ---- entries ---- */

/* Tells one entry; another value than 0 ends the walk. */
static int index_tell(index_walk_state *w, kd_bytes key, kd_member *m, uint16_t region)
{
    if (w->left == 0) {
        w->full = true;
        return 1;
    }
    if (w->index == KD_INDEX_NEWEST && region >= w->c->region_count) return KD_EIO;
    if (w->index == KD_INDEX_NEWEST) m->region = kd_region_name(&w->c->regions[region]);
    kd_buf_clear(&w->last);
    kd_buf_put(&w->last, key.data, key.len);
    w->left--;
    w->stopped = w->fn(w->arg, m);
    w->full = w->stopped != KD_OK;
    return w->full;
}

/* Tells the likes from before commits under way whose keys are below `key`; all that are left, where that is empty. */
static int index_tell_before(index_walk_state *w, kd_bytes key)
{
    for (; w->before_at < w->before_count; w->before_at++) {
        kd_member m;
        const index_before *b = &w->before[w->before_at];
        kd_bytes at = index_before_key(w, b);
        if (key.len > 0 && kd_bytes_cmp(at, key) >= 0) return 0;
        if (kd_bytes_cmp(at, w->after) <= 0) continue;
        KD_ASSERT(kd_index_key_read(w->index, at, &m));
        int end = index_tell(w, at, &m, b->region);
        if (end) return end;
    }
    return 0;
}

static int index_visit(void *arg, kd_bytes key, kd_bytes value)
{
    index_walk_state *w = arg;
    kd_member m;
    uint16_t region;
    if (kd_bytes_eq(key, w->after)) return 0;
    if (!kd_index_key_read(w->index, key, &m) || kd_index_value_read(w->index, value, &region) != KD_OK)
        return KD_EIO;
    if (index_is_moved(w, w->c->outstanding, w->index == KD_INDEX_NEWEST ? m.user : m.item)) return 0;
    int end = index_tell_before(w, key);
    return end ? end : index_tell(w, key, &m, region);
}

/* From `from`, which is not told, to the end of the range. */
static int index_walk_entries(index_walk_state *w, kd_bytes range, kd_bytes from)
{
    kd_buf end = {0};
    w->after = from;
    index_gather(w);
    kd_prefix_end(range, &end);
    int err = w->c->store.scan(w->c->store.ctx, from, kd_buf_view(&end), index_visit, w);
    kd_buf_finish(&end);
    if (err == KD_OK) err = index_tell_before(w, (kd_bytes){0});
    if (w->full) kd_buf_put(w->next, w->last.data, w->last.len);
    if (w->full) return w->stopped;
    return err == KD_OK ? KD_OK : KD_EIO;
}

static void index_walk_finish(index_walk_state *w)
{
    for (uint32_t i = 0; i < KD_OUTSTANDING_MAX; i++) free(w->runs[i].at);
    free(w->before);
    kd_buf_finish(&w->keys);
    kd_buf_finish(&w->last);
}

/* `tail`: what a key has behind its range, where the walk goes on; empty: from the beginning. */
static int index_answer(index_walk_state *w, kd_bytes tail)
{
    kd_buf from = {0};
    kd_index_range_put(&from, w->index, w->counter, w->name);
    kd_bytes range = kd_bytes_of(NULL, from.len);
    kd_buf_put(&from, tail.data, tail.len);
    range.data = from.data;
    int err = index_walk_entries(w, range, kd_buf_view(&from));
    kd_buf_finish(&from);
    if (w->next->len > 0) { /* the tail alone */
        memmove(w->next->data, w->next->data + range.len, w->next->len - range.len);
        w->next->len -= range.len;
    }
    index_walk_finish(w);
    return err;
}

static int index_ask(kd_central *c, kd_index index, uint32_t counter_index, kd_bytes cursor, uint32_t limit)
{
    if (c->poisoned) return KD_EIO;
    if (counter_index >= c->config.counters->count || limit == 0) return KD_EINVAL;
    if (cursor.len > 0 && cursor.len <= KD_INDEX_INVERSE) return KD_EINVAL;
    return kd_central_index(c, index).stage == KD_INDEX_COMPLETE ? KD_OK : KD_EUNBUILT;
}

int kd_central_newest(kd_central *c, uint32_t counter_index, kd_bytes item, kd_bytes cursor, uint32_t limit,
                      kd_member_fn fn, void *arg, kd_buf *next)
{
    kd_buf_clear(next);
    int err = index_ask(c, KD_INDEX_NEWEST, counter_index, cursor, limit);
    if (err != KD_OK) return err;
    index_walk_state w = {
        .c = c, .index = KD_INDEX_NEWEST, .name = item, .left = limit, .fn = fn, .arg = arg};
    w.counter = c->config.counters->at[counter_index].id;
    w.next = next;
    return index_answer(&w, cursor);
}

int kd_central_liked(kd_central *c, uint32_t counter_index, kd_bytes user, kd_bytes cursor, uint32_t limit,
                     kd_member_fn fn, void *arg, kd_buf *next)
{
    kd_buf_clear(next);
    int err = index_ask(c, KD_INDEX_LIKED, counter_index, cursor, limit);
    if (err != KD_OK) return err;
    index_walk_state w = {.c = c, .index = KD_INDEX_LIKED, .name = user, .left = limit, .fn = fn, .arg = arg};
    w.counter = c->config.counters->at[counter_index].id;
    w.next = next;
    return index_answer(&w, cursor);
}

void kd_liked_cursor(uint64_t time_us, kd_bytes item, kd_buf *out)
{
    kd_buf_clear(out);
    kd_buf_put_be64(out, ~time_us);
    kd_buf_put(out, item.data, item.len);
}
