/* sort.c - see the header. */
#include "central/core/sort.h"

#include "central/core/registry.h"
#include "central/core/state.h"

#include <stdlib.h>

bool kd_stamp_less(const kd_central *c, uint64_t a_us, uint16_t a_edge, uint64_t b_us, uint16_t b_edge)
{
    if (a_us != b_us) return a_us < b_us;
    if (a_edge == b_edge) return false;
    return kd_bytes_cmp(kd_registered_name(&c->edges[a_edge]), kd_registered_name(&c->edges[b_edge])) < 0;
}

static kd_bytes sort_key(const kd_commit *k, const kd_gathered_op *op)
{
    return kd_key_at(k, op->key_at, op->key_len);
}

/* Never 0: the later arrival counts as the larger one. */
static int sort_compare_ops(const kd_central *c, const kd_commit *k, const kd_gathered_op *a,
                            const kd_gathered_op *b)
{
    int order = kd_bytes_cmp(sort_key(k, a), sort_key(k, b));
    if (order != 0) return order;
    if (!kd_planted(c, KD_PLANT_MERGE_ANY_STAMP)) {
        if (kd_stamp_less(c, a->time_us, a->edge, b->time_us, b->edge)) return -1;
        if (kd_stamp_less(c, b->time_us, b->edge, a->time_us, a->edge)) return 1;
    }
    return a->arrival < b->arrival ? -1 : 1;
}

/* ---- ranks ---- */

static void sort_make_room(kd_sort *o, uint32_t count)
{
    if (count <= o->cap) return;
    o->cap = KD_MAX(count, o->cap * 2);
    o->at = kd_realloc(o->at, o->cap * sizeof *o->at);
    o->merged = kd_realloc(o->merged, o->cap * sizeof *o->merged);
    o->runs = kd_realloc(o->runs, (o->cap + 1ul) * sizeof *o->runs);
    o->ops = kd_realloc(o->ops, o->cap * sizeof *o->ops);
}

/* The eight bytes behind what all keys share rank them: most comparisons need no look at the keys. */
static void sort_rank(kd_sort *o, const kd_commit *k)
{
    kd_bytes first = sort_key(k, &k->ops[0]);
    size_t shared = first.len;
    for (uint32_t i = 1; i < k->op_count; i++) {
        kd_bytes key = sort_key(k, &k->ops[i]);
        if (key.len < shared || memcmp(key.data, first.data, shared) != 0)
            shared = kd_bytes_shared(first, key);
    }
    for (uint32_t i = 0; i < k->op_count; i++)
        o->at[i] = (kd_ranked){kd_bytes_rank(sort_key(k, &k->ops[i]), shared), i};
}

/* ---- runs ---- */

static bool sort_less(const kd_central *c, const kd_commit *k, const kd_ranked *a, const kd_ranked *b)
{
    if (a->rank != b->rank) return a->rank < b->rank;
    return sort_compare_ops(c, k, &k->ops[a->index], &k->ops[b->index]) < 0;
}

/* Notes where ascending runs begin, and behind them the end. Returns how many there are. */
static uint32_t sort_find_runs(const kd_central *c, const kd_commit *k, kd_sort *o)
{
    uint32_t runs = 0;
    o->runs[runs++] = 0;
    for (uint32_t i = 1; i < k->op_count; i++)
        if (!sort_less(c, k, &o->at[i - 1], &o->at[i])) o->runs[runs++] = i;
    o->runs[runs] = k->op_count;
    return runs;
}

/* Merges two neighbours among the runs, which begin at these places and end at `end`. */
static void sort_merge_two(const kd_central *c, const kd_commit *k, kd_sort *o, uint32_t left, uint32_t right,
                           uint32_t end)
{
    uint32_t to = left, middle = right;
    while (left < middle && right < end)
        o->merged[to++] = o->at[sort_less(c, k, &o->at[right], &o->at[left]) ? right++ : left++];
    if (left < middle) memcpy(&o->merged[to], &o->at[left], (middle - left) * sizeof *o->at);
    if (right < end) memcpy(&o->merged[to], &o->at[right], (end - right) * sizeof *o->at);
}

/* One pass: each pair of neighbours becomes one run. Returns how many runs are left. */
static uint32_t sort_merge_pairs(const kd_central *c, const kd_commit *k, kd_sort *o, uint32_t runs)
{
    uint32_t left = 0, end = o->runs[runs];
    for (uint32_t i = 0; i < runs; i += 2) {
        uint32_t middle = o->runs[i + 1], to = i + 2 <= runs ? o->runs[i + 2] : middle;
        sort_merge_two(c, k, o, o->runs[i], middle, to);
        o->runs[left++] = o->runs[i];
    }
    o->runs[left] = end;
    kd_ranked *swap = o->at;
    o->at = o->merged;
    o->merged = swap;
    return left;
}

/* `last` supersedes `before` on its row. */
static void sort_fold(kd_commit *k, const kd_gathered_op *before, const kd_gathered_op *last)
{
    k->folded_turns += before->liked != last->liked;
    k->folded = kd_grow(k->folded, k->folded_count, &k->folded_cap, sizeof *k->folded);
    k->folded[k->folded_count++] = *before;
}

void kd_sort_keep_last(kd_central *c, kd_commit *k)
{
    kd_sort *o = &c->sort;
    uint32_t kept = 0;
    o->folded_at = 0;
    if (k->op_count == 0) return;
    sort_make_room(o, k->op_cap);
    sort_rank(o, k);
    for (uint32_t runs = sort_find_runs(c, k, o); runs > 1;) runs = sort_merge_pairs(c, k, o, runs);
    for (uint32_t i = 0; i < k->op_count; i++) {
        const kd_gathered_op *op = &k->ops[o->at[i].index];
        bool same = i > 0 && o->at[i].rank == o->at[i - 1].rank &&
                    kd_bytes_eq(sort_key(k, &o->ops[kept - 1]), sort_key(k, op));
        if (same) sort_fold(k, &o->ops[kept - 1], op);
        o->ops[same ? kept - 1 : kept++] = *op;
    }
    memcpy(k->ops, o->ops, kept * sizeof *k->ops);
    k->op_count = kept;
}

/* ---- of a commit that is resolved ---- */

typedef struct {
    const kd_commit *k;
    kd_bytes key;
} sort_wanted;

static int sort_compare_key(const void *left, const void *right)
{
    const sort_wanted *w = left;
    return kd_bytes_cmp(w->key, sort_key(w->k, right));
}

const kd_gathered_op *kd_sort_find(const kd_commit *k, kd_bytes key)
{
    sort_wanted w = {k, key};
    return k && k->op_count > 0 ? bsearch(&w, k->ops, k->op_count, sizeof *k->ops, sort_compare_key) : NULL;
}

void kd_sort_finish(kd_sort *o)
{
    free(o->at);
    free(o->merged);
    free(o->runs);
    free(o->ops);
    *o = (kd_sort){0};
}
