/* closed.c - see the header: what is closed. closed_sweep.c deletes rows. */
#include "central/core/closed.h"

#include "central/core/commit.h"
#include "central/core/row.h"
#include "central/core/state.h"

#include <stdlib.h>

static kd_bytes closed_key(const void *entry)
{
    const kd_closed_item *i = entry;
    return kd_bytes_of(i->key, i->key_len);
}

void kd_closed_init(kd_central *c)
{
    kd_table_init(&c->closer.items, closed_key, c->config.seed);
    TAILQ_INIT(&c->closer.sweep);
}

void kd_closed_finish(kd_central *c)
{
    size_t cursor = 0;
    for (kd_closed_item *i; (i = kd_table_next(&c->closer.items, &cursor)) != NULL;) free(i);
    kd_table_finish(&c->closer.items);
    kd_buf_finish(&c->closer.cursor);
}

static kd_closed_item *closed_add(kd_central *c, kd_bytes item)
{
    kd_closed_item *i = kd_alloc(sizeof *i + item.len);
    i->key_len = (uint8_t)item.len;
    memcpy(i->key, item.data, item.len);
    kd_table_put(&c->closer.items, i);
    return i;
}

/* ---- rows ---- */

static bool closed_is_sane(const kd_closed_item *i)
{
    for (uint32_t n = 0; n < i->count; n++)
        if (i->at[n].from_us > i->at[n].to_us || (n > 0 && i->at[n].from_us < i->at[n - 1].to_us))
            return false;
    return true;
}

static int closed_load_row(void *arg, kd_bytes key, kd_bytes value)
{
    kd_central *c = arg;
    kd_reader r = kd_reader_of(value);
    kd_bytes item = kd_bytes_of(key.data + 1, key.len - 1);
    if (!kd_item_key_valid(item) || c->closer.items.count == KD_CLOSED_MAX) return KD_EMALFORMED;
    kd_closed_item *i = closed_add(c, item);
    i->deleted = kd_read_u8(&r) != 0;
    i->swept = kd_read_u8(&r) != 0;
    i->count = kd_read_u8(&r);
    if (i->count > KD_CLOSINGS_MAX) return KD_EMALFORMED;
    for (uint32_t n = 0; n < i->count; n++) {
        i->at[n].from_us = kd_read_be64(&r);
        i->at[n].to_us = kd_read_be64(&r);
    }
    i->latest_us = kd_read_be64(&r);
    if (i->deleted && !i->swept) TAILQ_INSERT_TAIL(&c->closer.sweep, i, of_sweep);
    return r.bad || kd_reader_left(&r) != 0 || !closed_is_sane(i) ? KD_EMALFORMED : KD_OK;
}

int kd_closed_load(kd_central *c)
{
    const uint8_t from[] = {KD_ROW_CLOSED}, to[] = {KD_ROW_CLOSED + 1};
    return c->store.scan(c->store.ctx, kd_bytes_of(from, 1), kd_bytes_of(to, 1), closed_load_row, c);
}

void kd_closed_put(kd_central *c, const kd_closed_item *i, kd_writes *writes)
{
    kd_buf *v = &c->value;
    kd_buf_clear(v);
    kd_buf_put_u8(v, i->deleted);
    kd_buf_put_u8(v, i->swept);
    kd_buf_put_u8(v, i->count);
    for (uint32_t n = 0; n < i->count; n++) {
        kd_buf_put_be64(v, i->at[n].from_us);
        kd_buf_put_be64(v, i->at[n].to_us);
    }
    kd_buf_put_be64(v, i->latest_us);
    kd_writes_put(writes, kd_key_named(&c->key, KD_ROW_CLOSED, closed_key(i)), kd_buf_view(v));
}

/* ---- what is closed ---- */

static bool closed_now(const kd_closed_item *i)
{
    return i->count > 0 && i->at[i->count - 1].to_us == KD_TIME_END_US;
}

/* Of what was added above `after_us` and up to `time_us`: whether all of it lies in one closing. */
static bool closed_for(const kd_central *c, const kd_closed_item *i, uint64_t after_us, uint64_t time_us)
{
    if (kd_planted(c, KD_PLANT_DELETED_RETURNS) && i->swept) return false;
    if (kd_planted(c, KD_PLANT_CLOSED_BY_ARRIVAL)) return closed_now(i);
    for (uint32_t n = 0; n < i->count; n++)
        if (after_us >= i->at[n].from_us && time_us <= i->at[n].to_us) return true;
    return false;
}

bool kd_closed_covers(const kd_central *c, kd_bytes item, uint64_t time_us)
{
    if (c->closer.items.count == 0) return false;
    const kd_closed_item *i = kd_table_find(&c->closer.items, item);
    return i && closed_for(c, i, time_us - 1, time_us);
}

bool kd_closed_ignores_sum(kd_central *c, kd_bytes item, uint64_t after_us, uint64_t time_us)
{
    if (c->closer.items.count == 0) return false;
    const kd_closed_item *i = kd_table_find(&c->closer.items, item);
    bool closed = i && closed_for(c, i, after_us, time_us);
    c->closer.ignored += closed;
    return closed;
}

/* One row for each item and commit, however much of it is left out. */
static void closed_note(kd_central *c, kd_closed_item *i, uint64_t time_us)
{
    kd_commit *k = kd_commit_open(c);
    if (i->deleted || !closed_now(i) || time_us <= i->latest_us) return;
    i->latest_us = time_us;
    if (i->noted) return;
    i->noted = true;
    k->left_out = kd_grow(k->left_out, k->left_out_count, &k->left_out_cap, sizeof(kd_closed_item *));
    k->left_out[k->left_out_count++] = i;
}

