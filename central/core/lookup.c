/* lookup.c - see the header. */
#include "central/core/lookup.h"

#include "central/core/collect.h"
#include "central/core/erased.h"
#include "central/core/fold.h"
#include "central/core/index.h"
#include "central/core/registry.h"
#include "central/core/row.h"
#include "central/core/sort.h"
#include "central/core/state.h"

#include <stdlib.h>
#include <xxhash.h>

enum { AHEAD = 8 }; /* so many rows and items ahead memory is fetched that a look-up reads */

static const uint64_t filter_bytes_default = 1ull << 30;

/* A filter that begins small grows by links in a chain, and each link costs a cache miss for every new row: twice the time at a million rows. So many
 * rows take 384 KB. */
static const uint64_t filter_rows_least = 1 << 18;

uint64_t kd_lookup_hash(const kd_central *c, kd_bytes key)
{
    return XXH3_64bits_withSeed(key.data, key.len, c->config.seed);
}

/* ---- the filter ---- */

static int lookup_load_member(void *arg, kd_bytes key, kd_bytes value)
{
    kd_central *c = arg;
    (void)value;
    if (!kd_member_key_valid(key)) return KD_EMALFORMED;
    kd_bloom_add(&c->filter, kd_lookup_hash(c, key));
    return KD_OK;
}

static int lookup_load_count(void *arg, kd_bytes key, kd_bytes value)
{
    kd_central *c = arg;
    (void)value;
    kd_bloom_add(&c->filter, kd_counts_hash(&c->counts, kd_bytes_of(key.data + 1, key.len - 1)));
    return KD_OK;
}

int kd_lookup_load(kd_central *c)
{
    uint64_t bytes = c->config.filter_bytes_max ? c->config.filter_bytes_max : filter_bytes_default;
    kd_bloom_init(&c->filter, KD_MAX(c->filter_rows + c->filter_rows / 4, filter_rows_least), bytes * 8);
    const uint8_t member[] = {KD_ROW_MEMBER}, member_end[] = {KD_ROW_MEMBER + 1};
    const uint8_t counts[] = {KD_ROW_COUNTS}, counts_end[] = {KD_ROW_COUNTS + 1};
    int err = c->store.scan(c->store.ctx, kd_bytes_of(member, 1), kd_bytes_of(member_end, 1),
                            lookup_load_member, c);
    if (err == KD_OK)
        err = c->store.scan(c->store.ctx, kd_bytes_of(counts, 1), kd_bytes_of(counts_end, 1),
                            lookup_load_count, c);
    return err;
}

int kd_lookup_get(kd_central *c, kd_bytes key, kd_stored_row *row)
{
    int err = c->store.get(c->store.ctx, key, &c->value);
    if (err != KD_OK) return err;
    err = kd_stored_row_decode(kd_buf_view(&c->value), row);
    bool known = err == KD_OK && row->edge < c->edge_count && row->region < c->region_count;
    return known ? KD_OK : KD_EIO; /* a damaged row is a failed read, never "no row" */
}

int kd_lookup_member(kd_central *c, uint8_t counter, kd_bytes item, kd_bytes user, kd_stored_row *row)
{
    kd_buf_clear(&c->key);
    kd_member_key_put(&c->key, counter, item, user);
    kd_bytes key = kd_buf_view(&c->key);
    return kd_bloom_maybe(&c->filter, kd_lookup_hash(c, key)) ? kd_lookup_get(c, key, row) : KD_ENOTFOUND;
}

/* ---- old rows ---- */

/* The row as the outstanding commit writes it. Its operations are sorted, and the caller asks in ascending order: *at walks along. */
static bool lookup_find_staged(const kd_commit *before, uint32_t *at, kd_bytes key, kd_stored_row *row)
{
    if (!before) return false;
    while (*at < before->op_count) {
        const kd_gathered_op *op = &before->ops[*at];
        int order = kd_bytes_cmp(kd_key_at(before, op->key_at, op->key_len), key);
        if (order > 0) return false;
        if (order == 0) {
            *row = kd_gathered_row(op);
            return true;
        }
        ++*at;
    }
    return false;
}

