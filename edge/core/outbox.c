/*
 * outbox.c - sealed batches, oldest first, until central has durably applied them (rules 6, 9, 20).
 *
 * Kafka's acknowledgement only stops the sending for a while. When applied does not move in time, everything that was
 * sent is due again, from the first batch not applied and in order (go-back-N): central takes nothing out of order.
 * Two are never handed over twice at once: what the producer still holds is not sent again.
 */
#include "edge/core/internal.h"

#include <stdlib.h>

bool kd_outbox_empty(const kd_part *p)
{
    return p->head == NULL;
}

void kd_outbox_push(kd_part *p, kd_outgoing *b)
{
    KD_ASSERT(!p->tail || kd_position_cmp(p->tail->at, b->at) < 0);
    if (p->tail)
        p->tail->next = b;
    else
        p->head = b;
    p->tail = b;
    p->sealed++;
    p->unsent += b->sending == KD_UNSENT;
    p->last_sealed = b->at;
}

static kd_outgoing *take_head(kd_edge *e, kd_part *p)
{
    kd_outgoing *b = p->head;
    p->head = b->next;
    if (!p->head) p->tail = NULL;
    p->sealed--;
    p->unsent -= b->sending == KD_UNSENT;
    e->outbox_bytes -= b->bytes;
    e->outbox_batches--;
    kd_batch_drop_body(p, b);
    return b;
}

void kd_outbox_pop(kd_edge *e, kd_part *p)
{
    kd_outgoing *b = take_head(e, p);
    kd_batch_delete(e, p, b);
    kd_batch_free(b);
}

void kd_outbox_drop(kd_edge *e, kd_part *p, kd_position applied)
{
    bool moved = false;
    while (p->head && kd_position_cmp(p->head->at, applied) <= 0) {
        kd_overlay_end_batch(e, p->head, applied);
        kd_spill_retire(e, p, take_head(e, p));
        moved = true;
    }
    if (!moved) return;
    p->attempts = 0;
    p->resend_due_us = 0;
}

/* The wait doubles with every attempt that brought nothing, with jitter so that edges do not march in step. */
static uint64_t back_off(kd_edge *e, uint32_t attempts)
{
    uint64_t wait = e->config.resend_min_us;
    for (uint32_t i = 0; i < attempts && wait < e->config.resend_max_us; i++) wait *= 2;
    wait = KD_MIN(wait, e->config.resend_max_us);
    return wait + kd_random_next(&e->random) % (wait / 4 + 1);
}

uint64_t kd_outbox_longest_wait(const kd_edge *e)
{
    return e->config.resend_max_us + e->config.resend_max_us / 4;
}

void kd_outbox_arm(kd_edge *e, kd_part *p, uint64_t now_us)
{
    if (p->resend_due_us != 0 || !p->head || p->head->sending != KD_SENT) return;
    p->resend_due_us = now_us + back_off(e, p->attempts);
}

/* Planted: what was not sealed yet joins a batch that may have been merged already. */
static void plant_join_open(kd_edge *e, kd_part *p)
{
    if (!KD_PLANTED(e, KD_PLANT_REBUILD_BODY) || !p->open || p->fragment.len || p->head->fragments == 0)
        return;
    kd_outgoing *b = p->head, *open = p->open;
    kd_key_fragment(&e->key, p->id, b->at, b->fragments++);
    kd_writes_put(kd_edge_writes(e), kd_buf_view(&e->key), kd_buf_view(&open->raw));
    kd_buf raw = {0};
    if (kd_batch_fragments(e, p, b, &raw) == KD_OK) {
        kd_buf_put(&raw, open->raw.data, open->raw.len);
        kd_fragment_body(e, kd_buf_view(&raw), &b->body);
        b->digest = kd_body_digest(kd_buf_view(&b->body));
    }
    kd_buf_finish(&raw);
    b->set_ops += open->set_ops;
    kd_batch_delete(e, p, open);
    kd_overlay_end_batch(e, open, b->at);
    e->outbox_bytes -= open->bytes;
    e->outbox_batches--;
    kd_batch_free(open);
    p->open = NULL;
}

