/*
 * span_hand.c - what central proposes by its clock: one decision at a time, in walks over what is due. A walk begins some seconds after the one before, so a
 * proposal that came to nothing is made again. It asks the store alone, and so for what is durable.
 */
#include "central/core/span.h"

#include "central/core/closed.h"
#include "central/core/span_row.h"
#include "central/core/state.h"

#include <stdio.h>

enum { AGAIN_US = 3000000 };

/* ---- lives ---- */

static int span_hand_compare(const void *a, const void *b)
{
    return strcmp(((const kd_lifespan *)a)->collection, ((const kd_lifespan *)b)->collection);
}

int kd_lifespans_add(kd_lifespans *spans, kd_bytes collection, uint64_t life_us, uint64_t keep_us)
{
    kd_lifespan s = {.life_us = life_us, .keep_us = keep_us};
    if (!kd_collection_valid(collection) || life_us == 0 || life_us >= KD_TIME_END_US / 4 ||
        keep_us >= KD_TIME_END_US / 4)
        return KD_EINVAL;
    if (spans->count == KD_LIFESPANS_MAX) return KD_EFULL;
    memcpy(s.collection, collection.data, collection.len);
    uint32_t at = 0;
    while (at < spans->count && span_hand_compare(&spans->at[at], &s) < 0) at++;
    if (at < spans->count && span_hand_compare(&spans->at[at], &s) == 0) return KD_EINVAL;
    memmove(&spans->at[at + 1], &spans->at[at], (spans->count++ - at) * sizeof s);
    spans->at[at] = s;
    return KD_OK;
}

void kd_lifespans_encode(const kd_lifespans *spans, kd_buf *out)
{
    kd_buf_put_u8(out, (uint8_t)spans->count);
    for (uint32_t i = 0; i < spans->count; i++) {
        const kd_lifespan *s = &spans->at[i];
        kd_buf_put_u8(out, (uint8_t)strlen(s->collection));
        kd_buf_put(out, s->collection, strlen(s->collection));
        kd_buf_put_be64(out, s->life_us);
        kd_buf_put_be64(out, s->keep_us);
    }
}

bool kd_lifespans_decode(kd_bytes body, kd_lifespans *spans)
{
    kd_reader r = kd_reader_of(body);
    *spans = (kd_lifespans){.count = 0};
    for (uint8_t n = kd_read_u8(&r); n > 0 && !r.bad; n--) {
        kd_bytes collection = kd_read_bytes(&r, kd_read_u8(&r));
        uint64_t life_us = kd_read_be64(&r), keep_us = kd_read_be64(&r);
        if (r.bad || kd_lifespans_add(spans, collection, life_us, keep_us) != KD_OK) return false;
    }
    return !r.bad && kd_reader_left(&r) == 0;
}

static bool span_hand_same(const kd_lifespans *a, const kd_lifespans *b)
{
    bool same = a->count == b->count;
    for (uint32_t i = 0; same && i < a->count; i++)
        same = span_hand_compare(&a->at[i], &b->at[i]) == 0 && a->at[i].life_us == b->at[i].life_us &&
               a->at[i].keep_us == b->at[i].keep_us;
    return same;
}

/* ---- the walk ---- */

static int span_hand_take(void *arg, kd_bytes key, kd_bytes value)
{
    kd_spanner *l = arg;
    (void)value;
    kd_buf_clear(&l->cursor);
    kd_buf_put(&l->cursor, key.data, key.len);
    return 1;
}

/* From which age on the phase ends; 0: it never does. */
static uint64_t span_hand_age(const kd_lifespan *s, uint8_t phase)
{
    if (phase == 0) return s->life_us;
    return s->keep_us > 0 ? s->life_us + s->keep_us : 0;
}

/* The next row of the phase and collection that the walk is at: KD_OK, KD_ENOTFOUND, KD_EIO. */
static int span_hand_row(kd_central *c, const kd_lifespan *s, uint64_t now_us)
{
    kd_spanner *l = &c->spanner;
    uint64_t age_us = span_hand_age(s, l->phase);
    kd_buf to = {0};
    if (age_us == 0 || now_us < age_us) return KD_ENOTFOUND;
    if (l->phase == 0 && kd_closed_full_of_lives(c))
        return KD_ENOTFOUND; /* deletions need no room: on to them */
    kd_bytes collection = kd_bytes_str(s->collection);
    if (l->cursor.len > 0)
        kd_buf_put_u8(&l->cursor, 0); /* behind the last one */
    else
        kd_span_from_key(&l->cursor, l->phase, collection, 0);
    kd_span_from_key(&to, l->phase, collection, now_us - age_us + 1);
    kd_buf_clear(&c->key); /* a copy: the scan moves the cursor */
    kd_buf_put(&c->key, l->cursor.data, l->cursor.len);
    int err = c->store.scan(c->store.ctx, kd_buf_view(&c->key), kd_buf_view(&to), span_hand_take, l);
    kd_buf_finish(&to);
    return err == 1 ? KD_OK : err == KD_OK ? KD_ENOTFOUND : KD_EIO;
}