/* KD_OK, KD_ENOTFOUND, KD_EIO. A row that is not found is about to be written, so the filter learns it here. */
static int lookup_find(kd_central *c, const kd_commit *before, uint32_t *at, kd_bytes key, uint64_t hash,
                       kd_stored_row *row)
{
    if (lookup_find_staged(before, at, key, row)) return KD_OK;
    int err = kd_bloom_learn(&c->filter, hash) ? kd_lookup_get(c, key, row) : KD_ENOTFOUND;
    if (err == KD_ENOTFOUND) c->filter_rows++;
    return err;
}

/* ---- what the winner does ---- */

kd_effect *kd_lookup_add_effect(kd_commit *k)
{
    k->effects = kd_grow(k->effects, k->effect_count, &k->effect_cap, sizeof *k->effects);
    kd_effect *e = &k->effects[k->effect_count++];
    *e = (kd_effect){0};
    return e;
}

/* How the operation changes its row; `old` is NULL where there was none. */
static void lookup_fill_effect(const kd_central *c, const kd_commit *k, const kd_gathered_op *op,
                               const kd_stored_row *old, kd_effect *e)
{
    kd_member_key_parse(kd_key_at(k, op->key_at, op->key_len), &e->counter, &e->item, &e->user);
    e->time_us = op->time_us;
    e->arrival = op->arrival;
    e->day = kd_day_of(op->time_us);
    e->edge = op->edge;
    e->region = op->region;
    e->was = old && old->liked;
    e->is = op->liked;
    if (!e->was) return;
    e->old_region = kd_planted(c, KD_PLANT_UNLIKE_OWN_REGION) ? op->region : old->region;
    e->old_day = kd_day_of(old->time_us);
    e->old_time_us = old->time_us;
}

/* Whether a like stays where it counts. */
static bool lookup_stays(const kd_gathered_op *op, const kd_stored_row *old)
{
    bool same_day = old && kd_day_of(old->time_us) == kd_day_of(op->time_us);
    return same_day && old->liked && op->liked && old->region == op->region;
}

/* Rule 11: what the change of the row does to the counts; nothing where an unlike finds no like, or a like stays in its region and day. Indices move with
 * each change of a like, also of its time alone. */
static void lookup_op_effect(const kd_central *c, kd_commit *k, const kd_gathered_op *op,
                             const kd_stored_row *old, bool passed)
{
    bool was = old && old->liked, nothing = !was && !op->liked;
    passed = passed && was == op->liked && (c->config.in_group || c->config.follows);
    if (!nothing && c->indices.live) lookup_fill_effect(c, k, op, old, kd_index_note(k));
    if (!passed && (nothing || lookup_stays(op, old))) return;
    kd_effect *e = kd_lookup_add_effect(k);
    lookup_fill_effect(c, k, op, old, e);
    e->passed = passed;
}

/* The tombstone of an erasure is as good as none, for its mark covers it, and it names the user. One from in front of the mark stays until the erasure names it: whether
 * both stand in one commit must make no difference (rule 30). */
static bool lookup_is_erased(const kd_central *c, const kd_gathered_op *op)
{
    return !op->liked && kd_bytes_eq(kd_registered_name(&c->edges[op->edge]), kd_bytes_str(KD_ERASE_AUTHOR));
}

static void lookup_put_row(kd_central *c, kd_commit *k, const kd_gathered_op *op)
{
    if (lookup_is_erased(c, op)) {
        kd_writes_delete(&k->writes, kd_key_at(k, op->key_at, op->key_len));
        if (c->filter_rows > 0) c->filter_rows--;
        return;
    }
    kd_buf_clear(&c->value);
    const kd_stored_row row = kd_gathered_row(op);
    kd_stored_row_encode(&row, &c->value);
    kd_writes_put(&k->writes, kd_key_at(k, op->key_at, op->key_len), kd_buf_view(&c->value));
}

int kd_lookup_before(kd_central *c, kd_bytes key, kd_stored_row *row)
{
    const kd_commit *before = c->outstanding > 0 ? &c->commits[c->first] : NULL;
    uint32_t at = 0;
    if (lookup_find_staged(before, &at, key, row)) return KD_OK;
    return kd_bloom_maybe(&c->filter, kd_lookup_hash(c, key)) ? kd_lookup_get(c, key, row) : KD_ENOTFOUND;
}

