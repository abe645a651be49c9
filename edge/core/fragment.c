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
    kd_ranked *sorted; /* indices into ops */
    uint32_t count, cap;
} op_list;

static int fragment_read_ops(kd_bytes fragments, op_list *list)
{
    kd_reader r = kd_reader_of(fragments);
    kd_entry_op op;
    while (kd_fragment_next(&r, &op)) {
        list->ops = kd_grow(list->ops, list->count, &list->cap, sizeof(op));
        list->ops[list->count++] = op;
    }
    return r.bad || kd_reader_left(&r) != 0 ? KD_EMALFORMED : KD_OK;
}

static int fragment_order_ops(const kd_entry_op *a, const kd_entry_op *b)
{
    int order = kd_bytes_cmp(a->item, b->item);
    if (order == 0) order = (a->counter_id > b->counter_id) - (a->counter_id < b->counter_id);
    if (order == 0) order = kd_bytes_cmp(a->user, b->user);
    if (order == 0) order = (a->day > b->day) - (a->day < b->day);
    if (order == 0) order = (a->time_us > b->time_us) - (a->time_us < b->time_us);
    return order;
}

/* Whether all operations are on one counter of one item. Then they are ranked by user, else by item: the other key would rank all of them alike. */
static bool fragment_one_item(const op_list *list)
{
    for (uint32_t i = 1; i < list->count; i++) {
        const kd_entry_op *a = &list->ops[0], *b = &list->ops[i];
        if (a->counter_id != b->counter_id || !kd_bytes_eq(a->item, b->item)) return false;
    }
    return true;
}

static int fragment_order_ranked(const void *x, const void *y, void *arg)
{
    const op_list *list = arg;
    const kd_ranked *a = x, *b = y;
    return fragment_order_ops(&list->ops[a->index], &list->ops[b->index]);
}

/* Sorts operations of equal rank by all fields. The rank is eight bytes of the item's key, or of the user's, behind the prefix that all share. */
static void fragment_sort_equals(op_list *list)
{
    for (uint32_t i = 0, next; i < list->count; i = next) {
        for (next = i + 1; next < list->count && list->sorted[next].rank == list->sorted[i].rank;) next++;
        if (next > i + 1)
            qsort_r(list->sorted + i, next - i, sizeof(list->sorted[0]), fragment_order_ranked, list);
    }
}

static void fragment_sort_ops(op_list *list)
{
    bool by_user = fragment_one_item(list);
    size_t shared = SIZE_MAX;
    list->sorted = kd_realloc(NULL, 2 * list->count * sizeof(list->sorted[0]));
    kd_bytes first = by_user ? list->ops[0].user : list->ops[0].item;
    for (uint32_t i = 0; i < list->count; i++) {
        const kd_entry_op *op = &list->ops[i];
        shared = KD_MIN(shared, kd_bytes_shared(first, by_user ? op->user : op->item));
    }
    for (uint32_t i = 0; i < list->count; i++) {
        const kd_entry_op *op = &list->ops[i];
        list->sorted[i] = (kd_ranked){kd_bytes_rank(by_user ? op->user : op->item, shared), i};
    }
    kd_rank_sort(list->sorted, list->sorted + list->count, list->count);
    fragment_sort_equals(list);
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
    body->ops = kd_alloc(list->count * sizeof(body->ops[0]));
    body->sums = kd_alloc(list->count * sizeof(body->sums[0]));
    body->increments = kd_alloc(list->count * sizeof(body->increments[0]));
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
    free(list.sorted);
    return err;
}
