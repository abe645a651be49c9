/*
 * wire_body.c - encodes the body of a batch, in columns. Decoding: wire_body_decode.c.
 *
 * One msgpack array of exactly eleven elements:
 *
 *     +---+---+---+---+---------+---------+---------+---------+---------+---------+------------+
 *     | 1 | n | s | i |  items  |  users  | states  |  times  |  ranks  |  sums   | increments |
 *     +---+---+---+---+---------+---------+---------+---------+---------+---------+------------+
 *       |   |   |   |   bin ...
 *       |   operations, sums, increments
 *       body schema; a body that says more than this is of another schema, so nothing in it can be overlooked
 *
 * Numbers inside a bin are LEB128 varints. Strings are coded as wire_columns.h says.
 *
 *     items       count, then that many item keys ascending (memcmp order), then for each item a head:
 *                     2 n        n operations, all of the counter of the group before (1 at first); or 0
 *                     2 g + 1    g groups, each: counter - the one before in this item (0 at first), count
 *     users       for each operation in the order of the groups a user, ascending within its group by
 *                 kd_split_cmp; each group starts again from number 0, the prefix lives on
 *     states      for each operation a bit, 1 = like; low bits first
 *     times       the n stamps ascending: the first, then each one's distance from the one before
 *     ranks       for each operation the place of its stamp in `times`, in ceil(log2 n) bits, low bits first;
 *                 where stamps are equal, in the order of the operations
 *     sums        by (item, counter, day): item index - the one before, counter,
 *                 zigzag(day - the one before), amount
 *     increments  by (item, counter): item index - the one before, counter, zigzag(shown)
 *
 * A stamp is exact: it decides who wins. Nothing here has two encodings, so equal operations are equal bytes.
 */
#include "common/wire/wire_columns.h"
#include "common/wire/wire_msgpack.h"
#include "common/base/rank.h"
#include "kudos/wire.h"

#include <stdlib.h>
#include <xxhash.h>

typedef struct {
    kd_op op;
    kd_split split;
} keyed_op;

/* State of an encoding: cursors into the sorted arrays, and the columns made so far. */
typedef struct {
    const kd_body *body;
    const keyed_op *ops;
    uint32_t op, sum, increment;
    uint32_t item, last_sum_item, last_increment_item;
    uint32_t last_day;
    uint8_t last_counter;
    kd_string_column item_strings, user_strings;
    kd_buf keys, heads, users, sums, increments;
} encoder;

static int order_of(kd_bytes a_item, uint8_t a_counter, kd_bytes b_item, uint8_t b_counter)
{
    int order = a_item.data == b_item.data && a_item.len == b_item.len ? 0 : kd_bytes_cmp(a_item, b_item);
    return order != 0 ? order : (int)a_counter - (int)b_counter;
}

static int wire_body_compare_ops(const void *left, const void *right)
{
    const keyed_op *a = left, *b = right;
    int order = order_of(a->op.item, a->op.counter, b->op.item, b->op.counter);
    return order != 0 ? order : kd_split_cmp(a->op.user, a->split, b->op.user, b->split);
}

static int wire_body_compare_sums(const void *left, const void *right)
{
    const kd_sum *a = left, *b = right;
    int order = order_of(a->item, a->counter, b->item, b->counter);
    return order != 0 ? order : a->day < b->day ? -1 : a->day > b->day;
}

static int compare_increments(const void *left, const void *right)
{
    const kd_increment *a = left, *b = right;
    return order_of(a->item, a->counter, b->item, b->counter);
}

static bool counter_valid(uint8_t counter)
{
    return counter >= 1 && counter <= KD_COUNTER_ID_MAX;
}

/* Whether the operations are in order already, as an edge brings them. */
static bool ascending(const keyed_op *keyed, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++)
        if (wire_body_compare_ops(&keyed[i - 1], &keyed[i]) >= 0) return false;
    return true;
}

/* Sorts body->ops and returns them with their users split. */
static keyed_op *wire_body_sort_ops(kd_body *body)
{
    keyed_op *keyed = kd_realloc(NULL, body->op_count * sizeof *keyed);
    for (uint32_t i = 0; i < body->op_count; i++)
        keyed[i] = (keyed_op){.op = body->ops[i], .split = kd_split_of(body->ops[i].user)};
    if (!ascending(keyed, body->op_count)) {
        qsort(keyed, body->op_count, sizeof *keyed, wire_body_compare_ops);
        KD_ASSERT(ascending(keyed, body->op_count)); /* no two alike */
    }
    for (uint32_t i = 0; i < body->op_count; i++) {
        KD_ASSERT(counter_valid(keyed[i].op.counter) && keyed[i].op.time_us > 0 &&
                  keyed[i].op.time_us < KD_TIME_END_US);
        KD_ASSERT(keyed[i].op.user.len >= 1 && keyed[i].op.user.len <= KD_ID_MAX);
        body->ops[i] = keyed[i].op;
    }
    return keyed;
}

