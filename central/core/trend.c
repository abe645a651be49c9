/* trend.c - see the header. The rows are in trend_rows.c. */
#include "central/core/trend.h"

#include "central/core/state.h"
#include "central/core/trend_rows.h"
#include "central/core/trend_series.h"

#include <stdlib.h>

/* ---- what the operations of a commit do, by arrival ---- */

void kd_trend_begin(kd_central *c, const kd_commit *k)
{
    kd_trend *t = &c->trend;
    t->event_count = 0;
    if (!t->on || k->op_count == 0) return;
    if (k->op_count > t->event_cap) {
        t->event_cap = KD_MAX(k->op_count, 2 * t->event_cap);
        t->events = kd_realloc(t->events, t->event_cap * sizeof *t->events);
    }
    t->event_count = k->op_count;
    for (uint32_t i = 0; i < k->op_count; i++) t->events[i].key_len = 0;
}

static uint64_t trend_liked_us(bool liked, uint64_t time_us)
{
    return liked ? time_us : 0;
}

static void trend_note(kd_trend *t, const kd_gathered_op *op, uint64_t was_us)
{
    kd_trend_event *e = &t->events[op->arrival];
    e->was_us = was_us;
    e->is_us = trend_liked_us(op->liked, op->time_us);
    e->time_us = op->time_us;
    e->key_at = op->key_at;
    e->key_len = op->key_len;
}

void kd_trend_won(kd_central *c, const kd_gathered_op *op, const kd_stored_row *old)
{
    if (c->trend.on) trend_note(&c->trend, op, old ? trend_liked_us(old->liked, old->time_us) : 0);
}

/* ---- series and buckets ---- */

/* NULL: velocities of this collection and counter are not kept. */
static kd_trend_series *trend_series(kd_central *c, uint8_t counter, kd_bytes collection)
{
    kd_trend *t = &c->trend;
    for (uint32_t i = 0; i < t->series_count; i++) {
        kd_trend_series *s = t->series[i];
        if (s->counter == counter && kd_bytes_eq(kd_bytes_of(s->collection, s->collection_len), collection))
            return s;
    }
    return kd_trend_wanted(c, counter, collection) ? kd_trend_series_add(t, counter, collection) : NULL;
}

void kd_trend_finish(kd_trend *t)
{
    kd_trend_clear(t);
    free(t->series);
    free(t->events);
}

/* The bucket that holds the time. Where there is none, it is made if `make`, else NULL. Newest first: most stamps are. */
static kd_trend_bucket *trend_bucket(kd_trend *t, kd_trend_series *s, uint64_t time_us, bool make)
{
    uint8_t level = kd_trend_level(t->newest_us, time_us);
    if (level == KD_TREND_LEVELS || time_us < t->from_us) return NULL;
    uint64_t start_us = kd_trend_start(level, time_us);
    uint32_t at = s->count;
    while (at > 0 && s->at[at - 1]->start_us > start_us) at--;
    if (at > 0 && s->at[at - 1]->start_us == start_us) return s->at[at - 1];
    return make ? kd_trend_bucket_add(s, at, level, start_us) : NULL;
}

/* ---- time goes on ---- */

/* Puts the bucket behind the `kept` that stay: merged into the last of them, or by itself. */
static uint32_t trend_settle(kd_trend_series *s, uint32_t kept, kd_trend_bucket *b, uint8_t level)
{
    uint64_t start_us = kd_trend_start(level, b->start_us);
    if (level > b->level) b->dirty = true;
    b->level = level;
    b->start_us = start_us;
    if (kept == 0 || s->at[kept - 1]->start_us != start_us) {
        s->at[kept] = b;
        return kept + 1;
    }
    kd_summary_merge(&s->at[kept - 1]->summary, &b->summary);
    s->at[kept - 1]->dirty = true;
    kd_trend_bucket_free(b);
    return kept;
}

static void trend_roll(kd_central *c, kd_commit *k, kd_trend_series *s)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < s->count; i++) {
        kd_trend_bucket *b = s->at[i];
        uint8_t level = kd_trend_level(c->trend.newest_us, b->start_us);
        if (level != b->level) kd_trend_delete(c, k, s, b->start_us);
        if (level == KD_TREND_LEVELS)
            kd_trend_bucket_free(b);
        else
            kept = trend_settle(s, kept, b, level);
    }
    s->count = kept;
    KD_ASSERT(kept <= KD_TREND_BUCKETS_MAX);
}

/* Stamps of a store that was there before its velocities were kept are counted from the next step on. */
static void trend_advance(kd_central *c, kd_commit *k, uint64_t time_us)
{
    kd_trend *t = &c->trend;
    uint64_t start_us = kd_trend_start(0, time_us);
    if (t->begun && start_us <= t->newest_us) return;
    if (!t->begun) t->from_us = start_us + kd_trend_width(0);
    t->begun = true;
    t->newest_us = start_us;
    t->head_dirty = true;
    for (uint32_t i = 0; i < t->series_count; i++) trend_roll(c, k, t->series[i]);
}

/* ---- the operations take effect ---- */

/* An operation that neither sets nor takes back a like does nothing, time included: whether there was a row for it to win over depends on how the log was cut into commits. A
 * withdrawn like's row is gone once its commit is made, and a tombstone below the floor once it is swept. */
static void trend_apply(kd_central *c, kd_commit *k, const kd_trend_event *e)
{
    uint8_t counter;
    kd_bytes item, user;
    if (e->was_us == 0 && e->is_us == 0) return;
    kd_member_key_parse(kd_key_at(k, e->key_at, e->key_len), &counter, &item, &user);
    trend_advance(c, k, e->time_us);
    kd_trend_series *s = trend_series(c, counter, kd_key_collection(item));
    if (!s) return;
    kd_bytes id = kd_key_id(item);
    uint32_t tag = kd_summary_tag(id);
    bool taken = e->was_us && !kd_planted(c, KD_PLANT_TREND_UNLIKE);
    kd_trend_bucket *was = taken ? trend_bucket(&c->trend, s, e->was_us, false) : NULL;
    if (was) {
        kd_summary_take(&was->summary, id, tag);
        was->dirty = true;
    }
    kd_trend_bucket *is = e->is_us ? trend_bucket(&c->trend, s, e->is_us, true) : NULL;
    if (!is) return;
    kd_summary_add(&is->summary, id, tag);
    is->dirty = true;
}

void kd_trend_step(kd_central *c, kd_commit *k)
{
    kd_trend *t = &c->trend;
    if (!t->on) return;
    if (kd_planted(c, KD_PLANT_TREND_APART)) kd_trend_put(c, k);
    for (uint32_t i = 0; i < t->event_count; i++)
        if (t->events[i].key_len > 0) trend_apply(c, k, &t->events[i]);
    if (!kd_planted(c, KD_PLANT_TREND_APART)) kd_trend_put(c, k);
}
