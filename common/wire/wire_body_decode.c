/*
 * wire_body_decode.c - reads the body of a batch from a stranger. Layout: wire_body.c.
 *
 * Invariants: nothing is allocated before the bytes that must back it were seen; an accepted body is, byte for byte, the one that
 * kd_body_encode makes of the same operations.
 *
 * All strings lie in the body's arena: the items, then the users, in the order of their columns. The arena
 * moves while it grows, so views get their pointers at the end (deal_views). Until then a view has its length but no pointer, and the item of an
 * operation, sum or increment has the item's index as its length.
 */
#include "common/wire/wire_columns.h"
#include "common/wire/wire_msgpack.h"
#include "kudos/wire.h"

#include <stdlib.h>

enum { ITEMS, USERS, STATES, TIMES, RANKS, SUMS, INCREMENTS, COLUMNS };

typedef struct {
    kd_body *body;
    kd_reader column[COLUMNS];
    uint32_t item_count;
    kd_bytes *items; /* data is set by deal_views */
    bool *used;      /* by item: an operation, sum or increment names it; an item without use is refused */
    uint32_t op;     /* operations read */
    uint8_t last_counter;
    bool bad;
} decoder;

static int read_frame(decoder *d, kd_bytes bytes)
{
    if (bytes.len > KD_BATCH_BYTES_MAX) return KD_ETOOBIG;
    kd_reader r = kd_reader_of(bytes);
    uint32_t elements = kd_msgpack_array(&r);
    uint64_t schema = kd_msgpack_uint(&r, UINT64_MAX);
    if (!r.bad && schema > KD_WIRE_SCHEMA) return KD_EVERSION;
    if (r.bad || elements != 4 + COLUMNS || schema == 0) return KD_EMALFORMED;
    uint64_t ops = kd_msgpack_uint(&r, UINT64_MAX), sums = kd_msgpack_uint(&r, UINT64_MAX);
    uint64_t increments = kd_msgpack_uint(&r, UINT64_MAX);
    for (int i = 0; i < COLUMNS; i++) d->column[i] = kd_reader_of(kd_msgpack_bin(&r));
    if (r.bad || kd_reader_left(&r) != 0) return KD_EMALFORMED;
    if (ops > KD_BATCH_OPS_MAX || sums > KD_BATCH_OPS_MAX - ops || increments > KD_BATCH_OPS_MAX)
        return KD_ETOOBIG;
    d->body->op_count = (uint32_t)ops;
    d->body->sum_count = (uint32_t)sums;
    d->body->increment_count = (uint32_t)increments;
    return KD_OK;
}

/* Whether every claimed count is backed by enough bytes, by the smallest size of an entry of each column: only then is memory allocated for it. */
static bool counts_backed(decoder *d)
{
    const kd_body *b = d->body;
    uint64_t items = kd_read_varint(&d->column[ITEMS]);
    if (d->column[ITEMS].bad || items > kd_reader_left(&d->column[ITEMS]) / 2) return false;
    if (items > (uint64_t)b->op_count + b->sum_count + b->increment_count) return false;
    d->item_count = (uint32_t)items;
    return b->op_count <= kd_reader_left(&d->column[USERS]) &&
           b->op_count <= kd_reader_left(&d->column[TIMES]) &&
           b->sum_count <= kd_reader_left(&d->column[SUMS]) / 4 &&
           b->increment_count <= kd_reader_left(&d->column[INCREMENTS]) / 3;
}

static void allocate(decoder *d)
{
    kd_body *b = d->body;
    b->ops = kd_alloc(b->op_count * sizeof *b->ops);
    b->sums = kd_alloc(b->sum_count * sizeof *b->sums);
    b->increments = kd_alloc(b->increment_count * sizeof *b->increments);
    d->items = kd_alloc(d->item_count * sizeof *d->items);
    d->used = kd_alloc(d->item_count * sizeof *d->used);
    kd_buf_reserve(&b->arena, 32u * (b->op_count + d->item_count) + 1);
}

/* The string read last: `len` bytes at the end of the arena. */
static kd_bytes last_string(const decoder *d, uint32_t len)
{
    const kd_buf *arena = &d->body->arena;
    return kd_bytes_of(arena->data + arena->len - len, len);
}

static void wire_body_decode_read_items(decoder *d)
{
    kd_reader *r = &d->column[ITEMS];
    kd_string_column strings = {0};
    uint32_t before = 0;
    for (uint32_t i = 0; i < d->item_count && !d->bad; i++) {
        uint32_t len = kd_string_column_get(&strings, r, &d->body->arena);
        if (r->bad) return;
        kd_bytes key = last_string(d, len);
        bool ascends = i == 0 || kd_bytes_cmp(kd_bytes_of(key.data - before, before), key) < 0;
        if (!ascends || !kd_item_key_valid(key)) d->bad = true;
        d->items[i].len = before = len;
    }
}

