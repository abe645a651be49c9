/*
 * trending.c - reads of velocities (kudos/trending.h). They read the rows of the store: these hold the state as of a durable commit, where memory may be
 * ahead of it.
 */
#include "central/core/closed.h"
#include "central/core/state.h"
#include "central/core/trend_window.h"

#include <stdlib.h>

/* An item as one bucket has it. `missed` is what other buckets may have of it and do not tell. */
typedef struct {
    size_t at; /* of its id in ids */
    uint64_t least, most, missed;
    uint8_t len;
} trending_found;

typedef struct {
    kd_central *c;
    const kd_trending_query *q;
    kd_buf ids;
    trending_found *at;
    uint32_t count, cap;
    uint64_t missed; /* of all buckets */
} trending_read;

static void trending_take_entry(trending_read *t, const kd_summary *s, const kd_summary_entry *e)
{
    t->at = kd_grow(t->at, t->count, &t->cap, sizeof *t->at);
    t->at[t->count++] = (trending_found){
        .at = t->ids.len, .least = kd_summary_least(e), .most = e->count, .missed = s->missed, .len = e->len};
    kd_buf_put(&t->ids, e->id, e->len);
}

static void trending_take_bucket(void *arg, kd_summary *s)
{
    trending_read *t = arg;
    t->missed += s->missed;
    for (uint32_t i = 0; i < s->count; i++) trending_take_entry(t, s, &s->at[i]);
}

static void trending_close(trending_read *t)
{
    kd_buf_finish(&t->ids);
    free(t->at);
}

/* ---- of several buckets ---- */

static kd_bytes trending_id(const trending_read *t, const trending_found *f)
{
    return kd_bytes_of(t->ids.data + f->at, f->len);
}

static int trending_compare_ids(const void *left, const void *right, void *arg)
{
    return kd_bytes_cmp(trending_id(arg, left), trending_id(arg, right));
}

/* A bucket that does not hold the item may miss it. */
static void trending_sum(const trending_read *t, uint32_t from, uint32_t to, kd_trending_item *item)
{
    uint64_t missed = 0;
    item->least = item->most = 0;
    for (uint32_t i = from; i < to; i++) {
        item->least += t->at[i].least;
        item->most += t->at[i].most;
        missed += t->at[i].missed;
    }
    item->most += t->missed - missed;
}

/* Lists what was found, which is sorted by id. Items that nobody may like in the window are left out, and deleted ones. */
static void trending_list(const trending_read *t, kd_trending *out)
{
    for (uint32_t i = 0, next; i < t->count; i = next) {
        kd_trending_item item;
        kd_bytes id = trending_id(t, &t->at[i]);
        for (next = i + 1; next < t->count && kd_bytes_eq(trending_id(t, &t->at[next]), id);) next++;
        trending_sum(t, i, next, &item);
        KD_ASSERT(kd_item_make(&item.item, t->q->collection, id) == KD_OK);
        if (kd_closed_deleted_shown(t->c, kd_item_key(&item.item))) continue;
        if (item.least > 0)
            kd_trending_offer(out, &item, t->q->limit);
        else
            out->missing = KD_MAX(out->missing, item.most);
    }
}

int kd_central_trending(kd_central *c, const kd_trending_query *q, kd_trending *out)
{
    kd_trend_window window;
    trending_read t = {.c = c, .q = q};
    KD_ASSERT(q->limit >= 1 && q->limit <= KD_TRENDING_ITEMS_MAX);
    kd_trending_init(out);
    int err = kd_trend_window_read(c, q, &window, trending_take_bucket, &t);
    out->since_us = window.since_us;
    out->complete = window.complete;
    out->as_of_us = kd_central_as_of_us(c);
    out->missing = t.missed;
    if (err == KD_OK && t.count > 0) qsort_r(t.at, t.count, sizeof *t.at, trending_compare_ids, &t);
    if (err == KD_OK) trending_list(&t, out);
    trending_close(&t);
    return err;
}