static int lookup_resolve_ops(kd_central *c, kd_commit *k)
{
    const kd_commit *before = c->outstanding > 0 ? &c->commits[c->first] : NULL;
    uint32_t at = 0, won = 0;
    for (uint32_t i = 0; i < k->op_count; i++) {
        kd_gathered_op op = k->ops[i];
        kd_stored_row old;
        if (i + AHEAD < k->op_count) kd_bloom_prefetch(&c->filter, k->ops[i + AHEAD].hash);
        int err = lookup_find(c, before, &at, kd_key_at(k, op.key_at, op.key_len), op.hash, &old);
        if (err != KD_OK && err != KD_ENOTFOUND) return KD_EIO;
        const kd_stored_row *had = err == KD_OK ? &old : NULL;
        bool passed;
        if (!kd_fold_row(c, k, &op, had, &passed)) continue;
        lookup_put_row(c, k, &op);
        lookup_op_effect(c, k, &op, had, passed);
        k->ops[won++] = op;
    }
    k->op_count = won;
    return KD_OK;
}

/* ---- sums ---- */

static int lookup_compare_sums(const void *left, const void *right, void *arg)
{
    const kd_gathered_sum *a = left, *b = right;
    int order = kd_bytes_cmp(kd_key_at(arg, a->key_at, a->key_len), kd_key_at(arg, b->key_at, b->key_len));
    if (order != 0) return order;
    if (a->edge != b->edge) return a->edge < b->edge ? -1 : 1;
    if (a->region != b->region) return a->region < b->region ? -1 : 1;
    return a->day < b->day ? -1 : a->day > b->day;
}

/* One effect per item, counter, edge, region and day. */
static void lookup_resolve_sums(kd_commit *k)
{
    if (k->sum_count) qsort_r(k->sums, k->sum_count, sizeof *k->sums, lookup_compare_sums, k);
    kd_effect *e = NULL;
    for (uint32_t i = 0; i < k->sum_count; i++) {
        const kd_gathered_sum *s = &k->sums[i];
        if (i == 0 || lookup_compare_sums(s - 1, s, k) != 0) {
            e = kd_lookup_add_effect(k);
            kd_member_key_parse(kd_key_at(k, s->key_at, s->key_len), &e->counter, &e->item, &e->user);
            e->day = s->day;
            e->edge = s->edge;
            e->region = s->region;
        }
        e->amount += s->amount;
    }
}

/* ---- counts of what is touched ---- */

static void lookup_prefetch_counts(const kd_central *c, const kd_commit *k, uint32_t i)
{
    if (i < k->effect_count) kd_counts_prefetch(&c->counts, kd_counts_hash(&c->counts, k->effects[i].item));
}

int kd_lookup_pin_counts(kd_central *c, kd_commit *k)
{
    /* Pinned until the end of the commit, which must not fail on a read. */
    k->entries = kd_realloc(k->entries, k->effect_count * sizeof(kd_count_entry *));
    for (uint32_t i = k->entry_count; i < k->effect_count; i++) {
        const kd_effect *e = &k->effects[i];
        lookup_prefetch_counts(c, k, i + AHEAD);
        bool same = i > 0 && kd_bytes_eq(e->item, e[-1].item); /* neighbours often are of one item */
        k->entries[i] = same ? k->entries[i - 1] : NULL;
        int err = kd_counts_acquire(&c->counts, e->item, true, &k->entries[i]);
        if (err != KD_OK) return KD_EIO;
        k->entry_count++;
    }
    return KD_OK;
}

int kd_lookup_resolve(kd_central *c, kd_commit *k)
{
    kd_trend_begin(c, k);
    kd_sort_keep_last(c, k);
    int err = lookup_resolve_ops(c, k);
    if (err != KD_OK) return err;
    k->set_effect_count = k->effect_count;
    lookup_resolve_sums(k);
    return kd_lookup_pin_counts(c, k);
}