/* Reads the users of one group (one item, one counter), which must ascend. */
static void wire_body_decode_read_group(decoder *d, kd_string_column *strings, uint32_t item,
                                        uint64_t counter, uint64_t count)
{
    kd_body *b = d->body;
    kd_reader *r = &d->column[USERS];
    if (counter < 1 || counter > KD_COUNTER_ID_MAX || count < 1 || count > b->op_count - d->op) d->bad = true;
    if (d->bad) return;
    kd_split before = {0};
    uint32_t before_len = 0;
    strings->number = 0;
    for (uint64_t i = 0; i < count; i++) {
        uint32_t len = kd_string_column_get(strings, r, &b->arena);
        if (r->bad) return;
        kd_bytes user = last_string(d, len);
        kd_split split = kd_string_column_split(strings);
        bool ascends =
            i == 0 || kd_split_cmp(kd_bytes_of(user.data - before_len, before_len), before, user, split) < 0;
        if (!ascends || !kd_id_valid(user)) d->bad = true;
        if (d->bad) return;
        b->ops[d->op++] = (kd_op){.item.len = item, .user.len = len, .counter = (uint8_t)counter};
        before = split;
        before_len = len;
    }
    d->last_counter = (uint8_t)counter;
    d->used[item] = true;
}

static void read_groups(decoder *d)
{
    kd_reader *r = &d->column[ITEMS];
    kd_string_column strings = {0};
    d->last_counter = 1;
    for (uint32_t item = 0; item < d->item_count && !d->bad && !r->bad; item++) {
        uint64_t head = kd_read_varint(r);
        if (head == 0) continue;
        if (head % 2 == 0) {
            wire_body_decode_read_group(d, &strings, item, d->last_counter, head / 2);
            continue;
        }
        uint64_t groups = head / 2, counter = 0;
        uint8_t implied = d->last_counter;
        if (groups < 1 || groups > KD_COUNTER_ID_MAX) d->bad = true;
        for (uint64_t g = 0; g < groups && !d->bad && !r->bad; g++) {
            uint64_t step = kd_read_varint(r), count = kd_read_varint(r);
            if (step < 1 || step > KD_COUNTER_ID_MAX || (groups == 1 && step == implied)) d->bad = true;
            counter += step;
            wire_body_decode_read_group(d, &strings, item, counter, count);
        }
    }
    if (d->op != d->body->op_count) d->bad = true;
}

static void read_states(decoder *d)
{
    uint32_t n = d->body->op_count, *states = kd_alloc(n * sizeof *states);
    kd_bits_get(&d->column[STATES], states, n, 1);
    for (uint32_t i = 0; i < n; i++) d->body->ops[i].liked = states[i] != 0;
    free(states);
}

/* order[rank] = operation; false unless the ranks are a permutation. */
static bool read_ranks(decoder *d, uint32_t *ranks, uint32_t *order)
{
    uint32_t n = d->body->op_count;
    kd_reader *r = &d->column[RANKS];
    kd_bits_get(r, ranks, n, kd_bits_for(n));
    if (r->bad) return false;
    for (uint32_t i = 0; i < n; i++) order[i] = UINT32_MAX;
    for (uint32_t i = 0; i < n; i++) {
        if (ranks[i] >= n || order[ranks[i]] != UINT32_MAX) return false;
        order[ranks[i]] = i;
    }
    return true;
}

static void read_times(decoder *d)
{
    uint32_t n = d->body->op_count;
    uint32_t *ranks = kd_alloc(n * sizeof *ranks), *order = kd_alloc(n * sizeof *order);
    kd_reader *r = &d->column[TIMES];
    uint64_t time = 0;
    if (!read_ranks(d, ranks, order)) d->bad = true;
    for (uint32_t i = 0; i < n && !d->bad && !r->bad; i++) {
        uint64_t step = kd_read_varint(r);
        if (step >= KD_TIME_END_US - time || (i == 0 && step == 0)) d->bad = true;
        if (i > 0 && step == 0 && order[i] < order[i - 1]) d->bad = true;
        time += step;
        d->body->ops[order[i]].time_us = time;
    }
    free(ranks);
    free(order);
}

/* Reads the next item index of a column that steps through the items (sums, increments); false past the last item. */
static bool step_item(decoder *d, kd_reader *r, uint32_t *item)
{
    uint64_t step = kd_read_varint(r);
    if (r->bad || step >= d->item_count - *item) return false;
    *item += (uint32_t)step;
    d->used[*item] = true;
    return true;
}

