/*
 * milestones.c - which thresholds a commit passes; see the header.
 *
 * Most counts are far from a threshold. A bound tells that: the count as it stands, and what this commit and the outstanding one move any count by at
 * most. For the others the count is followed from record to record, and only where that passes a threshold the store is asked whether it was passed
 * before.
 */
#include "central/core/milestones.h"

#include "central/core/fold.h"
#include "central/core/lookup.h"
#include "central/core/row.h"
#include "central/core/sort.h"
#include "central/core/state.h"

#include <stdlib.h>

enum { DOWN, UP };

/* One counter of one item in a commit. Effects are in the order of (sum, counter, item). */
typedef struct {
    kd_bytes item;
    uint8_t counter;
    bool sum;
    uint32_t from, to; /* its effects */
    uint64_t least[2]; /* what it moves the count by at most, down and up */
    uint64_t before;   /* the count in front of the commit */
    /* Cursors, which go on from one run to the next: the first that is not in front of it. */
    uint32_t ahead_from;             /* effects of the outstanding commit */
    uint32_t folded_from, folded_to; /* its operations among those folded */
    uint32_t sums_from, sums_to;     /* its sums */
} milestone_run;

/* What a record moves a count by. */
typedef struct {
    uint32_t record;
    int64_t by;
} milestone_step;

typedef struct {
    milestone_step *at;
    uint32_t count, cap;
} milestone_moves;

static uint64_t milestone_above(const kd_central *c, uint64_t count)
{
    const kd_thresholds *t = &c->config.thresholds;
    for (uint32_t i = 0; i < t->count; i++)
        if (t->at[i] > count) return t->at[i];
    return UINT64_MAX;
}

/* Whether the count can pass a threshold, when it moves by so much at most. */
static bool milestone_near(const kd_central *c, uint64_t count, uint64_t down, uint64_t up)
{
    return milestone_above(c, count - KD_MIN(count, down)) <= count + up;
}

static const kd_commit *milestone_outstanding(const kd_central *c)
{
    return c->outstanding > 0 ? &c->commits[c->first] : NULL;
}

static kd_bytes milestone_key_of(const kd_commit *k, const kd_gathered_op *op)
{
    return kd_key_at(k, op->key_at, op->key_len);
}

static int milestone_order(const milestone_run *run, uint8_t counter, kd_bytes item)
{
    if (run->counter != counter) return run->counter < counter ? -1 : 1;
    return kd_bytes_cmp(run->item, item);
}

static int milestone_order_effect(const milestone_run *run, const kd_effect *e)
{
    if (run->sum != kd_effect_is_sum(e)) return run->sum ? 1 : -1;
    return milestone_order(run, e->counter, e->item);
}

static int milestone_order_key(const milestone_run *run, kd_bytes key)
{
    uint8_t counter;
    kd_bytes item, user;
    kd_member_key_parse(key, &counter, &item, &user);
    return milestone_order(run, counter, item);
}

/* What an effect moves the count by. */
static int64_t milestone_move(const kd_effect *e)
{
    return kd_effect_is_sum(e) ? (int64_t)e->amount : (int64_t)e->is - (int64_t)e->was;
}

/* Adds to run->before what the outstanding commit moves it by. Runs are asked in their order: run->ahead_from goes on from one to the next. */
static void milestone_add_outstanding(milestone_run *run, const kd_commit *before)
{
    uint32_t *at = &run->ahead_from;
    if (!before) return;
    while (*at < before->effect_count && milestone_order_effect(run, &before->effects[*at]) > 0) ++*at;
    for (uint32_t i = *at; i < before->effect_count && milestone_order_effect(run, &before->effects[i]) == 0;
         i++)
        run->before += (uint64_t)milestone_move(&before->effects[i]);
}

/* ---- the count from record to record ---- */

