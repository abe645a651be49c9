/* span.c - see the header: when items begin and end. span_hand.c proposes what follows from that. */
#include "central/core/span.h"

#include "central/core/closed.h"
#include "central/core/commit.h"
#include "central/core/row.h"
#include "central/core/span_row.h"
#include "central/core/state.h"

#include <stdlib.h>

enum { KEPT_MAX = 8192 }; /* starts of durable commits that stay in memory */

static const uint8_t spans_key[] = {KD_ROW_SPAN};

static kd_bytes span_key_of(const void *entry)
{
    const kd_span_item *i = entry;
    return kd_bytes_of(i->key, i->key_len);
}

void kd_span_init(kd_central *c)
{
    kd_table_init(&c->spanner.items, span_key_of, c->config.seed);
    TAILQ_INIT(&c->spanner.order);
}

void kd_span_finish(kd_central *c)
{
    size_t cursor = 0;
    for (kd_span_item *i; (i = kd_table_next(&c->spanner.items, &cursor)) != NULL;) free(i);
    kd_table_finish(&c->spanner.items);
    kd_buf_finish(&c->spanner.cursor);
    kd_buf_finish(&c->spanner.key);
}

/* ---- the lives in force ---- */

int kd_span_load(kd_central *c)
{
    int err = c->store.get(c->store.ctx, kd_bytes_of(spans_key, 1), &c->value);
    if (err == KD_ENOTFOUND) return KD_OK;
    if (err != KD_OK) return err;
    return kd_lifespans_decode(kd_buf_view(&c->value), &c->spanner.spans) ? KD_OK : KD_EMALFORMED;
}

bool kd_span_decide(kd_central *c, const kd_decision *d)
{
    kd_lifespans spans;
    if (!kd_lifespans_decode(d->body, &spans)) return false;
    c->spanner.spans = spans;
    kd_writes_put(&kd_commit_open(c)->writes, kd_bytes_of(spans_key, 1), d->body);
    return true;
}

static const kd_lifespan *span_of(const kd_central *c, kd_bytes item)
{
    const kd_lifespans *s = &c->spanner.spans;
    for (uint32_t i = 0; i < s->count; i++)
        if (kd_bytes_eq(kd_bytes_str(s->at[i].collection), kd_key_collection(item))) return &s->at[i];
    return NULL;
}

/* ---- starts ---- */

static void span_forget_oldest(kd_central *c)
{
    kd_spanner *l = &c->spanner;
    kd_span_item *i = TAILQ_FIRST(&l->order);
    if (l->items.count <= KEPT_MAX || i->version > c->version) return;
    TAILQ_REMOVE(&l->order, i, of_order);
    kd_table_remove(&l->items, span_key_of(i));
    free(i);
}

static kd_span_item *span_add(kd_central *c, kd_bytes item, uint64_t start_us)
{
    kd_span_item *i = kd_alloc(sizeof *i + item.len);
    i->start_us = start_us;
    i->version = c->begun + 1;
    i->key_len = (uint8_t)item.len;
    memcpy(i->key, item.data, item.len);
    kd_table_put(&c->spanner.items, i);
    TAILQ_INSERT_TAIL(&c->spanner.order, i, of_order);
    span_forget_oldest(c);
    return i;
}

/* Its rows go with the open commit. */
static void span_change(kd_central *c, kd_span_item *i)
{
    TAILQ_REMOVE(&c->spanner.order, i, of_order);
    i->version = c->begun + 1;
    i->changes = true;
    TAILQ_INSERT_TAIL(&c->spanner.order, i, of_order);
}

/* Also of commits that are not durable yet. KD_OK, KD_ENOTFOUND: it has not begun; KD_EIO. */
static int span_find(kd_central *c, kd_bytes item, kd_span_item **found)
{
    *found = kd_table_find(&c->spanner.items, item);
    if (*found) return KD_OK;
    int err = c->store.get(c->store.ctx, kd_span_start_key(&c->key, item), &c->value);
    if (err != KD_OK) return err == KD_ENOTFOUND ? err : KD_EIO;
    kd_reader r = kd_reader_of(kd_buf_view(&c->value));
    uint64_t start_us = kd_read_be64(&r), latest_us = kd_reader_left(&r) > 0 ? kd_read_be64(&r) : 0;
    if (r.bad) return KD_EIO;
    *found = span_add(c, item, start_us);
    (*found)->latest_us = latest_us;
    return KD_OK;
}

