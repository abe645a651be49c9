/* void_walk.c - see kudos/void.h. */
#include "central/core/row.h"
#include "kudos/void.h"

#include <stdlib.h>

enum { PROGRESS_ROWS = 4096 };

/* ---- what is remembered ---- */

typedef struct {
    kd_voided_fn fn;
    void *arg;
} voided_scan;

static int void_walk_job(void *arg, kd_bytes key, kd_bytes value)
{
    const voided_scan *s = arg;
    kd_reader r = kd_reader_of(value);
    kd_bytes job = kd_bytes_of(key.data + 1, key.len - 1);
    kd_voided told = {.stamp_us = kd_read_be64(&r)};
    told.order = kd_read_be64(&r);
    told.withdrawn = kd_read_be64(&r);
    told.skipped = kd_read_be64(&r);
    told.put_back = kd_read_be64(&r);
    told.closed = kd_read_u8(&r) != 0;
    if (r.bad || kd_reader_left(&r) != 0 || !kd_name_valid(job)) return KD_EMALFORMED;
    return s->fn(s->arg, job, &told);
}

int kd_voided_each(const kd_store *store, kd_voided_fn fn, void *arg)
{
    const uint8_t from[] = {KD_ROW_VOIDED}, to[] = {KD_ROW_VOIDED + 1};
    voided_scan s = {fn, arg};
    return store->scan(store->ctx, kd_bytes_of(from, 1), kd_bytes_of(to, 1), void_walk_job, &s);
}

/* ---- rows ---- */

typedef struct {
    const kd_void_pick *pick;
    const kd_void_visitor *visitor;
    uint64_t rows;
    /* Of the counter and item that are being walked over. */
    kd_buf item;
    uint8_t counter;
    uint64_t likes, picked;
} void_walk;

static bool void_walk_has(const kd_bytes *sorted, uint32_t count, kd_bytes wanted)
{
    return count > 0 && bsearch(&wanted, sorted, count, sizeof *sorted, kd_bytes_compare) != NULL;
}

static bool void_walk_picks(const kd_void_pick *p, uint8_t counter, kd_bytes item, kd_bytes user,
                            const kd_stored_row *row)
{
    if (p->put_back_us) return !row->liked && row->time_us == p->put_back_us;
    if (p->erase_us) return row->time_us < p->erase_us && void_walk_has(p->users, p->user_count, user);
    if (!row->liked || row->time_us < p->from_us || row->time_us > p->to_us) return false;
    if (p->counter && p->counter != counter) return false;
    if (p->item_count && !void_walk_has(p->items, p->item_count, item)) return false;
    return void_walk_has(p->users, p->user_count, user);
}

static void void_walk_end_item(void_walk *w)
{
    if (w->picked) w->visitor->item(w->visitor->arg, w->counter, kd_buf_view(&w->item), w->likes, w->picked);
    w->likes = w->picked = 0;
}

static void void_walk_enter(void_walk *w, uint8_t counter, kd_bytes item)
{
    if (counter == w->counter && kd_bytes_eq(item, kd_buf_view(&w->item))) return;
    void_walk_end_item(w);
    w->counter = counter;
    kd_buf_clear(&w->item);
    kd_buf_put(&w->item, item.data, item.len);
}

static int void_walk_row(void *arg, kd_bytes key, kd_bytes value)
{
    void_walk *w = arg;
    kd_stored_row row;
    kd_bytes item, user;
    uint8_t counter;
    if (!kd_member_key_valid(key) || kd_stored_row_decode(value, &row) != KD_OK) return KD_EMALFORMED;
    if (++w->rows % PROGRESS_ROWS == 0 && !w->visitor->progress(w->visitor->arg, w->rows)) return KD_EAGAIN;
    kd_member_key_parse(key, &counter, &item, &user);
    void_walk_enter(w, counter, item);
    w->likes += row.liked;
    if (!void_walk_picks(w->pick, counter, item, user, &row)) return 0;
    w->picked++;
    return w->visitor->row(w->visitor->arg, counter, item, user, row.time_us);
}

int kd_void_walk(const kd_store *store, const kd_void_pick *pick, const kd_void_visitor *visitor)
{
    const uint8_t from[] = {KD_ROW_MEMBER}, to[] = {KD_ROW_MEMBER + 1};
    void_walk w = {.pick = pick, .visitor = visitor};
    int err = store->scan(store->ctx, kd_bytes_of(from, 1), kd_bytes_of(to, 1), void_walk_row, &w);
    if (err == KD_OK) void_walk_end_item(&w);
    kd_buf_finish(&w.item);
    return err;
}