bool kd_closed_ignores(kd_central *c, kd_bytes item, uint64_t time_us)
{
    if (c->closer.items.count == 0) return false;
    kd_closed_item *i = kd_table_find(&c->closer.items, item);
    if (!i || !closed_for(c, i, time_us - 1, time_us)) return false;
    c->closer.ignored++;
    closed_note(c, i, time_us);
    return true;
}

bool kd_closed_now(const kd_central *c, kd_bytes item)
{
    const kd_closed_item *i = c->closer.items.count > 0 ? kd_table_find(&c->closer.items, item) : NULL;
    return i && closed_now(i);
}

bool kd_closed_opened(const kd_central *c, kd_bytes item)
{
    const kd_closed_item *i = c->closer.items.count > 0 ? kd_table_find(&c->closer.items, item) : NULL;
    return i && i->count > 0 && i->at[0].to_us != KD_TIME_END_US;
}

bool kd_central_closed(const kd_central *c, kd_bytes item)
{
    if (c->closer.items.count == 0) return false;
    const kd_closed_item *i = kd_table_find(&c->closer.items, item);
    return i && (i->version <= c->version ? closed_now(i) : i->was_closed);
}

bool kd_closed_deleted(const kd_central *c, kd_bytes item)
{
    if (c->closer.items.count == 0) return false;
    const kd_closed_item *i = kd_table_find(&c->closer.items, item);
    return i && i->deleted;
}

bool kd_closed_deleted_shown(const kd_central *c, kd_bytes item)
{
    if (c->closer.items.count == 0) return false;
    const kd_closed_item *i = kd_table_find(&c->closer.items, item);
    return i && i->deleted && i->version <= c->version;
}

/* ---- decisions ---- */

/* Ends of lives leave room: also when strangers begin items without end, an operator can close one. */
static uint32_t closed_max(kd_decided what)
{
    bool by_life = what == KD_DECIDED_ENDED || what == KD_DECIDED_EXPIRED;
    return by_life ? KD_CLOSED_MAX - KD_CLOSED_RESERVED : KD_CLOSED_MAX;
}

bool kd_closed_full_of_lives(const kd_central *c)
{
    return c->closer.items.count >= closed_max(KD_DECIDED_ENDED);
}

kd_closed_stage kd_closed_stage_of(uint64_t items)
{
    uint64_t lives = closed_max(KD_DECIDED_ENDED);
    if (items >= KD_CLOSED_MAX) return KD_CLOSED_FULL;
    if (items >= lives) return KD_CLOSED_FULL_OF_LIVES;
    return items >= lives - lives / 4 ? KD_CLOSED_FILLS : KD_CLOSED_ROOM;
}

int kd_closed_check(const kd_central *c, const kd_decision *d)
{
    const kd_closed_item *i = kd_table_find(&c->closer.items, d->item);
    if (!i) return c->closer.items.count < closed_max(d->what) ? KD_OK : KD_EFULL;
    return i->deleted && d->what == KD_DECIDED_OPEN ? KD_ECLOSED : KD_OK;
}

static void closed_close(kd_closed_item *i, uint64_t stamp_us)
{
    if (closed_now(i)) return;
    if (i->count == KD_CLOSINGS_MAX) {
        i->at[0].to_us = i->at[1].to_us;
        memmove(&i->at[1], &i->at[2], (KD_CLOSINGS_MAX - 2) * sizeof i->at[0]);
        i->count--;
    }
    uint64_t opened_us = i->count > 0 ? i->at[i->count - 1].to_us : 0;
    i->at[i->count++] = (kd_closing){KD_MAX(stamp_us, opened_us), KD_TIME_END_US};
    i->latest_us = 0;
}

static void closed_open(const kd_central *c, kd_closed_item *i, uint64_t stamp_us, const kd_closing *life)
{
    if (!closed_now(i)) return;
    kd_closing *last = &i->at[i->count - 1];
    if (life) {
        last->from_us = KD_MIN(last->from_us, life->from_us);
        i->latest_us = KD_MAX(i->latest_us, life->to_us);
    }
    last->to_us = KD_MAX(KD_MAX(stamp_us, i->latest_us), last->from_us);
    if (kd_planted(c, KD_PLANT_OPENED_FORGETS)) last->to_us = last->from_us;
}

static void closed_delete(kd_central *c, kd_closed_item *i)
{
    TAILQ_INSERT_TAIL(&c->closer.sweep, i, of_sweep);
    i->deleted = true;
    i->at[0] = (kd_closing){0, KD_TIME_END_US};
    i->count = 1;
}

void kd_closed_decide(kd_central *c, const kd_decision *d, const kd_closing *life)
{
    kd_commit *k = kd_commit_open(c);
    kd_closed_item *i = kd_table_find(&c->closer.items, d->item);
    if (!i) i = closed_add(c, d->item);
    if (i->deleted) return;
    if (i->version <= c->version) i->was_closed = closed_now(i);
    i->version = c->begun + 1;
    if (d->what == KD_DECIDED_CLOSE || d->what == KD_DECIDED_ENDED) closed_close(i, d->stamp_us);
    if (d->what == KD_DECIDED_OPEN) closed_open(c, i, d->stamp_us, life);
    if (d->what == KD_DECIDED_DELETE || d->what == KD_DECIDED_EXPIRED) closed_delete(c, i);
    kd_closed_put(c, i, &k->writes);
    k->closed = kd_grow(k->closed, k->closed_count, &k->closed_cap, sizeof(kd_closed_item *));
    k->closed[k->closed_count++] = i;
}
