/* fold.c - see the header. */
#include "central/core/fold.h"

#include "central/core/collect.h"
#include "central/core/sort.h"
#include "central/core/state.h"

#include <stdlib.h>

bool kd_fold_wins(kd_central *c, const kd_gathered_op *op, const kd_stored_row *old)
{
    if (old && kd_collect_is_gone(c, old, op->arrival) && !kd_planted(c, KD_PLANT_FLOOR_UNSWEPT)) old = NULL;
    if (!old) /* rule 2: an unlike of nothing leaves a row */
        return !kd_collect_ignores(c, op) && (op->liked || !kd_planted(c, KD_PLANT_NO_TOMBSTONE));
    if (kd_planted(c, KD_PLANT_MERGE_ANY_STAMP)) return true;
    /* A like that was merged before either stands in its row or lost to a larger stamp. Where the row is older than the like, the row was begun anew
     * since: the operation with the larger stamp, an unlike, is collected. */
    return kd_stamp_less(c, old->time_us, old->edge, op->time_us, op->edge) &&
           !(op->liked && kd_collect_ignores(c, op));
}

/* Order of the key of the next folded operation and this one; 1 behind the last. */
static int fold_order(const kd_central *c, const kd_commit *k, kd_bytes key)
{
    if (c->sort.folded_at == k->folded_count) return 1;
    const kd_gathered_op *f = &k->folded[c->sort.folded_at];
    return kd_bytes_cmp(kd_key_at(k, f->key_at, f->key_len), key);
}

/* The operations on this row that were folded: *first, and how many. They stand in the order of keys, as is asked for them. */
static uint32_t fold_find(kd_central *c, const kd_commit *k, const kd_gathered_op *op, uint32_t *first)
{
    kd_sort *o = &c->sort;
    if (o->folded_at == k->folded_count) return 0;
    kd_bytes key = kd_key_at(k, op->key_at, op->key_len);
    while (fold_order(c, k, key) < 0) o->folded_at++;
    *first = o->folded_at;
    while (fold_order(c, k, key) == 0) o->folded_at++;
    return o->folded_at - *first;
}

static bool fold_one(kd_central *c, const kd_gathered_op *op, const kd_stored_row *old)
{
    if (!kd_fold_wins(c, op, old)) return false;
    kd_trend_won(c, op, old);
    return true;
}

static int fold_compare_arrival(const void *left, const void *right)
{
    const kd_gathered_op *a = left, *b = right;
    return a->arrival < b->arrival ? -1 : a->arrival > b->arrival;
}

/* The last of them that wins, or NULL. */
static const kd_gathered_op *fold_follow(kd_central *c, const kd_gathered_op *ops, uint32_t count,
                                         const kd_stored_row *old, bool *passed)
{
    const kd_gathered_op *last = NULL;
    kd_stored_row row;
    for (uint32_t i = 0; i < count; i++) {
        if (!fold_one(c, &ops[i], last ? &row : old)) continue;
        *passed |= last && last->liked != ops[i].liked;
        last = &ops[i];
        row = kd_gathered_row(last);
    }
    return last;
}

static void fold_trade(kd_commit *k, uint32_t first, kd_gathered_op *op, uint32_t arrival)
{
    if (op->arrival == arrival) return;
    while (k->folded[first].arrival != arrival) first++;
    kd_gathered_op last = k->folded[first];
    k->folded[first] = *op;
    *op = last;
}

bool kd_fold_row(kd_central *c, kd_commit *k, kd_gathered_op *op, const kd_stored_row *old, bool *passed)
{
    *passed = false;
    uint32_t first = 0, count = fold_find(c, k, op, &first);
    if (count == 0 || kd_planted(c, KD_PLANT_FOLD_LARGEST)) return fold_one(c, op, old);
    kd_gathered_op *ops = c->sort.ops; /* has room for all of the commit */
    memcpy(ops, &k->folded[first], count * sizeof *ops);
    ops[count++] = *op;
    qsort(ops, count, sizeof *ops, fold_compare_arrival);
    const kd_gathered_op *last = fold_follow(c, ops, count, old, passed);
    if (last) fold_trade(k, first, op, last->arrival);
    return last != NULL;
}
