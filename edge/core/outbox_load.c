/*
 * outbox_load.c - reading the journal at a start: outbox, done batches, overlay, and membership rows that are not in the store.
 *
 * All batches found are of older incarnations. They keep their positions and take no more operations (rule 5). One that was open is sealed as it
 * stands: it may have been sealed in memory and sent before the crash, so its bytes must be these.
 */
#include "edge/core/outbox.h"
#include "edge/core/batch.h"
#include "edge/core/fragment.h"
#include "edge/core/items.h"
#include "edge/core/keys.h"
#include "edge/core/membership.h"
#include "edge/core/overlay.h"
#include "edge/core/part.h"
#include "edge/core/spill.h"
#include "edge/core/state.h"

typedef struct {
    kd_edge *e;
    kd_part *p;
    kd_outgoing *b;
    kd_buf raw;
    bool marked, done;
} outbox_loader;

/* Adds the batch's deltas. Acknowledged operations are shown also beyond items_max: the bound may be smaller now, or the outbox may hold operations
 * sent again for items that nobody reads. */
static int outbox_load_overlay(kd_edge *e, kd_part *p, kd_outgoing *b, kd_bytes raw)
{
    kd_reader r = kd_reader_of(raw);
    kd_entry_op op;
    while (kd_fragment_next(&r, &op)) {
        if (!kd_fragment_op_valid(e, p, &op)) return KD_EMALFORMED;
        int counter = kd_counters_by_id(e->config.counters, op.counter_id);
        kd_entry *entry = kd_items_need(e, p, op.item);
        if (counter >= 0) kd_overlay_add(e, p, b, entry, (uint8_t)counter, op.delta);
        b->ops++;
        b->set_ops += op.verb != KD_ADD;
    }
    return r.bad || kd_reader_left(&r) != 0 ? KD_EMALFORMED : KD_OK;
}

/* Restores membership rows from a fragment. Skip stamps <= expired_us: an operation sent again keeps its old stamp in a new fragment, and could
 * revive a row that has expired. */
static int outbox_load_membership(kd_edge *e, const kd_part *p, kd_bytes fragment)
{
    kd_reader r = kd_reader_of(fragment);
    kd_entry_op op;
    kd_row_key key;
    int err = KD_OK;
    while (err == KD_OK && kd_fragment_next(&r, &op)) {
        if (!kd_fragment_op_valid(e, p, &op)) return KD_EMALFORMED;
        if (op.verb == KD_ADD || op.time_us <= p->sweep.expired_us) continue;
        kd_fresh_row row = {.known = true, .liked = op.verb == KD_LIKE, .stamp_us = op.time_us};
        kd_key_row(&key, p->id, op.counter_id, op.item, op.user);
        err = kd_membership_restore(e, &key, &row);
    }
    return err;
}

/* Whether a batch at this position may be on disk without the mark "done". The group of writes that stores `applied` also deletes or marks the
 * batches that it covers. Only while batches move (rule 20) some unmarked ones lie below `applied`. */
static bool outbox_load_expected(const kd_edge *e, const kd_part *p, const kd_outgoing *b)
{
    return p->rehome.active || e->config.plant != 0 || kd_position_cmp(b->at, p->applied) > 0;
}

/* All rows of the batch were read: it joins the outbox, or the done batches. */
static int outbox_load_freeze(outbox_loader *l)
{
    kd_outgoing *b = l->b;
    if (!b) return KD_OK;
    l->b = NULL;
    b->bytes = KD_OUTGOING_OVERHEAD + l->raw.len;
    if (l->done) {
        /* a done batch is on disk only for its membership rows; it has some, and how many does not matter */
        b->set_ops = 1;
        kd_spill_keep(l->e, l->p, b);
        return KD_OK;
    }
    if (!outbox_load_expected(l->e, l->p, b)) {
        kd_batch_free(b);
        return KD_EMALFORMED;
    }
    int err = outbox_load_overlay(l->e, l->p, b, kd_buf_view(&l->raw));
    l->e->outbox_bytes += b->bytes;
    l->e->outbox_batches++;
    if (err == KD_OK && !l->marked) {
        err = kd_fragment_body(l->e, kd_buf_view(&l->raw), &b->body);
        if (err == KD_OK) b->digest = kd_body_digest(kd_buf_view(&b->body));
        kd_buf_finish(&b->body);
        b->complete_to_us = l->e->last_us;
        b->seal_group = l->e->groups.open;
        kd_batch_put_marker(l->e, l->p, b);
    }
    kd_in_log_number(l->p, b);
    kd_in_log_given_up(b); /* the process before may have sent it */
    kd_outbox_push(l->p, b);
    return err;
}

static int outbox_load_marker(outbox_loader *l, kd_bytes value)
{
    l->done = value.len == 0;
    if (l->done) return KD_OK;
    kd_reader r = kd_reader_of(value);
    l->b->digest = kd_read_be64(&r);
    l->b->complete_to_us = kd_read_be64(
        &r); /* older stores hold the number of operations here: a small number, which promises nothing */
    l->marked = true;
    return r.bad || l->b->complete_to_us >= KD_TIME_END_US ? KD_EMALFORMED : KD_OK;
}

/* Whether a batch found on disk can be at this position: its incarnation is older than the present one. */
static bool outbox_load_position_sane(const kd_edge *e, kd_position at)
{
    return at.seq >= 1 && at.seq < KD_TIME_END_US &&
           (at.incarnation < e->incarnation || KD_PLANTED(e, KD_PLANT_FIXED_INCARNATION));
}

static int outbox_load_row(void *arg, kd_bytes key, kd_bytes value)
{
    outbox_loader *l = arg;
    kd_reader r = kd_reader_of(key);
    kd_read_u8(&r);
    kd_part *p = kd_edge_part_by_id(l->e, kd_read_be16(&r));
    uint64_t incarnation = kd_read_be64(&r), seq = kd_read_be64(&r);
    uint32_t n = kd_read_be32(&r);
    kd_position at = {incarnation, seq};
    if (r.bad || kd_reader_left(&r) != 0 || !p || !outbox_load_position_sane(l->e, at)) return KD_EMALFORMED;
    if (!l->b || l->p != p || kd_position_cmp(l->b->at, at) != 0) {
        int err = outbox_load_freeze(l);
        if (err != KD_OK) return err;
        l->p = p;
        l->b = kd_alloc(sizeof(*l->b));
        l->b->at = at;
        l->marked = l->done = false;
        kd_buf_clear(&l->raw);
    }
    if (n == KD_SEAL_MARKER) return outbox_load_marker(l, value);
    l->b->fragments = n + 1;
    kd_buf_put(&l->raw, value.data, value.len);
    if (!kd_spill_stored(p, at, n)) return outbox_load_membership(l->e, p, value);
    return 0;
}

int kd_outbox_load(kd_edge *e)
{
    outbox_loader l = {.e = e};
    int err = kd_keys_scan(e, 'f', UINT32_MAX, outbox_load_row, &l);
    if (err == KD_OK) err = outbox_load_freeze(&l);
    kd_batch_free(l.b);
    kd_buf_finish(&l.raw);
    return err;
}
