/*
 * trending.c - reads of velocities (kudos/trending.h). They read the rows of the store: these hold the state as of a durable commit, where memory may be
 * ahead of it. A read looks at KD_TREND_BUCKETS_MAX rows at most.
 */
#include "central/core/closed.h"
#include "central/core/row.h"
#include "central/core/state.h"
#include "central/core/trend_rows.h"
#include "central/core/trend_series.h"

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
    uint64_t begin_us; /* buckets that end later are in */
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

static int trending_take_row(void *arg, kd_bytes key, kd_bytes value)
{
    trending_read *t = arg;
    kd_trend_bucket b = {0};
    int err = kd_trend_bucket_read(key, value, &b);
    bool in = err == KD_OK &&
              (b.start_us + kd_trend_width(b.level) > t->begin_us || kd_planted(t->c, KD_PLANT_TREND_KEEPS));
    if (in) t->missed += b.summary.missed;
    for (uint32_t i = 0; in && i < b.summary.count; i++) trending_take_entry(t, &b.summary, &b.summary.at[i]);
    kd_summary_finish(&b.summary);
    return err;
}

static int trending_scan(trending_read *t)
{
    kd_buf end = {0};
    kd_bytes prefix = kd_trend_key(&t->c->key, t->q->counter, t->q->collection, NULL);
    kd_prefix_end(prefix, &end);
    int err = t->c->store.scan(t->c->store.ctx, prefix, kd_buf_view(&end), trending_take_row, t);
    kd_buf_finish(&end);
    return err == KD_OK ? KD_OK : KD_EIO; /* a damaged row is a failed read, never "no likes" */
}

/* Where the numbers begin: with the step that holds the beginning of the window. */
static uint64_t trending_since_us(const kd_trending_query *q, const kd_trend_head *head)
{
    uint64_t begin_us = q->now_us > q->window_us ? q->now_us - q->window_us : 0;
    uint8_t level = kd_trend_level(head->newest_us, begin_us);
    return kd_trend_start((uint8_t)KD_MIN(level, KD_TREND_LEVELS - 1), begin_us);
}

/* Reads the buckets of the window. The caller ends it, whatever it returns. */
static int trending_open(trending_read *t, kd_central *c, const kd_trending_query *q, uint64_t *since_us,
                         bool *complete)
{
    kd_trend_head head;
    *t = (trending_read){.c = c, .q = q};
    t->begin_us = q->now_us > q->window_us ? q->now_us - q->window_us : 0;
    if (c->poisoned) return KD_EIO;
    if (!kd_trend_wanted(c, q->counter, q->collection)) return KD_ENOTFOUND;
    int err = kd_trend_head_read(c, &head);
    *since_us = trending_since_us(q, &head);
    bool held = kd_trend_level(head.newest_us, t->begin_us) < KD_TREND_LEVELS;
    *complete = err == KD_OK && head.from_us <= t->begin_us && held;
    if (err == KD_ENOTFOUND) return KD_OK;
    return err == KD_OK ? trending_scan(t) : KD_EIO;
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
    trending_read t;
    KD_ASSERT(q->limit >= 1 && q->limit <= KD_TRENDING_ITEMS_MAX);
    kd_trending_init(out);
    int err = trending_open(&t, c, q, &out->since_us, &out->complete);
    out->as_of_us = kd_central_as_of_us(c);
    out->missing = t.missed;
    if (err == KD_OK && t.count > 0) qsort_r(t.at, t.count, sizeof *t.at, trending_compare_ids, &t);
    if (err == KD_OK) trending_list(&t, out);
    trending_close(&t);
    return err;
}