/* The item whose end is judged by the life *span; NULL: it has no life, or has not begun (KD_ENOTFOUND), or the store cannot be read (KD_EIO). */
static int span_find_in_force(kd_central *c, kd_bytes item, const kd_lifespan **span, kd_span_item **found)
{
    const kd_lifespan *s = c->spanner.spans.count > 0 ? span_of(c, item) : NULL;
    *span = s && !kd_closed_opened(c, item) ? s : NULL; /* what an operator opened has no end any more */
    return *span ? span_find(c, item, found) : KD_ENOTFOUND;
}

/* The item, where it had ended before all that was added above `after_us`; else NULL, and it has begun. */
static kd_span_item *span_leaves_out(kd_central *c, kd_bytes item, uint64_t after_us, uint64_t time_us)
{
    const kd_lifespan *s;
    kd_span_item *i;
    int err = span_find_in_force(c, item, &s, &i);
    if (err == KD_ENOTFOUND && s) span_change(c, span_add(c, item, time_us));
    if (err == KD_EIO) kd_central_poison(c);
    bool out =
        err == KD_OK && after_us >= i->start_us + s->life_us && !kd_planted(c, KD_PLANT_LIFE_BY_RECORD);
    c->closer.ignored += out;
    return out ? i : NULL;
}

bool kd_span_ignores(kd_central *c, kd_bytes item, uint64_t time_us)
{
    kd_span_item *i = span_leaves_out(c, item, time_us - 1, time_us);
    if (i && time_us > i->latest_us) {
        i->latest_us = time_us;
        span_change(c, i);
    }
    return i != NULL;
}

bool kd_span_ignores_sum(kd_central *c, kd_bytes item, uint64_t after_us, uint64_t time_us)
{
    return span_leaves_out(c, item, after_us, time_us) != NULL;
}

bool kd_span_end(kd_central *c, kd_bytes item, uint64_t *end_us, uint64_t *latest_us)
{
    const kd_lifespan *s;
    kd_span_item *i;
    int err = span_find_in_force(c, item, &s, &i);
    if (err == KD_EIO) kd_central_poison(c);
    if (err != KD_OK) return false;
    *end_us = i->start_us + s->life_us;
    *latest_us = i->latest_us;
    return true;
}

bool kd_span_agrees(kd_central *c, const kd_decision *d)
{
    const kd_lifespan *s;
    kd_span_item *i;
    int err = span_find_in_force(c, d->item, &s, &i);
    if (err == KD_EIO) kd_central_poison(c);
    if (err != KD_OK || d->stamp_us != i->start_us + s->life_us) return false;
    return d->what == KD_DECIDED_ENDED || (s->keep_us > 0 && d->at_us >= d->stamp_us + s->keep_us);
}

int kd_span_covers(kd_central *c, kd_bytes item, uint64_t time_us, bool *covers)
{
    const kd_lifespan *s;
    kd_span_item *i;
    int err = span_find_in_force(c, item, &s, &i);
    *covers = err == KD_OK && time_us > i->start_us + s->life_us;
    return err == KD_EIO ? KD_EIO : KD_OK;
}

/* ---- rows ---- */

/* The row of the phase in which the item is; none when its life is over. */
static void span_put(kd_central *c, kd_commit *k, const kd_span_item *i)
{
    const kd_bytes item = span_key_of(i);
    bool over = kd_closed_opened(c, item) || kd_closed_deleted(c, item), closed = kd_closed_now(c, item);
    for (uint32_t phase = 0; phase < KD_SPAN_PHASES; phase++) {
        kd_bytes key = kd_span_phase_key(&c->key, (uint8_t)phase, item, i->start_us);
        if (!over && phase == closed)
            kd_writes_put(&k->writes, key, (kd_bytes){0});
        else
            kd_writes_delete(&k->writes, key);
    }
    kd_buf_clear(&c->value);
    kd_buf_put_be64(&c->value, i->start_us);
    kd_buf_put_be64(&c->value, i->latest_us);
    kd_bytes key = kd_span_start_key(&c->key, item);
    if (over)
        kd_writes_delete(&k->writes, key);
    else
        kd_writes_put(&k->writes, key, kd_buf_view(&c->value));
}

int kd_span_step(kd_central *c, kd_commit *k)
{
    kd_span_item *i;
    TAILQ_FOREACH_REVERSE(i, &c->spanner.order, kd_span_order, of_order)
    {
        if (i->version < k->version) break;
        if (i->changes && i->version == k->version) span_put(c, k, i);
    }
    for (uint32_t n = 0; n < k->closed_count; n++) {
        kd_bytes item = kd_bytes_of(k->closed[n]->key, k->closed[n]->key_len);
        int err = span_find(c, item, &i);
        if (err == KD_EIO) return KD_EIO;
        if (err == KD_OK) span_put(c, k, i);
    }
    return KD_OK;
}