void kd_outbox_again(kd_edge *e, kd_part *p)
{
    p->resend_due_us = 0;
    p->attempts++;
    if (p->head) plant_join_open(e, p);
    for (kd_outgoing *b = p->head; b; b = b->next) {
        if (b->sending != KD_SENT) continue;
        b->sending = KD_UNSENT;
        p->unsent++;
        b->resent = true;
    }
}

static int send_from(kd_edge *e, kd_part *p, uint64_t now_us, kd_buf *record, kd_position *at)
{
    kd_outgoing *prev = NULL;
    uint32_t window = p->rehoming || p->unsent == 0 ? 0 : e->config.send_window;
    for (kd_outgoing *b = p->head; b && window-- > 0; prev = b, b = b->next) {
        if (b->seal_group > e->durable_group) break;
        if (b->sending != KD_UNSENT) continue;
        int err = kd_batch_record(e, p, prev, b, now_us, record);
        if (err != KD_OK) {
            e->poisoned = true;
            return KD_EIO;
        }
        b->sending = KD_HANDED;
        p->unsent--;
        *at = b->at;
        e->stats.sends++;
        if (b->resent) e->stats.resends++;
        return KD_OK;
    }
    return KD_ENOTFOUND;
}

int kd_edge_send_next(kd_edge *e, uint64_t now_us, kd_buf *record, uint32_t *partition, kd_position *at)
{
    if (e->poisoned) return KD_EIO;
    for (uint32_t i = 0; i < e->part_count; i++) {
        kd_part *p = &e->parts[(e->next_part + i) % e->part_count];
        int err = send_from(e, p, now_us, record, at);
        if (err == KD_ENOTFOUND) continue;
        *partition = p->id;
        e->next_part = (e->next_part + i) % e->part_count;
        return err;
    }
    return KD_ENOTFOUND;
}

void kd_edge_delivered(kd_edge *e, uint32_t partition, kd_position at, bool ok, uint64_t now_us)
{
    kd_part *p = kd_edge_part_by_id(e, partition);
    KD_ASSERT(p);
    kd_outgoing *b = p->head;
    while (b && kd_position_cmp(b->at, at) != 0) b = b->next;
    if (!b || b->sending != KD_HANDED) return; /* applied already, or re-homed */
    if (ok && KD_PLANTED(e, KD_PLANT_FREE_ON_ACK)) {
        b->sending = KD_SENT;
        if (b == p->head) kd_outbox_drop(e, p, at);
        return;
    }
    b->sending = KD_SENT;
    kd_outbox_arm(e, p, now_us);
}

void kd_edge_producer_reset(kd_edge *e, uint64_t now_us)
{
    for (uint32_t i = 0; i < e->part_count; i++) {
        kd_part *p = &e->parts[i];
        for (kd_outgoing *b = p->head; b; b = b->next)
            if (b->sending == KD_HANDED) b->sending = KD_SENT;
        kd_outbox_arm(e, p, now_us);
    }
}

uint64_t kd_edge_outbox_batches(const kd_edge *e)
{
    return e->outbox_batches;
}

uint64_t kd_edge_outbox_bytes(const kd_edge *e)
{
    return e->outbox_bytes;
}

/* ---- loading: what older incarnations left is frozen and keeps its position (rule 5) -------------------------- */

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
        kd_entry *entry = kd_entry_need(e, p, op.item);
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
        if (op.verb == KD_ADD || op.time_us <= p->expired_us) continue;
        kd_fresh_row row = {.known = true, .liked = op.verb == KD_LIKE, .stamp_us = op.time_us};
        kd_key_row(&key, p->id, op.counter_id, op.item, op.user);
        err = kd_membership_restore(e, &key, &row);
    }
    return err;
}

/* What central has applied goes in the group that says so; only what is moving lies below it for a while. */
static bool outstanding(const kd_edge *e, const kd_part *p, const kd_outgoing *b)
{
    return p->rehoming || e->config.plant != 0 || kd_position_cmp(b->at, p->applied) > 0;
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
        b->seal_group = l->e->open_group;
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
