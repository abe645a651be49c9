/*
 * take.c - taking an operation: look up the user's membership row, stamp, journal (rules 1 to 4).
 *
 * The row decides what is shown and answered (delta, changed), never whether the operation is kept. Each operation is journaled with a fresh stamp,
 * also when the row agrees: another edge may hold a newer operation of the same user. Fragment, idempotency key and `last` are in the group that the
 * outcome names; the row reaches the store later (spill.h).
 *
 * A row is stale when the session token tells of a later operation at another edge, which may be about this item. Central's count then need not
 * include the like of the row, and a -1 could take another user's like out of the count. So a stale row counts as none: an unlike shows 0, a like
 * shows +1. With the token, errors of the shown count go upward only.
 */
#include "edge/core/accumulate.h"
#include "edge/core/batch.h"
#include "edge/core/entry.h"
#include "edge/core/fragment.h"
#include "edge/core/idempotency.h"
#include "edge/core/items.h"
#include "edge/core/lives.h"
#include "edge/core/membership.h"
#include "edge/core/part.h"
#include "edge/core/spill.h"
#include "edge/core/stamp.h"
#include "edge/core/state.h"
#include "edge/core/watch.h"

/*
 * Sum of the deltas that the open batch shows of this user, counter and item. They end together with the delta of the operation being taken, so they
 * may be made up for, also when the row is stale. Reads the whole open batch: only where the row's operation can be in it, which is seldom.
 */