/* No two proposals have one name: epochs are those of one start. */
static void span_hand_name(kd_central *c, kd_decision *d)
{
    kd_spanner *l = &c->spanner;
    snprintf(l->job, sizeof l->job, "life-%llx-%x", (unsigned long long)c->epoch, ++l->proposed);
    *d = (kd_decision){.job = kd_bytes_str(l->job), .seq = 1, .last = true};
}

static int span_hand_propose(kd_central *c, const kd_lifespan *s, kd_decision *d)
{
    kd_spanner *l = &c->spanner;
    uint64_t start_us;
    if (!kd_span_parse(kd_buf_view(&l->cursor), &l->key, &start_us)) return KD_EIO;
    span_hand_name(c, d);
    d->what = l->phase == 0 ? KD_DECIDED_ENDED : KD_DECIDED_EXPIRED;
    d->item = kd_buf_view(&l->key);
    d->stamp_us = start_us + s->life_us;
    return KD_OK;
}

static void span_hand_begin(kd_spanner *l, uint64_t now_us)
{
    l->walk_us = now_us;
    l->phase = 0;
    l->at = 0;
    kd_buf_clear(&l->cursor);
}

static int span_hand_walk(kd_central *c, uint64_t now_us, kd_decision *d)
{
    kd_spanner *l = &c->spanner;
    for (; l->phase < KD_SPAN_PHASES; l->phase++, l->at = 0)
        for (; l->at < l->spans.count; l->at++, kd_buf_clear(&l->cursor)) {
            int err = span_hand_row(c, &l->spans.at[l->at], now_us);
            if (err == KD_EIO) return KD_EIO;
            if (err == KD_OK) return span_hand_propose(c, &l->spans.at[l->at], d);
        }
    return KD_ENOTFOUND;
}

int kd_span_propose(kd_central *c, uint64_t now_us, kd_decision *d)
{
    kd_spanner *l = &c->spanner;
    bool over = l->phase == KD_SPAN_PHASES || l->walk_us == 0;
    bool again = now_us < l->walk_us || now_us >= l->walk_us + AGAIN_US;
    if (!over) return span_hand_walk(c, now_us, d);
    if (!again) return KD_ENOTFOUND;
    span_hand_begin(l, now_us);
    if (span_hand_same(&c->config.lives, &l->spans)) return span_hand_walk(c, now_us, d);
    span_hand_name(c, d);
    d->what = KD_DECIDED_LIVES;
    kd_buf_clear(&l->key);
    kd_lifespans_encode(&c->config.lives, &l->key);
    d->body = kd_buf_view(&l->key);
    return KD_OK;
}

/* ---- what waits ---- */

static int span_due_take(void *arg, kd_bytes key, kd_bytes value)
{
    (void)value;
    kd_buf_put(arg, key.data, key.len);
    return 1;
}

/* Lowers *due_us to the moment at which the oldest item of that phase and collection was due. KD_OK, KD_EIO. */
static int span_due_look(kd_central *c, const kd_lifespan *s, uint8_t phase, uint64_t *due_us)
{
    kd_buf from = {0}, to = {0}, found = {0}, item = {0};
    uint64_t start_us = 0, age_us = span_hand_age(s, phase);
    if (age_us == 0) return KD_OK;
    kd_span_from_key(&from, phase, kd_bytes_str(s->collection), 0);
    kd_span_from_key(&to, phase, kd_bytes_str(s->collection), UINT64_MAX);
    int err = c->store.scan(c->store.ctx, kd_buf_view(&from), kd_buf_view(&to), span_due_take, &found);
    if (err == 1) err = kd_span_parse(kd_buf_view(&found), &item, &start_us) ? KD_OK : KD_EIO;
    if (err == KD_OK && found.len > 0) *due_us = KD_MIN(*due_us, start_us + age_us);
    kd_buf *const owned[] = {&from, &to, &found, &item};
    for (size_t i = 0; i < KD_COUNT(owned); i++) kd_buf_finish(owned[i]);
    return err == KD_OK ? KD_OK : KD_EIO;
}

int kd_central_life_overdue(kd_central *c, uint64_t now_us, uint64_t *overdue_us)
{
    kd_spanner *l = &c->spanner;
    bool again = l->looked_us == 0 || now_us < l->looked_us || now_us >= l->looked_us + AGAIN_US;
    uint64_t due_us = UINT64_MAX;
    for (uint8_t phase = 0; again && phase < KD_SPAN_PHASES; phase++)
        for (uint32_t i = 0; i < l->spans.count; i++)
            if (span_due_look(c, &l->spans.at[i], phase, &due_us) != KD_OK) return KD_EIO;
    if (again) l->looked_us = now_us, l->due_us = due_us;
    *overdue_us = now_us > l->due_us ? now_us - l->due_us : 0;
    return KD_OK;
}
