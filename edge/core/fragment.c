/*
 * fragment.c - operations as they stand in the journal, and the body that they make.
 *
 * A fragment holds the operations that one group of writes added to one batch, one behind the other:
 *
 *     verb:1 counter:1 item ulen:1 user time:8 delta:varint(zigzag)      unlike (0), like (1)
 *     verb:1 counter:1 item amount:varint day:varint                     sum (2)
 *
 * A body is a function of its fragments alone (rule 6): a batch that is sent again must have the same bytes. Of the operations on one (counter, item,
 * user) it holds the last, also where like and unlike cancel out (rule 7): another edge's older like must not stand.
 */
#include "edge/core/fragment.h"
#include "common/base/rank.h"
#include "common/wire/wire_columns.h"
#include "edge/core/state.h"

#include <stdlib.h>

void kd_fragment_put(kd_buf *out, const kd_entry_op *op)
{
    kd_buf_put_u8(out, (uint8_t)op->verb);
    kd_buf_put_u8(out, op->counter_id);
    kd_buf_put(out, op->item.data, op->item.len);
    if (op->verb == KD_ADD) {
        kd_buf_put_varint(out, op->amount);
        kd_buf_put_varint(out, op->day);
        return;
    }
    kd_buf_put_u8(out, (uint8_t)op->user.len);
    kd_buf_put(out, op->user.data, op->user.len);
    kd_buf_put_be64(out, op->time_us);
    kd_buf_put_varint(out, kd_zigzag(op->delta));
}

static kd_bytes fragment_read_item(kd_reader *r)
{
    const uint8_t *start = r->p;
    kd_read_bytes(r, kd_read_u8(r));
    kd_read_bytes(r, kd_read_u8(r));
    return kd_bytes_of(start, (size_t)(r->p - start));
}

bool kd_fragment_next(kd_reader *r, kd_entry_op *op)
{
    if (kd_reader_left(r) == 0) return false;
    *op = (kd_entry_op){.verb = kd_read_u8(r), .counter_id = kd_read_u8(r)};
    op->item = fragment_read_item(r);
    if (op->verb == KD_ADD) {
        op->amount = kd_read_varint(r);
        op->day = (uint32_t)kd_read_varint(r);
        op->delta = (int64_t)op->amount;
    } else {
        op->user = kd_read_bytes(r, kd_read_u8(r));
        op->time_us = kd_read_be64(r);
        op->delta = kd_unzigzag(kd_read_varint(r));
    }
    return !r->bad && op->verb <= KD_ADD;
}

/* The counter need not be configured: it may have been taken out of the configuration since. */
bool kd_fragment_op_valid(const kd_edge *e, const kd_part *p, const kd_entry_op *op)
{
    kd_item item;
    if (op->counter_id == 0 || op->counter_id > KD_COUNTER_ID_MAX ||
        kd_item_from_key(&item, op->item) != KD_OK || kd_partition(op->item, e->config.partitions) != p->id)
        return false;
    if (op->verb == KD_ADD) return op->amount >= 1 && op->amount <= KD_AMOUNT_TOTAL_MAX;
    return kd_id_valid(op->user) && op->time_us < KD_TIME_END_US && op->delta >= -KD_DELTA_MAX &&
           op->delta <= KD_DELTA_MAX;
}

typedef struct {
    kd_entry_op *ops;
    kd_split *splits;  /* of the users of ops, where several operations are on one item */
    kd_ranked *sorted; /* indices into ops; behind them as much room for the sort */
    uint32_t count, cap;
} op_list;

static int fragment_read_ops(kd_bytes fragments, op_list *list)
{
    kd_reader r = kd_reader_of(fragments);
    kd_entry_op op;
    while (kd_fragment_next(&r, &op)) {
        if (list->count == list->cap) list->ops = kd_grow(list->ops, list->count, &list->cap, sizeof(op));
        list->ops[list->count++] = op;
    }
    return r.bad || kd_reader_left(&r) != 0 ? KD_EMALFORMED : KD_OK;
}

/*
 * The order of a body (kd_body_encode), then by day and stamp. Operations on one (counter, item, user) stand together then, the last one at the end,
 * and the body needs no sort of its own.
 */
static int fragment_order_ranked(const void *x, const void *y, void *arg)
{
    const op_list *list = arg;
    uint32_t i = ((const kd_ranked *)x)->index, j = ((const kd_ranked *)y)->index;
    const kd_entry_op *a = &list->ops[i], *b = &list->ops[j];
    int order = kd_bytes_cmp(a->item, b->item);
    if (order == 0) order = (a->counter_id > b->counter_id) - (a->counter_id < b->counter_id);
    if (order == 0) order = kd_split_cmp(a->user, list->splits[i], b->user, list->splits[j]);
    if (order == 0) order = (a->day > b->day) - (a->day < b->day);
    if (order == 0) order = (a->time_us > b->time_us) - (a->time_us < b->time_us);
    return order;
}

static void fragment_sort_compared(op_list *list, kd_ranked *at, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        if (fragment_order_ranked(&at[i - 1], &at[i], list) <= 0) continue;
        qsort_r(at, count, sizeof(*at), fragment_order_ranked, list);
        return;
    }
}