static void sort_sums(kd_body *body)
{
    uint64_t total = 0;
    if (body->sum_count) qsort(body->sums, body->sum_count, sizeof *body->sums, wire_body_compare_sums);
    for (uint32_t i = 0; i < body->sum_count; i++) {
        const kd_sum *s = &body->sums[i];
        KD_ASSERT(counter_valid(s->counter) && s->amount >= 1 && s->amount <= KD_AMOUNT_TOTAL_MAX - total);
        KD_ASSERT(i == 0 || wire_body_compare_sums(s - 1, s) < 0);
        total += s->amount;
    }
}

static void sort_increments(kd_body *body)
{
    uint32_t sorted = 1; /* an edge makes increments in order, so this mostly reaches the end */
    while (sorted < body->increment_count &&
           compare_increments(&body->increments[sorted - 1], &body->increments[sorted]) < 0)
        sorted++;
    if (sorted < body->increment_count)
        qsort(body->increments, body->increment_count, sizeof *body->increments, compare_increments);
    for (uint32_t i = 0; i < body->increment_count; i++) {
        const kd_increment *n = &body->increments[i];
        KD_ASSERT(counter_valid(n->counter));
        KD_ASSERT(n->shown <= (int64_t)KD_AMOUNT_TOTAL_MAX && n->shown >= -(int64_t)KD_AMOUNT_TOTAL_MAX);
        KD_ASSERT(i == 0 || compare_increments(n - 1, n) < 0);
    }
}

/* The smallest item that none of the three cursors has passed; false at the end. */
static bool wire_body_next_item(const encoder *e, kd_bytes *item)
{
    kd_bytes heads[3];
    int count = 0;
    if (e->op < e->body->op_count) heads[count++] = e->ops[e->op].op.item;
    if (e->sum < e->body->sum_count) heads[count++] = e->body->sums[e->sum].item;
    if (e->increment < e->body->increment_count) heads[count++] = e->body->increments[e->increment].item;
    if (count == 0) return false;
    *item = heads[0];
    for (int i = 1; i < count; i++)
        if (kd_bytes_cmp(heads[i], *item) < 0) *item = heads[i];
    return true;
}

/* Puts the users of one (item, counter) and returns how many. */
static uint32_t put_group(encoder *e, kd_bytes item)
{
    uint32_t first = e->op;
    uint8_t counter = e->ops[first].op.counter;
    e->user_strings.number = 0;
    for (; e->op < e->body->op_count; e->op++) {
        const keyed_op *o = &e->ops[e->op];
        if (o->op.counter != counter || !kd_bytes_eq(o->op.item, item)) break;
        kd_string_column_put(&e->user_strings, &e->users, o->op.user, o->split);
    }
    return e->op - first;
}

static void put_groups(encoder *e, kd_bytes item)
{
    uint8_t counters[KD_COUNTER_ID_MAX];
    uint32_t counts[KD_COUNTER_ID_MAX], groups = 0;
    while (e->op < e->body->op_count && kd_bytes_eq(e->ops[e->op].op.item, item)) {
        counters[groups] = e->ops[e->op].op.counter;
        counts[groups++] = put_group(e, item);
    }
    if (groups == 0 || (groups == 1 && counters[0] == e->last_counter)) {
        kd_buf_put_varint(&e->heads, groups ? 2ull * counts[0] : 0);
        return;
    }
    kd_buf_put_varint(&e->heads, 2ull * groups + 1);
    for (uint32_t i = 0; i < groups; i++) {
        kd_buf_put_varint(&e->heads, i ? (uint64_t)(counters[i] - counters[i - 1]) : counters[i]);
        kd_buf_put_varint(&e->heads, counts[i]);
    }
    e->last_counter = counters[groups - 1];
}

static void put_sums(encoder *e, kd_bytes item)
{
    for (; e->sum < e->body->sum_count; e->sum++) {
        const kd_sum *s = &e->body->sums[e->sum];
        if (!kd_bytes_eq(s->item, item)) return;
        kd_buf_put_varint(&e->sums, e->item - e->last_sum_item);
        kd_buf_put_varint(&e->sums, s->counter);
        kd_buf_put_varint(&e->sums, kd_zigzag((int64_t)s->day - (int64_t)e->last_day));
        kd_buf_put_varint(&e->sums, s->amount);
        e->last_sum_item = e->item;
        e->last_day = s->day;
    }
}

