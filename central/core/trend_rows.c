/* trend_rows.c - see the headers. */
#include "central/core/trend_rows.h"

#include "central/core/state.h"
#include "central/core/trend_series.h"

static const uint8_t trend_head_key[] = {KD_ROW_TREND}, trend_rows_end[] = {KD_ROW_TREND + 1};

kd_bytes kd_trend_key(kd_buf *out, uint8_t counter, kd_bytes collection, const uint64_t *start_us)
{
    kd_buf_clear(out);
    kd_buf_put_u8(out, KD_ROW_TREND);
    kd_buf_put_u8(out, counter);
    kd_buf_put_u8(out, (uint8_t)collection.len);
    kd_buf_put(out, collection.data, collection.len);
    if (start_us) kd_buf_put_be64(out, *start_us);
    return kd_buf_view(out);
}

/* ---- writing ---- */

static uint64_t trend_config_digest(const kd_central *c)
{
    uint64_t digest = 0;
    for (uint32_t i = 0; i < c->config.trending_count; i++)
        digest += kd_hash(kd_bytes_str(c->config.trending[i]));
    return digest;
}

static kd_bytes trend_row_key(kd_central *c, const kd_trend_series *s, uint64_t start_us)
{
    return kd_trend_key(&c->key, s->counter, kd_bytes_of(s->collection, s->collection_len), &start_us);
}

void kd_trend_delete(kd_central *c, kd_commit *k, const kd_trend_series *s, uint64_t start_us)
{
    kd_writes_delete(&k->writes, trend_row_key(c, s, start_us));
}

static void trend_put_bucket(kd_central *c, kd_commit *k, const kd_trend_series *s, kd_trend_bucket *b)
{
    kd_buf_clear(&c->value);
    kd_buf_put_u8(&c->value, b->level);
    kd_summary_encode(&b->summary, &c->value);
    kd_writes_put(&k->writes, trend_row_key(c, s, b->start_us), kd_buf_view(&c->value));
    b->dirty = false;
}

static void trend_put_head(kd_central *c, kd_commit *k)
{
    kd_buf_clear(&c->value);
    kd_buf_put_be64(&c->value, c->trend.newest_us);
    kd_buf_put_be64(&c->value, c->trend.from_us);
    kd_buf_put_be64(&c->value, c->trend.config);
    kd_writes_put(&k->writes, kd_bytes_of(trend_head_key, 1), kd_buf_view(&c->value));
    c->trend.head_dirty = false;
}

void kd_trend_put(kd_central *c, kd_commit *k)
{
    const kd_trend *t = &c->trend;
    if (t->head_dirty) trend_put_head(c, k);
    for (uint32_t i = 0; i < t->series_count; i++) {
        kd_trend_series *s = t->series[i];
        for (uint32_t j = 0; j < s->count; j++)
            if (s->at[j]->dirty) trend_put_bucket(c, k, s, s->at[j]);
    }
}

/* ---- reading ---- */

int kd_trend_head_read(kd_central *c, kd_trend_head *head)
{
    int err = c->store.get(c->store.ctx, kd_bytes_of(trend_head_key, 1), &c->value);
    *head = (kd_trend_head){0};
    if (err != KD_OK) return err;
    kd_reader r = kd_reader_of(kd_buf_view(&c->value));
    head->newest_us = kd_read_be64(&r);
    head->from_us = kd_read_be64(&r);
    head->digest = kd_read_be64(&r);
    bool good = !r.bad && kd_reader_left(&r) == 0 && head->newest_us < KD_TIME_END_US;
    return good ? KD_OK : KD_EMALFORMED;
}

