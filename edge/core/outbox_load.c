/* outbox_load.c - what a start finds in the journal: batches of older incarnations are frozen and keep their positions (rule 5). */
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
} loader;

/* What was acknowledged is shown, also where the bound is smaller now or the outbox holds what is sent again for items that nobody wanted. */
static int load_overlay(kd_edge *e, kd_part *p, kd_outgoing *b, kd_bytes raw)
{
    kd_reader r = kd_reader_of(raw);
    kd_entry_op op;
    while (kd_fragment_next(&r, &op)) {
        if (!kd_fragment_op_valid(e, p, &op)) return KD_EMALFORMED;
        int counter = kd_counters_by_id(e->config.counters, op.counter_id);
        kd_entry *entry = kd_items_need(e, p, op.item);
        if (counter >= 0) kd_overlay_add(e, b, entry, (uint8_t)counter, op.delta);
        b->ops++;
        b->set_ops += op.verb != KD_ADD;
    }
    return r.bad || kd_reader_left(&r) != 0 ? KD_EMALFORMED : KD_OK;
}

/* Rows that need not be in the store yet. One that has expired must not come back: a fragment can hold an older word than the one that
 * went, for what is sent again stands behind newer words. */
static int restore_rows(kd_edge *e, const kd_part *p, kd_bytes fragment)
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

/* What central has applied goes in the group that says so; only what is moving lies below it for a while. */
static bool outstanding(const kd_edge *e, const kd_part *p, const kd_outgoing *b)
{
    return p->rehome.active || e->config.plant != 0 || kd_position_cmp(b->at, p->applied) > 0;
}

/* The batch is whole: freeze it. One that was open when its process ended is sealed as it stands. */
static int outbox_freeze(loader *l)
{
    kd_outgoing *b = l->b;
    if (!b) return KD_OK;
    l->b = NULL;
    b->bytes = KD_OUTGOING_OVERHEAD + l->raw.len;
    if (l->done) {
        b->set_ops = 1; /* why else would it be there */
        kd_spill_keep(l->e, l->p, b);
        return KD_OK;
    }
    if (!outstanding(l->e, l->p, b)) {
        kd_batch_free(b);
        return KD_EMALFORMED;
    }
    int err = load_overlay(l->e, l->p, b, kd_buf_view(&l->raw));
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
    kd_outbox_push(l->p, b);
    return err;
}

static int load_marker(loader *l, kd_bytes value)
{
    l->done = value.len == 0;
    if (l->done) return KD_OK;
    kd_reader r = kd_reader_of(value);
    l->b->digest = kd_read_be64(&r);
    l->b->complete_to_us = kd_read_be64(&r); /* stores of before say here how many operations there are */
    l->marked = true;
    return r.bad || l->b->complete_to_us >= KD_TIME_END_US ? KD_EMALFORMED : KD_OK;
}

/* Of an incarnation before this one. */
static bool position_sane(const kd_edge *e, kd_position at)
{
    return at.seq >= 1 && at.seq < KD_TIME_END_US &&
           (at.incarnation < e->incarnation || KD_PLANTED(e, KD_PLANT_FIXED_INCARNATION));
}

static int outbox_load_row(void *arg, kd_bytes key, kd_bytes value)
{
    loader *l = arg;
    kd_reader r = kd_reader_of(key);
    kd_read_u8(&r);
    kd_part *p = kd_edge_part_by_id(l->e, kd_read_be16(&r));
    uint64_t incarnation = kd_read_be64(&r), seq = kd_read_be64(&r);
    uint32_t n = kd_read_be32(&r);
    kd_position at = {incarnation, seq};
    if (r.bad || kd_reader_left(&r) != 0 || !p || !position_sane(l->e, at)) return KD_EMALFORMED;
    if (!l->b || l->p != p || kd_position_cmp(l->b->at, at) != 0) {
        int err = outbox_freeze(l);
        if (err != KD_OK) return err;
        l->p = p;
        l->b = kd_alloc(sizeof(*l->b));
        l->b->at = at;
        l->marked = l->done = false;
        kd_buf_clear(&l->raw);
    }
    if (n == KD_SEAL_MARKER) return load_marker(l, value);
    l->b->fragments = n + 1;
    kd_buf_put(&l->raw, value.data, value.len);
    if (!kd_spill_stored(p, at, n)) return restore_rows(l->e, p, value);
    return 0;
}

int kd_outbox_load(kd_edge *e)
{
    loader l = {.e = e};
    int err = kd_keys_scan(e, 'f', UINT32_MAX, outbox_load_row, &l);
    if (err == KD_OK) err = outbox_freeze(&l);
    kd_batch_free(l.b);
    kd_buf_finish(&l.raw);
    return err;
}