static void put_increments(encoder *e, kd_bytes item)
{
    for (; e->increment < e->body->increment_count; e->increment++) {
        const kd_increment *n = &e->body->increments[e->increment];
        if (!kd_bytes_eq(n->item, item)) return;
        kd_buf_put_varint(&e->increments, e->item - e->last_increment_item);
        kd_buf_put_varint(&e->increments, n->counter);
        kd_buf_put_varint(&e->increments, kd_zigzag(n->shown));
        e->last_increment_item = e->item;
    }
}

static void put_items(encoder *e)
{
    kd_bytes item;
    for (; wire_body_next_item(e, &item); e->item++) {
        kd_string_column_put(&e->item_strings, &e->keys, item, kd_split_of(item));
        put_groups(e, item);
        put_sums(e, item);
        put_increments(e, item);
    }
}

static void put_states(const kd_body *body, kd_buf *out)
{
    uint32_t *states = kd_alloc(body->op_count * sizeof *states);
    for (uint32_t i = 0; i < body->op_count; i++) states[i] = body->ops[i].liked;
    kd_bits_put(out, states, body->op_count, 1);
    free(states);
}

static void put_times(const kd_body *body, kd_buf *times, kd_buf *ranks)
{
    uint32_t n = body->op_count;
    kd_ranked *stamps = kd_realloc(NULL, (2 * n + 1) * sizeof *stamps);
    uint32_t *rank = kd_alloc(n * sizeof *rank);
    for (uint32_t i = 0; i < n; i++) stamps[i] = (kd_ranked){body->ops[i].time_us, i};
    kd_rank_sort(stamps, stamps + n, n);
    for (uint32_t i = 0; i < n; i++) {
        kd_buf_put_varint(times, i ? stamps[i].rank - stamps[i - 1].rank : stamps[i].rank);
        rank[stamps[i].index] = i;
    }
    kd_bits_put(ranks, rank, n, kd_bits_for(n));
    free(stamps);
    free(rank);
}

static void put_column(kd_buf *out, kd_buf *column)
{
    kd_msgpack_put_bin(out, kd_buf_view(column));
    kd_buf_finish(column);
}

static void put_body(encoder *e, kd_buf *out)
{
    const kd_body *body = e->body;
    kd_buf items = {0}, states = {0}, times = {0}, ranks = {0};
    kd_buf_put_varint(&items, e->item);
    kd_buf_put(&items, e->keys.data, e->keys.len);
    kd_buf_put(&items, e->heads.data, e->heads.len);
    put_states(body, &states);
    put_times(body, &times, &ranks);
    kd_msgpack_put_array(out, 11);
    kd_msgpack_put_uint(out, KD_WIRE_SCHEMA);
    kd_msgpack_put_uint(out, body->op_count);
    kd_msgpack_put_uint(out, body->sum_count);
    kd_msgpack_put_uint(out, body->increment_count);
    put_column(out, &items);
    put_column(out, &e->users);
    put_column(out, &states);
    put_column(out, &times);
    put_column(out, &ranks);
    put_column(out, &e->sums);
    put_column(out, &e->increments);
}

void kd_body_encode(kd_body *body, kd_buf *out)
{
    KD_ASSERT(body->op_count <= KD_BATCH_OPS_MAX && body->sum_count <= KD_BATCH_OPS_MAX - body->op_count);
    KD_ASSERT(body->increment_count <= KD_BATCH_OPS_MAX);
    keyed_op *ops = wire_body_sort_ops(body);
    sort_sums(body);
    sort_increments(body);
    encoder e = {.body = body, .ops = ops, .last_counter = 1};
    put_items(&e);
    put_body(&e, out);
    kd_buf_finish(&e.keys);
    kd_buf_finish(&e.heads);
    free(ops);
}

size_t kd_body_bytes_bound(size_t item_len, size_t user_len)
{
    /* Overheads in bytes. A string: form, shared and rest (5); a number or a UUID is never longer than its text. An item: a string (5) and a group of
     * its own (5). An operation: a string for its user (5), time (9), rank and state (2). A sum: item step, counter, day, amount (17). An increment:
     * 12. So 18 covers each. The last byte of a column of bits is in KD_BODY_BYTES_FIXED. */
    return item_len + 10 + user_len + 18;
}

uint64_t kd_body_digest(kd_bytes encoded_body)
{
    return XXH64(encoded_body.data, encoded_body.len, 0);
}