int kd_trend_bucket_read(kd_bytes key, kd_bytes value, kd_trend_bucket *b)
{
    if (key.len < sizeof b->start_us) return KD_EMALFORMED;
    kd_reader at = kd_reader_of(kd_bytes_of(key.data + key.len - sizeof b->start_us, sizeof b->start_us));
    kd_reader r = kd_reader_of(value);
    b->start_us = kd_read_be64(&at);
    b->level = kd_read_u8(&r);
    bool good = b->level < KD_TREND_LEVELS && kd_trend_start(b->level, b->start_us) == b->start_us &&
                kd_summary_decode(&b->summary, &r) && kd_reader_left(&r) == 0;
    return good ? KD_OK : KD_EMALFORMED;
}

/* The series of a row, which the rows before it have made, or this one makes; NULL: malformed. */
static kd_trend_series *trend_load_series(kd_trend *t, kd_bytes key)
{
    kd_reader r = kd_reader_of(key);
    kd_read_u8(&r);
    uint8_t counter = kd_read_u8(&r), len = kd_read_u8(&r);
    kd_bytes collection = kd_read_bytes(&r, len);
    if (r.bad || len > KD_COLLECTION_MAX || kd_reader_left(&r) != sizeof(uint64_t)) return NULL;
    kd_trend_series *s = t->series_count ? t->series[t->series_count - 1] : NULL;
    bool same =
        s && s->counter == counter && kd_bytes_eq(kd_bytes_of(s->collection, s->collection_len), collection);
    return same ? s : kd_trend_series_add(t, counter, collection);
}

static int trend_load_row(void *arg, kd_bytes key, kd_bytes value)
{
    kd_central *c = arg;
    if (key.len == sizeof trend_head_key) return KD_OK;
    kd_trend_series *s = trend_load_series(&c->trend, key);
    if (!s || s->count == KD_TREND_BUCKETS_MAX) return KD_EMALFORMED;
    kd_trend_bucket *b = kd_trend_bucket_add(s, s->count, 0, 0);
    return kd_trend_bucket_read(key, value, b);
}

static int trend_load_delete(void *arg, kd_bytes key, kd_bytes value)
{
    kd_central *c = arg;
    (void)value;
    kd_writes_delete(&kd_commit_open(c)->writes, key);
    return KD_OK;
}

/* A series that was not kept for a while lacks likes: after a change of the configuration all begin anew. */
int kd_trend_load(kd_central *c)
{
    kd_trend *t = &c->trend;
    kd_trend_head head;
    t->on = c->config.trending_count > 0;
    t->config = trend_config_digest(c);
    int err = kd_trend_head_read(c, &head);
    if (err != KD_OK && err != KD_ENOTFOUND) return err;
    bool kept = err == KD_OK && head.digest == t->config;
    t->begun = kept || c->version == 0;
    t->newest_us = kept ? head.newest_us : 0;
    t->from_us = kept ? head.from_us : 0;
    t->head_dirty = t->on && t->begun && !kept; /* from now on the row says that nothing is missing */
    if (err == KD_ENOTFOUND) return KD_OK;
    return c->store.scan(c->store.ctx, kd_bytes_of(trend_head_key, 1), kd_bytes_of(trend_rows_end, 1),
                         kept ? trend_load_row : trend_load_delete, c);
}

static uint64_t trend_series_digest(const kd_trend_series *s)
{
    kd_buf all = {0};
    kd_trend_key(&all, s->counter, kd_bytes_of(s->collection, s->collection_len), NULL);
    for (uint32_t i = 0; i < s->count; i++) {
        kd_buf_put_be64(&all, s->at[i]->start_us);
        kd_buf_put_u8(&all, s->at[i]->level);
        kd_summary_encode(&s->at[i]->summary, &all);
    }
    uint64_t digest = kd_hash(kd_buf_view(&all));
    kd_buf_finish(&all);
    return digest;
}

uint64_t kd_trend_digest(const kd_central *c)
{
    uint64_t digest = c->trend.newest_us;
    for (uint32_t i = 0; i < c->trend.series_count; i++) digest += trend_series_digest(c->trend.series[i]);
    return digest;
}