static bool wire_body_decode_read_sum(decoder *d, kd_sum *s, uint32_t *item, int64_t *day, uint64_t *total)
{
    kd_reader *r = &d->column[SUMS];
    if (!step_item(d, r, item)) return false;
    uint64_t counter = kd_read_varint(r);
    int64_t day_step = kd_unzigzag(kd_read_varint(r));
    uint64_t amount = kd_read_varint(r);
    if (r->bad || counter < 1 || counter > KD_COUNTER_ID_MAX) return false;
    if (day_step > UINT32_MAX - *day || day_step < -*day) return false;
    if (amount < 1 || amount > KD_AMOUNT_TOTAL_MAX - *total) return false;
    *day += day_step;
    *total += amount;
    *s = (kd_sum){.item.len = *item, .amount = amount, .day = (uint32_t)*day, .counter = (uint8_t)counter};
    return true;
}

static bool sum_ascends(const kd_sum *a, const kd_sum *b)
{
    if (a->item.len != b->item.len) return a->item.len < b->item.len;
    return a->counter != b->counter ? a->counter < b->counter : a->day < b->day;
}

static void read_sums(decoder *d)
{
    kd_sum *sums = d->body->sums;
    uint32_t item = 0;
    int64_t day = 0;
    uint64_t total = 0;
    for (uint32_t i = 0; i < d->body->sum_count && !d->bad; i++)
        if (!wire_body_decode_read_sum(d, &sums[i], &item, &day, &total) ||
            (i > 0 && !sum_ascends(&sums[i - 1], &sums[i])))
            d->bad = true;
}

static void read_increments(decoder *d)
{
    kd_reader *r = &d->column[INCREMENTS];
    kd_increment *all = d->body->increments;
    uint32_t item = 0;
    for (uint32_t i = 0; i < d->body->increment_count && !d->bad; i++) {
        if (!step_item(d, r, &item)) d->bad = true;
        uint64_t counter = kd_read_varint(r);
        int64_t shown = kd_unzigzag(kd_read_varint(r));
        if (counter < 1 || counter > KD_COUNTER_ID_MAX) d->bad = true;
        if (shown > (int64_t)KD_AMOUNT_TOTAL_MAX || shown < -(int64_t)KD_AMOUNT_TOTAL_MAX) d->bad = true;
        all[i] = (kd_increment){.item.len = item, .shown = shown, .counter = (uint8_t)counter};
        bool ascends = i == 0 || all[i - 1].item.len < item || all[i - 1].counter < counter;
        if (!ascends) d->bad = true;
    }
}

static bool all_consumed(const decoder *d)
{
    for (int i = 0; i < COLUMNS; i++)
        if (d->column[i].bad || kd_reader_left(&d->column[i]) != 0) return false;
    for (uint32_t i = 0; i < d->item_count; i++)
        if (!d->used[i]) return false;
    return !d->bad;
}

static void wire_body_decode_deal_views(decoder *d)
{
    kd_body *b = d->body;
    const uint8_t *p = b->arena.data;
    for (uint32_t i = 0; i < d->item_count; p += d->items[i++].len) d->items[i].data = p;
    for (uint32_t i = 0; i < b->op_count; p += b->ops[i++].user.len) {
        b->ops[i].user.data = p;
        b->ops[i].item = d->items[b->ops[i].item.len];
    }
    for (uint32_t i = 0; i < b->sum_count; i++) b->sums[i].item = d->items[b->sums[i].item.len];
    for (uint32_t i = 0; i < b->increment_count; i++)
        b->increments[i].item = d->items[b->increments[i].item.len];
}

static int read_columns(decoder *d)
{
    wire_body_decode_read_items(d);
    if (!d->bad && !d->column[ITEMS].bad) read_groups(d);
    if (!d->bad && !d->column[USERS].bad) read_states(d);
    if (!d->bad) read_times(d);
    if (!d->bad) read_sums(d);
    if (!d->bad) read_increments(d);
    if (!all_consumed(d)) return KD_EMALFORMED;
    wire_body_decode_deal_views(d);
    return KD_OK;
}

int kd_body_decode(kd_bytes bytes, kd_body *body)
{
    *body = (kd_body){0};
    decoder d = {.body = body};
    int err = read_frame(&d, bytes);
    if (err == KD_OK && !counts_backed(&d)) err = KD_EMALFORMED;
    if (err == KD_OK) {
        allocate(&d);
        err = read_columns(&d);
    }
    free(d.items);
    free(d.used);
    if (err != KD_OK) kd_body_finish(body);
    return err;
}

void kd_body_finish(kd_body *body)
{
    free(body->ops);
    free(body->sums);
    free(body->increments);
    kd_buf_finish(&body->arena);
    *body = (kd_body){0};
}