/* Whether `b` differs from `a` at most in the number of the user, and in the stamp: then the number is the order. */
static bool fragment_by_number(const op_list *list, uint32_t a, uint32_t b)
{
    const kd_entry_op *x = &list->ops[a], *y = &list->ops[b];
    const kd_split *s = &list->splits[a], *t = &list->splits[b];
    return t->tail == KD_TAIL_NUMBER && s->tail == KD_TAIL_NUMBER && x->counter_id == y->counter_id &&
           kd_bytes_eq(kd_bytes_of(x->user.data, s->prefix_len), kd_bytes_of(y->user.data, t->prefix_len)) &&
           kd_bytes_eq(x->item, y->item);
}

/* Operations whose items have the same rank: mostly those on one item, by users that may be numbered. */
static void fragment_sort_run(op_list *list, kd_ranked *at, uint32_t count)
{
    bool by_number = true;
    for (uint32_t i = 0; i < count; i++) list->splits[at[i].index] = kd_split_of(list->ops[at[i].index].user);
    for (uint32_t i = 1; i < count && by_number; i++)
        by_number = fragment_by_number(list, at[0].index, at[i].index);
    if (!by_number) {
        fragment_sort_compared(list, at, count);
        return;
    }
    for (uint32_t i = 0; i < count; i++) at[i].rank = list->splits[at[i].index].number;
    kd_rank_sort(at, list->sorted + list->count, count);
    for (uint32_t i = 0, next; i < count; i = next) {
        for (next = i + 1; next < count && at[next].rank == at[i].rank;) next++;
        if (next > i + 1) fragment_sort_compared(list, at + i, next - i);
    }
}

static kd_bytes fragment_item_of(const void *list, uint32_t i)
{
    return ((const op_list *)list)->ops[i].item;
}

static void fragment_sort_ops(op_list *list)
{
    kd_rank_places places = kd_rank_places_of(fragment_item_of, list, list->count);
    list->sorted = kd_realloc(NULL, 2 * list->count * sizeof(list->sorted[0]));
    list->splits = kd_realloc(NULL, list->count * sizeof(list->splits[0]));
    for (uint32_t i = 0; i < list->count; i++)
        list->sorted[i] = (kd_ranked){kd_rank_of(&places, list->ops[i].item), i};
    kd_rank_sort(list->sorted, list->sorted + list->count, list->count);
    for (uint32_t i = 0, next; i < list->count; i = next) {
        uint64_t rank = list->sorted[i].rank;
        for (next = i + 1; next < list->count && list->sorted[next].rank == rank;) next++;
        if (next > i + 1) fragment_sort_run(list, list->sorted + i, next - i);
    }
}

static void fragment_add_increment(kd_body *body, const kd_entry_op *op)
{
    kd_increment *last = body->increment_count ? &body->increments[body->increment_count - 1] : NULL;
    if (last && last->counter == op->counter_id && kd_bytes_eq(last->item, op->item)) {
        last->shown += op->delta;
        return;
    }
    body->increments[body->increment_count++] =
        (kd_increment){.item = op->item, .counter = op->counter_id, .shown = op->delta};
}

static void fragment_add_sum(kd_body *body, const kd_entry_op *op)
{
    kd_sum *last = body->sum_count ? &body->sums[body->sum_count - 1] : NULL;
    if (last && last->counter == op->counter_id && last->day == op->day &&
        kd_bytes_eq(last->item, op->item)) {
        last->amount += op->amount;
        return;
    }
    body->sums[body->sum_count++] =
        (kd_sum){.item = op->item, .counter = op->counter_id, .amount = op->amount, .day = op->day};
}

/* Operations of one (counter, item, user) come sorted by stamp: the later one replaces the one before. */
static void fragment_add_set(kd_edge *e, kd_body *body, const kd_entry_op *op)
{
    fragment_add_increment(body, op);
    kd_op *last = body->op_count ? &body->ops[body->op_count - 1] : NULL;
    if (last && last->counter == op->counter_id && kd_bytes_eq(last->item, op->item) &&
        kd_bytes_eq(last->user, op->user)) {
        if (KD_PLANTED(e, KD_PLANT_FIRST_STANDS)) return;
        body->op_count--;
        if (KD_PLANTED(e, KD_PLANT_DROP_CANCELLED) && last->liked && op->verb == KD_UNLIKE) return;
    }
    body->ops[body->op_count++] = (kd_op){.item = op->item,
                                          .user = op->user,
                                          .time_us = op->time_us,
                                          .counter = op->counter_id,
                                          .liked = op->verb == KD_LIKE};
}

static void fragment_fill_body(kd_edge *e, kd_body *body, op_list *list)
{
    body->ops = kd_realloc(NULL, list->count * sizeof(body->ops[0]));
    body->sums = kd_realloc(NULL, list->count * sizeof(body->sums[0]));
    body->increments = kd_realloc(NULL, list->count * sizeof(body->increments[0]));
    if (list->count) fragment_sort_ops(list);
    for (uint32_t i = 0; i < list->count; i++) {
        const kd_entry_op *op = &list->ops[list->sorted[i].index];
        if (op->verb == KD_ADD)
            fragment_add_sum(body, op);
        else
            fragment_add_set(e, body, op);
    }
}

int kd_fragment_body(kd_edge *e, kd_bytes fragments, kd_buf *out)
{
    op_list list = {0};
    kd_body body = {0};
    int err = fragment_read_ops(fragments, &list);
    if (err == KD_OK) {
        fragment_fill_body(e, &body, &list);
        kd_buf_clear(out);
        kd_body_encode(&body, out);
    }
    kd_body_finish(&body);
    free(list.ops);
    free(list.splits);
    free(list.sorted);
    return err;
}