/* Index of the record that brought the operation. */
static uint32_t milestone_record_of(const kd_commit *k, uint32_t arrival)
{
    uint32_t low = 0, high = k->record_count;
    while (high - low > 1) {
        uint32_t middle = (low + high) / 2;
        if (k->records[middle].first_op <= arrival)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static void milestone_add_move(milestone_moves *m, uint32_t record, int64_t by)
{
    if (by == 0) return;
    m->at = kd_grow(m->at, m->count, &m->cap, sizeof *m->at);
    m->at[m->count++] = (milestone_step){record, by};
}

static int milestone_compare_arrival(const void *left, const void *right)
{
    const kd_gathered_op *a = left, *b = right;
    return a->arrival < b->arrival ? -1 : a->arrival > b->arrival;
}

/* A row with several operations: they take the row one after the other, in the order in which they were read. */
static int milestone_follow_row(kd_central *c, const kd_commit *k, kd_gathered_op *ops, uint32_t count,
                                milestone_moves *moves)
{
    kd_stored_row row;
    int err = kd_lookup_before(c, milestone_key_of(k, ops), &row);
    if (err != KD_OK && err != KD_ENOTFOUND) return err;
    bool had = err == KD_OK, liked = had && row.liked;
    qsort(ops, count, sizeof *ops, milestone_compare_arrival);
    for (uint32_t i = 0; i < count; i++) {
        if (!kd_fold_wins(c, &ops[i], had ? &row : NULL)) continue;
        milestone_add_move(moves, milestone_record_of(k, ops[i].arrival),
                           (int64_t)ops[i].liked - (int64_t)liked);
        row = kd_gathered_row(&ops[i]);
        had = true;
        liked = ops[i].liked;
    }
    return KD_OK;
}

/* The rows of the run that have several operations. One that no operation has won stays as it was. */
static int milestone_follow_folded(kd_central *c, const kd_commit *k, const milestone_run *run,
                                   milestone_moves *moves)
{
    kd_gathered_op *ops = NULL;
    uint32_t cap = 0;
    int err = KD_OK;
    for (uint32_t i = run->folded_from, end; err == KD_OK && i < run->folded_to; i = end) {
        kd_bytes key = milestone_key_of(k, &k->folded[i]);
        const kd_gathered_op *winner = kd_sort_find(k, key);
        uint32_t count = 0;
        for (end = i; end < run->folded_to && kd_bytes_eq(milestone_key_of(k, &k->folded[end]), key); end++) {
            ops = kd_grow(ops, count, &cap, sizeof *ops);
            ops[count++] = k->folded[end];
        }
        if (!winner) continue;
        ops = kd_grow(ops, count, &cap, sizeof *ops);
        ops[count++] = *winner;
        err = milestone_follow_row(c, k, ops, count, moves);
    }
    free(ops);
    return err;
}

/* Whether the effect is of a row that milestone_follow_folded follows. Asked in the order of users: *at goes on from one to the next. */
static bool milestone_is_folded(const kd_commit *k, const milestone_run *run, const kd_effect *e,
                                uint32_t *at)
{
    for (; *at < run->folded_to; ++*at) {
        uint8_t counter;
        kd_bytes item, user;
        kd_member_key_parse(milestone_key_of(k, &k->folded[*at]), &counter, &item, &user);
        if (user.len == e->user.len && kd_bytes_eq(user, e->user)) return true;
        /* a key has the length of the user in front of the user */
        if (user.len != e->user.len ? user.len > e->user.len : kd_bytes_cmp(user, e->user) > 0) return false;
    }
    return false;
}

/* What each record moves the count by, in any order. */
static int milestone_follow(kd_central *c, const kd_commit *k, const milestone_run *run,
                            milestone_moves *moves)
{
    uint32_t at = run->folded_from;
    for (uint32_t i = run->sums_from; i < run->sums_to; i++)
        milestone_add_move(moves, k->sums[i].record, (int64_t)k->sums[i].amount);
    for (uint32_t i = run->from; !run->sum && i < run->to; i++)
        if (!milestone_is_folded(k, run, &k->effects[i], &at))
            milestone_add_move(moves, milestone_record_of(k, k->effects[i].arrival),
                               milestone_move(&k->effects[i]));
    return milestone_follow_folded(c, k, run, moves);
}

/* ---- what was passed before ---- */

static kd_bytes milestone_key(kd_central *c, uint8_t counter, kd_bytes item)
{
    kd_buf_clear(&c->key);
    kd_buf_put_u8(&c->key, KD_ROW_MILESTONE);
    kd_buf_put_u8(&c->key, 0);
    kd_buf_put_u8(&c->key, counter);
    kd_buf_put(&c->key, item.data, item.len);
    return kd_buf_view(&c->key);
}

/* The highest threshold that a commit passes; 0: none. */
static uint64_t milestone_passed_in(const kd_commit *k, const milestone_run *run)
{
    uint64_t highest = 0;
    for (uint32_t i = 0; k && i < k->passed_count; i++)
        if (k->passed[i].counter == run->counter && kd_bytes_eq(k->passed[i].item, run->item))
            highest = KD_MAX(highest, k->passed[i].threshold);
    return highest;
}

/* What a walk knows of the thresholds that were passed before. */
typedef struct {
    uint64_t highest;
    bool asked, passed; /* the store was asked; the walk has passed one */
} milestone_known;

static int milestone_passed_before(kd_central *c, const kd_commit *k, const milestone_run *run,
                                   uint64_t *highest)
{
    *highest = 0;
    if (kd_planted(c, KD_PLANT_MILESTONE_AGAIN)) return KD_OK;
    int err = c->store.get(c->store.ctx, milestone_key(c, run->counter, run->item), &c->value);
    if (err != KD_OK && err != KD_ENOTFOUND) return KD_EIO;
    kd_reader r = kd_reader_of(kd_buf_view(&c->value));
    if (err == KD_OK) *highest = kd_read_be64(&r);
    if (r.bad || (err == KD_OK && kd_reader_left(&r) > 0)) return KD_EIO; /* damaged, never "none" */
    *highest = KD_MAX(*highest, milestone_passed_in(milestone_outstanding(c), run));
    *highest = KD_MAX(*highest, milestone_passed_in(k, run));
    return KD_OK;
}

static void milestone_pass(kd_commit *k, const milestone_run *run, uint64_t threshold, uint64_t count,
                           uint64_t time_us)
{
    k->passed = kd_grow(k->passed, k->passed_count, &k->passed_cap, sizeof *k->passed);
    k->passed[k->passed_count++] = (kd_passed){run->item, threshold, count, time_us, run->counter};
}

static int milestone_compare_steps(const void *left, const void *right)
{
    const milestone_step *a = left, *b = right;
    return a->record < b->record ? -1 : a->record > b->record;
}

/* The thresholds that a record passes, which lifts the count from `was` to `count`. *highest: the highest passed before; the store is asked at the
 * first need. */
static int milestone_lift(kd_central *c, kd_commit *k, const milestone_run *run, uint32_t record,
                          uint64_t was, uint64_t count, milestone_known *known)
{
    for (uint64_t at = milestone_above(c, was); at <= count; at = milestone_above(c, at)) {
        int err = known->asked ? KD_OK : milestone_passed_before(c, k, run, &known->highest);
        if (err != KD_OK) return err;
        known->asked = true;
        if (at <= known->highest) continue;
        milestone_pass(k, run, at, count, k->records[record].sent_us);
        known->passed = true;
        if (!kd_planted(c, KD_PLANT_MILESTONE_AGAIN)) known->highest = at;
    }
    return KD_OK;
}

static int milestone_walk(kd_central *c, kd_commit *k, const milestone_run *run, milestone_moves *moves)
{
    milestone_known known = {.asked = false};
    uint64_t count = run->before;
    int err = KD_OK;
    if (moves->count) qsort(moves->at, moves->count, sizeof *moves->at, milestone_compare_steps);
    for (uint32_t i = 0, end; err == KD_OK && i < moves->count; i = end) {
        uint64_t was = count;
        for (end = i; end < moves->count && moves->at[end].record == moves->at[i].record; end++)
            count += (uint64_t)moves->at[end].by;
        if (count > was) err = milestone_lift(c, k, run, moves->at[i].record, was, count, &known);
    }
    if (err != KD_OK || !known.passed) return err;
    kd_buf_clear(&c->value);
    kd_buf_put_be64(&c->value, known.highest);
    kd_writes_put(&k->writes, milestone_key(c, run->counter, run->item), kd_buf_view(&c->value));
    return KD_OK;
}

/* ---- runs ---- */

/* The folded operations of the run. */
static void milestone_find_folded(const kd_commit *k, milestone_run *run)
{
    uint32_t at = run->folded_to;
    if (run->sum) at = k->folded_count;
    while (at < k->folded_count && milestone_order_key(run, milestone_key_of(k, &k->folded[at])) > 0) at++;
    run->folded_from = at;
    while (at < k->folded_count && milestone_order_key(run, milestone_key_of(k, &k->folded[at])) == 0) at++;
    run->folded_to = at;
}

static void milestone_find_sums(const kd_commit *k, milestone_run *run)
{
    uint32_t at = run->sums_to;
    const kd_gathered_sum *s = k->sums;
    if (!run->sum) return;
    while (at < k->sum_count && milestone_order_key(run, kd_key_at(k, s[at].key_at, s[at].key_len)) > 0) at++;
    run->sums_from = at;
    while (at < k->sum_count && milestone_order_key(run, kd_key_at(k, s[at].key_at, s[at].key_len)) == 0)
        at++;
    run->sums_to = at;
}

static int milestone_decide_run(kd_central *c, kd_commit *k, milestone_run *run)
{
    const kd_commit *before = milestone_outstanding(c);
    const uint64_t none[2] = {0};
    if (k->folded_turns > 0) milestone_find_folded(k, run); /* else they move nothing by themselves */
    uint64_t turns = k->folded_turns > 0 ? run->folded_to - run->folded_from : 0;
    uint64_t down = run->least[DOWN] + turns, up = run->least[UP] + turns;
    const uint64_t *ahead = before ? before->most[run->sum] : none;
    if (!milestone_near(c, run->before, down + ahead[DOWN], up + ahead[UP])) return KD_OK;
    milestone_add_outstanding(run, before);
    if (!milestone_near(c, run->before, down, up)) return KD_OK;
    milestone_moves moves = {.count = 0};
    milestone_find_sums(k, run);
    if (k->folded_turns == 0) milestone_find_folded(k, run);
    int err = milestone_follow(c, k, run, &moves);
    if (err == KD_OK) err = milestone_walk(c, k, run, &moves);
    free(moves.at);
    return err;
}

static void milestone_begin_run(const kd_commit *k, uint32_t from, milestone_run *run)
{
    const kd_effect *first = &k->effects[from];
    run->item = first->item;
    run->counter = first->counter;
    run->sum = from >= k->set_effect_count;
    run->from = run->to = from;
    run->least[DOWN] = run->least[UP] = 0;
}

static void milestone_extend_run(kd_commit *k, milestone_run *run)
{
    const kd_effect *first = &k->effects[run->from];
    uint64_t *most = k->most[run->sum];
    for (const kd_effect *e = first; run->to < k->effect_count; e = &k->effects[run->to]) {
        if (k->entries[run->to] != k->entries[run->from] || e->counter != first->counter) break;
        int64_t move = milestone_move(e);
        run->least[move > 0] += move > 0 ? (uint64_t)move : (uint64_t)-move;
        run->to++;
    }
    for (int way = DOWN; way <= UP; way++) most[way] = KD_MAX(most[way], run->least[way]);
}

static int milestone_decide_effects(kd_central *c, kd_commit *k)
{
    milestone_run run = {.to = 0};
    int err = KD_OK;
    while (err == KD_OK && run.to < k->effect_count) {
        milestone_begin_run(k, run.to, &run);
        milestone_extend_run(k, &run);
        run.before = kd_counts_value(k->entries[run.from], kd_part_where(run.counter, KD_PART_TOTAL, 0));
        err = milestone_decide_run(c, k, &run);
    }
    return err;
}

/* Whether the run is among the effects, which are in order. */
static bool milestone_has_effects(const kd_commit *k, const milestone_run *run)
{
    uint32_t low = 0, high = k->set_effect_count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (milestone_order_effect(run, &k->effects[middle]) > 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < k->set_effect_count && milestone_order_effect(run, &k->effects[low]) == 0;
}

/* An item all of whose rows are as they were: its count may have been over a threshold in between. */
static int milestone_decide_item(kd_central *c, kd_commit *k, milestone_run *run)
{
    kd_count_entry *entry = NULL;
    if (milestone_has_effects(k, run)) return KD_OK;
    int err = kd_counts_acquire(&c->counts, run->item, false, &entry);
    if (err != KD_OK && err != KD_ENOTFOUND) return KD_EIO;
    run->before = entry ? kd_counts_value(entry, kd_part_where(run->counter, KD_PART_TOTAL, 0)) : 0;
    if (entry) kd_counts_release(&c->counts, entry);
    return milestone_decide_run(c, k, run);
}

static int milestone_decide_folded(kd_central *c, kd_commit *k)
{
    milestone_run run = {.to = 0};
    int err = KD_OK;
    for (uint32_t i = 0; err == KD_OK && k->folded_turns > 0 && i < k->folded_count; i++) {
        kd_bytes user, before = run.item;
        uint8_t counter = run.counter;
        kd_member_key_parse(milestone_key_of(k, &k->folded[i]), &run.counter, &run.item, &user);
        if (i > 0 && counter == run.counter && kd_bytes_eq(before, run.item)) continue;
        err = milestone_decide_item(c, k, &run);
    }
    return err;
}

int kd_milestones_decide(kd_central *c, kd_commit *k)
{
    memset(k->most, 0, sizeof k->most);
    if (c->config.thresholds.count == 0) return KD_OK;
    int err = milestone_decide_effects(c, k);
    return err == KD_OK ? milestone_decide_folded(c, k) : err;
}
