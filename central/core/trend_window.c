/* trend_window.c - see the header. A read looks at KD_TREND_BUCKETS_MAX rows at most. */
#include "central/core/trend_window.h"

#include "central/core/state.h"
#include "central/core/trend_rows.h"
#include "central/core/trend_series.h"

typedef struct {
    const kd_central *c;
    uint64_t begin_us;
    kd_trend_bucket_fn fn;
    void *arg;
} trend_window_scan;

static int trend_window_row(void *arg, kd_bytes key, kd_bytes value)
{
    const trend_window_scan *s = arg;
    kd_trend_bucket b = {0};
    int err = kd_trend_bucket_read(key, value, &b);
    bool in = err == KD_OK &&
              (b.start_us + kd_trend_width(b.level) > s->begin_us || kd_planted(s->c, KD_PLANT_TREND_KEEPS));
    if (in) s->fn(s->arg, &b.summary);
    kd_summary_finish(&b.summary);
    return err;
}

static int trend_window_buckets(kd_central *c, const kd_trending_query *q, trend_window_scan *s)
{
    kd_buf end = {0};
    kd_bytes prefix = kd_trend_key(&c->key, q->counter, q->collection, NULL);
    kd_prefix_end(prefix, &end);
    int err = c->store.scan(c->store.ctx, prefix, kd_buf_view(&end), trend_window_row, s);
    kd_buf_finish(&end);
    return err == KD_OK ? KD_OK : KD_EIO; /* a damaged row is a failed read, never "no likes" */
}

static uint64_t trend_window_since_us(uint64_t begin_us, const kd_trend_head *head)
{
    uint8_t level = kd_trend_level(head->newest_us, begin_us);
    return kd_trend_start((uint8_t)KD_MIN(level, KD_TREND_LEVELS - 1), begin_us);
}

int kd_trend_window_read(kd_central *c, const kd_trending_query *q, kd_trend_window *window,
                         kd_trend_bucket_fn fn, void *arg)
{
    kd_trend_head head;
    *window = (kd_trend_window){.begin_us = q->now_us > q->window_us ? q->now_us - q->window_us : 0};
    if (c->poisoned) return KD_EIO;
    if (!kd_trend_wanted(c, q->counter, q->collection)) return KD_ENOTFOUND;
    int err = kd_trend_head_read(c, &head);
    bool held = kd_trend_level(head.newest_us, window->begin_us) < KD_TREND_LEVELS;
    window->since_us = trend_window_since_us(window->begin_us, &head);
    window->complete = err == KD_OK && head.from_us <= window->begin_us && held;
    if (err == KD_ENOTFOUND) return KD_OK;
    trend_window_scan s = {c, window->begin_us, fn, arg};
    return err == KD_OK ? trend_window_buckets(c, q, &s) : KD_EIO;
}