static int64_t take_shown_by_open_batch(const kd_edge *e, const kd_part *p, const kd_fresh_row *row,
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

static int64_t take_delta_of_current(const kd_fresh_row *row, bool liked)
{
    return row->liked == liked ? 0 : liked ? 1 : -1;
}

/* Without a current row a like shows +1 and an unlike 0, together with the deltas that the open batch shows of this user already (rule 2). */
static int64_t take_delta_of_unknown(const kd_edge *e, const kd_part *p, const kd_fresh_row *row,
                                     const kd_request *rq)
{
    bool liked = rq->verb == KD_LIKE;
    uint64_t plant = liked ? KD_PLANT_STALE_LIKE : KD_PLANT_STALE_UNLIKE;
    if (KD_PLANTED(e, plant) && row->known) return take_delta_of_current(row, liked);
    int64_t delta = (liked ? 1 : 0) - take_shown_by_open_batch(e, p, row, rq);
    return KD_MAX(-KD_DELTA_MAX, KD_MIN(delta, KD_DELTA_MAX));
}

/* Planted failures of rules 1 and 2: the operation is answered but not kept. */
static bool take_plant_drops(const kd_edge *e, const kd_fresh_row *row, bool liked)
{
    if (KD_PLANTED(e, KD_PLANT_DROP_AGREEING) && row->known && row->liked == liked) return true;
    return KD_PLANTED(e, KD_PLANT_UNKNOWN_IS_NOT) && !row->known && !liked;
}

/* The membership row of a request on a set counter, as it is before the operation. */
typedef struct {
    kd_row_key key;
    kd_fresh_row was;
    bool current; /* it holds the user's last operation, by his session token */
    bool is_new; /* the user has never acted on this counter and item, by his token and by this edge's rows */
} taken_row;

static kd_changed take_changed(const taken_row *row, bool liked)
{
    if (row->current) return row->was.liked != liked ? KD_CHANGED_YES : KD_CHANGED_NO;
    return liked && row->is_new ? KD_CHANGED_YES : KD_CHANGED_UNKNOWN;
}

static void take_set(kd_edge *e, kd_part *p, kd_entry *entry, const taken_row *row, const kd_request *rq,
                     uint64_t now_us, kd_outcome *out)
{
    bool liked = rq->verb == KD_LIKE;
    out->liked = liked;
    out->changed = take_changed(row, liked);
    if (take_plant_drops(e, &row->was, liked)) {
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
                      .delta = row->current ? take_delta_of_current(&row->was, liked)
                                            : take_delta_of_unknown(e, p, &row->was, rq)};
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

static int take_admit(kd_edge *e, const kd_part *p, const kd_request *rq, uint64_t now_us, kd_outcome *out)
{
    if (e->poisoned) return KD_EIO;
    if (e->refusing) return KD_EIDENTITY;
    if (rq->counter >= e->config.counters->count) return KD_EINVAL;
    bool sum = kd_edge_counter(e, rq->counter)->kind == KD_SUM;
    if (sum != (rq->verb == KD_ADD)) return KD_EINVAL;
    /* A value beyond the limits of a body or record must not be acknowledged: central would quarantine the whole batch. */
    if (sum && (rq->amount == 0 || rq->amount > KD_AMOUNT_MAX)) return KD_EINVAL;
    if (rq->user.len > KD_ID_MAX || (!sum && rq->user.len == 0)) return KD_EINVAL;
    int err = kd_idempotency_check(e, rq, now_us, out);
    if (err != KD_ENOTFOUND) return err;
    if (p->retired && !KD_PLANTED(e, KD_PLANT_RETIRED_TAKES)) return KD_ERETIRED;
    return e->outbox_bytes >= e->config.outbox_bytes_max ? KD_EFULL : KD_OK;
}

/* The entry of an item whose place has come: it seldom lies in one line of the cache. */
static void take_fetch(const kd_edge *e, uint64_t hash)
{
    const char *entry = kd_table_guess_hashed(&e->items, hash);
    if (!entry) return;
    __builtin_prefetch(entry);
    __builtin_prefetch(entry + sizeof(kd_entry));
}

/* What an item is found by comes in stages, each of which needs the one before: its place in the table, its entry. So the entry of an item that was
 * expected a few calls before is fetched now, when its place has come. */
void kd_edge_expect(kd_edge *e, kd_bytes item)
{
    uint64_t hash = kd_table_hash(&e->items, item);
    uint64_t *before = &e->expected.hash[e->expected.next++ % KD_EXPECTED];
    kd_table_prefetch_hashed(&e->items, hash);
    take_fetch(e, *before);
    *before = hash;
}

void kd_edge_expect_no_more(kd_edge *e)
{
    for (uint32_t i = 0; i < KD_EXPECTED; i++) take_fetch(e, e->expected.hash[i]);
}

/*
 * Judges the row by the session token. A missing row does not make the user new if he may have acted at another edge, or if his row here may have
 * expired (rule 21): any token with a stamp and any expiry in this partition leave that open. A user without a token counts as one who never acted.
 */
static void take_judge_row(const kd_edge *e, const kd_part *p, const kd_request *rq, taken_row *row)
{
    uint64_t elsewhere_us = kd_lives_elsewhere_us(e, rq->seen);
    bool spoke = rq->seen && kd_seen_newest_us(rq->seen) > 0;
    row->current = kd_fresh_row_current(&row->was, elsewhere_us);
    row->is_new = !row->was.known && elsewhere_us == 0 && (!spoke || p->sweep.expired_us == 0);
}

/* Does all that can fail, before anything is changed. */
static int take_prepare(kd_edge *e, const kd_part *p, const kd_request *rq, taken_row *row, kd_entry **entry)
{
    if (rq->verb != KD_ADD) {
        kd_key_row(&row->key, p->id, kd_edge_counter(e, rq->counter)->id, rq->item, rq->user);
        kd_bloom_prefetch(&e->filter, row->key.hash); /* both arrive while the entry is looked up */
        kd_fresh_prefetch(&e->spill.tables[e->spill.filling], row->key.hash);
    }
    *entry = kd_items_find(e, rq->item);
    if (rq->verb == KD_ADD) return KD_OK;
    int err = kd_membership_look_up(e, &row->key, &row->was);
    take_judge_row(e, p, rq, row);
    return err;
}

/* A count that a gap made stale need not know of the opening: what is taken then costs nothing if the item is closed all the same (rule 27). */
static bool take_knows_closed(const kd_edge *e, const kd_entry *entry)
{
    if (!entry->known || !entry->closed || KD_PLANTED(e, KD_PLANT_CLOSED_TAKES)) return false;
    return entry->version >= e->parts[entry->part].floor_version || KD_PLANTED(e, KD_PLANT_CLOSED_STALE);
}

int kd_edge_take(kd_edge *e, const kd_request *rq, uint64_t now_us, kd_outcome *out)
{
    *out = (kd_outcome){0};
    kd_part *p = kd_edge_part(e, rq->item);
    int err = take_admit(e, p, rq, now_us, out);
    if (err != KD_OK) return err;
    out->log = kd_in_log_mark(p);
    if (out->replayed) return KD_OK;
    taken_row row;
    kd_entry *entry;
    err = take_prepare(e, p, rq, &row, &entry);
    if (err != KD_OK) return err;
    if (entry && take_knows_closed(e, entry)) return KD_ECLOSED;
    if (!entry) entry = kd_items_obtain(e, p, rq->item);
    if (!entry) return KD_EFULL;
    kd_items_prove(e, entry);
    /* Sealing inside the calls below does not close the open group. */
    out->group = KD_PLANTED(e, KD_PLANT_ANSWER_BEFORE_SYNC) ? 0 : e->groups.open;
    if (rq->verb == KD_ADD)
        take_sum(e, p, entry, rq, now_us, out);
    else
        take_set(e, p, entry, &row, rq, now_us, out);
    if (rq->verb != KD_ADD) kd_watch_acted(e, entry, rq->user);
    out->log = kd_in_log_mark(p);
    kd_idempotency_record(e, rq, out, now_us);
    return KD_OK;
}
