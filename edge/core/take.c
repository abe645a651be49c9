/*
 * take.c - taking an operation (rules 1 to 4): dedupe against the membership, stamp, journal.
 *
 * The row decides what is shown and answered (delta, changed), never whether the operation is kept: each is
 * journaled with a fresh stamp, also when the row agrees, since another edge may hold a newer word of the
 * same user. Fragment, idempotency key and `last` ride in the group that the outcome names; the row follows.
 *
 * A row is stale when the session token tells of a later word at another edge: that word may be about this item. Central's number then may or may not
 * hold the like that the row tells of, and a -1 could take somebody else's like out of the number. So a stale row counts as none: an unlike takes
 * nothing from the number, and a like is shown. With the token, errors of the number go upward only.
 */
#include "edge/core/accumulate.h"
#include "edge/core/batch.h"
#include "edge/core/fragment.h"
#include "edge/core/idempotency.h"
#include "edge/core/items.h"
#include "edge/core/lives.h"
#include "edge/core/membership.h"
#include "edge/core/part.h"
#include "edge/core/spill.h"
#include "edge/core/stamp.h"
#include "edge/core/state.h"

/*
 * What the open batch shows of this user already. It ends together with what the operation adds, so of a stale row this much is sure. Read from
 * the fragments, which is dear and seldom: only where the row can be in that batch.
 */
static int64_t shown_by_open_batch(const kd_edge *e, const kd_part *p, const kd_fresh_row *row,
                                   const kd_request *rq)
{
    int64_t shown = 0;
    kd_entry_op op;
    if (!row->known || !p->open || row->stamp_us < p->open->first_us) return 0;
    uint8_t counter = kd_edge_counter(e, rq->counter)->id;
    kd_reader r = kd_reader_of(kd_buf_view(&p->open->raw));
    while (kd_fragment_next(&r, &op))
        if (op.counter_id == counter && kd_bytes_eq(op.user, rq->user) && kd_bytes_eq(op.item, rq->item))
            shown += op.delta;
    return shown;
}

static int64_t delta_of_current(const kd_fresh_row *row, bool liked)
{
    return row->liked == liked ? 0 : liked ? 1 : -1;
}

/* An unlike of nothing known takes nothing from the number. */
static int64_t delta_of_unknown(const kd_edge *e, const kd_part *p, const kd_fresh_row *row,
                                const kd_request *rq)
{
    bool liked = rq->verb == KD_LIKE;
    uint64_t plant = liked ? KD_PLANT_STALE_LIKE : KD_PLANT_STALE_UNLIKE;
    if (KD_PLANTED(e, plant) && row->known) return delta_of_current(row, liked);
    int64_t delta = (liked ? 1 : 0) - shown_by_open_batch(e, p, row, rq);
    return KD_MAX(-KD_DELTA_MAX, KD_MIN(delta, KD_DELTA_MAX));
}

/* Planted failures of rules 1 and 2: the operation is answered but not kept. */
static bool plant_drops(const kd_edge *e, const kd_fresh_row *row, bool liked)
{
    if (KD_PLANTED(e, KD_PLANT_DROP_AGREEING) && row->known && row->liked == liked) return true;
    return KD_PLANTED(e, KD_PLANT_UNKNOWN_IS_NOT) && !row->known && !liked;
}

/* The row of a request on a set counter, as it stands before. */
typedef struct {
    kd_row_key key;
    kd_fresh_row was;
    bool current; /* it is the user's last word, as far as he tells */
    bool is_new;  /* he has said nothing yet, as far as he tells and this edge remembers */
} taken_row;

static kd_changed changed(const taken_row *row, bool liked)
{
    if (row->current) return row->was.liked != liked ? KD_CHANGED_YES : KD_CHANGED_NO;
    return liked && row->is_new ? KD_CHANGED_YES : KD_CHANGED_UNKNOWN;
}

static void take_set(kd_edge *e, kd_part *p, kd_entry *entry, const taken_row *row, const kd_request *rq,
                     uint64_t now_us, kd_outcome *out)
{
    bool liked = rq->verb == KD_LIKE;
    out->liked = liked;
    out->changed = changed(row, liked);
    if (plant_drops(e, &row->was, liked)) {
        out->group = 0;
        return;
    }
    uint64_t token_us = rq->seen ? kd_seen_newest_us(rq->seen) : 0;
    out->stamp_us = kd_stamp_next(e, now_us, row->was.stamp_us, token_us);
    kd_fresh_row next = {.known = true, .liked = liked, .stamp_us = out->stamp_us};
    kd_membership_record(e, &row->key, &next);
    kd_entry_op op = {.verb = rq->verb,
                      .counter_id = kd_edge_counter(e, rq->counter)->id,
                      .item = rq->item,
                      .user = rq->user,
                      .time_us = out->stamp_us,
                      .delta = row->current ? delta_of_current(&row->was, liked)
                                            : delta_of_unknown(e, p, &row->was, rq)};
    kd_accumulate_op(e, p, entry, &op, now_us);
    e->stats.likes += liked;
    e->stats.unlikes += !liked;
    e->stats.agreeing += op.delta == 0;
}

