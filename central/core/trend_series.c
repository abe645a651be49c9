/* trend_series.c - see the header. */
#include "central/core/trend_series.h"

#include "central/core/state.h"

#include <stdlib.h>

bool kd_trend_wanted(const kd_central *c, uint8_t counter, kd_bytes collection)
{
    int i = kd_counters_by_id(c->config.counters, counter);
    return i >= 0 && kd_trending_wants(c->config.trending, c->config.trending_count,
                                       &c->config.counters->at[i], collection);
}

kd_trend_series *kd_trend_series_add(kd_trend *t, uint8_t counter, kd_bytes collection)
{
    if (t->series_count == KD_TREND_SERIES_MAX) {
        t->refused++;
        return NULL;
    }
    kd_trend_series *s = kd_alloc(sizeof *s);
    s->counter = counter;
    s->collection_len = (uint8_t)collection.len;
    memcpy(s->collection, collection.data, collection.len);
    t->series = kd_grow(t->series, t->series_count, &t->series_cap, sizeof(kd_trend_series *));
    return t->series[t->series_count++] = s;
}

kd_trend_bucket *kd_trend_bucket_add(kd_trend_series *s, uint32_t at, uint8_t level, uint64_t start_us)
{
    kd_trend_bucket *b = kd_alloc(sizeof *b);
    b->level = level;
    b->start_us = start_us;
    s->at = kd_grow(s->at, s->count, &s->cap, sizeof(kd_trend_bucket *));
    memmove(&s->at[at + 1], &s->at[at], (s->count - at) * sizeof(kd_trend_bucket *));
    s->count++;
    return s->at[at] = b;
}

void kd_trend_bucket_free(kd_trend_bucket *b)
{
    kd_summary_finish(&b->summary);
    free(b);
}

void kd_trend_clear(kd_trend *t)
{
    for (uint32_t i = 0; i < t->series_count; i++) {
        for (uint32_t j = 0; j < t->series[i]->count; j++) kd_trend_bucket_free(t->series[i]->at[j]);
        free(t->series[i]->at);
        free(t->series[i]);
    }
    t->series_count = 0;
}