static void take_sum(kd_edge *e, kd_part *p, kd_entry *entry, const kd_request *rq, uint64_t now_us,
                     kd_outcome *out)
{
    kd_stamp_advance(e, now_us);
    kd_entry_op op = {.verb = KD_ADD,
                      .counter_id = kd_edge_counter(e, rq->counter)->id,
                      .item = rq->item,
                      .amount = rq->amount,
                      .delta = (int64_t)rq->amount,
                      .day = kd_day_of(now_us)};
    kd_accumulate_op(e, p, entry, &op, now_us);
    out->changed = KD_CHANGED_YES;
    e->stats.sums++;
}

static int take_admit(kd_edge *e, const kd_request *rq, uint64_t now_us, kd_outcome *out)
{
    if (e->poisoned) return KD_EIO;
    if (e->refusing) return KD_EIDENTITY;
    if (rq->counter >= e->config.counters->count) return KD_EINVAL;
    bool sum = kd_edge_counter(e, rq->counter)->kind == KD_SUM;
    if (sum != (rq->verb == KD_ADD)) return KD_EINVAL;
    /* What a body or a record cannot hold must not be promised: central would set the batch aside for good. */
    if (sum && (rq->amount == 0 || rq->amount > KD_AMOUNT_MAX)) return KD_EINVAL;
    if (rq->user.len > KD_ID_MAX || (!sum && rq->user.len == 0)) return KD_EINVAL;
    int err = kd_idempotency_check(e, rq, now_us, out);
    if (err != KD_ENOTFOUND) return err;
    if (kd_edge_part(e, rq->item)->retired && !KD_PLANTED(e, KD_PLANT_RETIRED_TAKES)) return KD_ERETIRED;
    return e->outbox_bytes >= e->config.outbox_bytes_max ? KD_EFULL : KD_OK;
}

void kd_edge_expect(const kd_edge *e, kd_bytes item)
{
    kd_table_prefetch(&e->items, item);
}

/*
 * What somebody said elsewhere is not known here, nor what a user said here whose row expired since (rule 21): then no row does not make him new. Who brings
 * no token does not tell that he ever spoke.
 */
static void judge_row(const kd_edge *e, const kd_part *p, const kd_request *rq, taken_row *row)
{
    uint64_t elsewhere_us = kd_lives_elsewhere_us(e, rq->seen);
    bool spoke = rq->seen && kd_seen_newest_us(rq->seen) > 0;
    row->current = kd_fresh_row_current(&row->was, elsewhere_us);
    row->is_new = !row->was.known && elsewhere_us == 0 && (!spoke || p->sweep.expired_us == 0);
}

/* All that can fail, before anything changes. */
static int take_prepare(kd_edge *e, const kd_part *p, const kd_request *rq, taken_row *row, kd_entry **entry)
{
    if (rq->verb != KD_ADD) {
        kd_key_row(&row->key, p->id, kd_edge_counter(e, rq->counter)->id, rq->item, rq->user);
        kd_bloom_prefetch(&e->filter, row->key.hash); /* come while the entry is looked for */
        kd_fresh_prefetch(&e->spill.tables[e->spill.filling], row->key.hash);
    }
    *entry = kd_items_find(e, rq->item);
    if (rq->verb == KD_ADD) return KD_OK;
    int err = kd_membership_look_up(e, &row->key, &row->was);
    judge_row(e, p, rq, row);
    return err;
}

int kd_edge_take(kd_edge *e, const kd_request *rq, uint64_t now_us, kd_outcome *out)
{
    *out = (kd_outcome){0};
    int err = take_admit(e, rq, now_us, out);
    if (err != KD_OK || out->replayed) return err;
    kd_part *p = kd_edge_part(e, rq->item);
    taken_row row;
    kd_entry *entry;
    err = take_prepare(e, p, rq, &row, &entry);
    if (err != KD_OK) return err;
    if (!entry) entry = kd_items_obtain(e, p, rq->item);
    if (!entry) return KD_EFULL;
    /* The group is named before the operation is taken: a seal inside does not open another one. */
    out->group = KD_PLANTED(e, KD_PLANT_ANSWER_BEFORE_SYNC) ? 0 : e->groups.open;
    if (rq->verb == KD_ADD)
        take_sum(e, p, entry, rq, now_us, out);
    else
        take_set(e, p, entry, &row, rq, now_us, out);
    kd_idempotency_record(e, rq, out, now_us);
    return KD_OK;
}
