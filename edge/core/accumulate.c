/*
 * accumulate.c - the open batch of a partition: operations gather in it until it is sealed.
 *
 * An operation goes to three places at once: the fragment of the gathering group (which the synced write carries), the
 * open batch's raw bytes (so that sealing needs no read), and the overlay (what the edge shows).
 */
#include "edge/core/internal.h"

/* What it may come to as a record, with its increment: Kafka and central take none above KD_BATCH_BYTES_MAX. */
static size_t record_bytes(const kd_entry_op *op)
{
    return kd_body_bytes_bound(op->item.len, op->user.len) + kd_body_bytes_bound(0, 0);
}

/* Sealed after an operation and never before it: its stamp is drawn already, and complete_to would be above it. */
static bool accumulate_full(const kd_edge *e, const kd_outgoing *b)
{
    kd_entry_op largest = {.item.len = KD_ITEM_KEY_MAX, .user.len = KD_ID_MAX};
    return b->ops >= e->config.flush_ops || b->record_bytes + record_bytes(&largest) > KD_BATCH_BYTES_MAX;
}

static kd_outgoing *open_batch(kd_edge *e, kd_part *p, uint64_t now_us)
{
    if (p->open) return p->open;
    kd_outgoing *b = kd_alloc(sizeof(*b));
    if (p->incarnation != e->incarnation) {
        p->incarnation = e->incarnation;
        p->next_seq = 1;
    }
    b->at = (kd_position){p->incarnation, p->next_seq++};
    b->first_us = now_us;
    b->record_bytes = KD_BODY_BYTES_FIXED;
    b->bytes = KD_OUTGOING_OVERHEAD;
    e->outbox_bytes += b->bytes;
    e->outbox_batches++;
    p->open = b;
    return b;
}

void kd_accumulate_op(kd_edge *e, kd_part *p, kd_entry *entry, const kd_entry_op *op, uint64_t now_us)
{
    kd_outgoing *b = open_batch(e, p, now_us);
    size_t before = p->fragment.len;
    kd_fragment_put(&p->fragment, op);
    size_t added = p->fragment.len - before;
    kd_buf_put(&b->raw, p->fragment.data + before, added);
    b->ops++;
    b->set_ops += op->verb != KD_ADD;
    b->bytes += added;
    e->outbox_bytes += added;
    int counter = kd_counters_by_id(e->config.counters, op->counter_id);
    if (entry && counter >= 0) kd_overlay_add(e, b, entry, (uint8_t)counter, op->delta);
    e->wanted = true;
    b->record_bytes += record_bytes(op);
    if (accumulate_full(e, b)) kd_batch_seal(e, p, now_us);
}

void kd_accumulate_close_fragment(kd_edge *e, kd_part *p)
{
    if (p->fragment.len == 0) return;
    KD_ASSERT(p->open);
    kd_key_fragment(&e->key, p->id, p->open->at, p->open->fragments++);
    kd_writes_put(kd_edge_writes(e), kd_buf_view(&e->key), kd_buf_view(&p->fragment));
    kd_buf_clear(&p->fragment);
}

/* An idle partition still tells how far it is complete (rule 8); the batch has no operations. */
static void seal_empty(kd_edge *e, kd_part *p, uint64_t now_us)
{
    open_batch(e, p, now_us);
    kd_batch_seal(e, p, now_us);
    e->stats.sealed_empty++;
    p->idle_interval_us = KD_MIN(p->idle_interval_us * 2, e->config.idle_interval_max_us);
}

/* What is further off than its longest wait was set by a clock that has gone back since: that is over. */
static bool waits(uint64_t now_us, uint64_t due_us, uint64_t longest_us)
{
    return now_us < due_us && due_us - now_us <= longest_us;
}

static uint64_t tick_idle(kd_edge *e, kd_part *p, uint64_t now_us)
{
    if (!kd_outbox_empty(p)) return UINT64_MAX; /* cut off: nothing would come of more empty batches */
    if (p->idle_due_us == 0) p->idle_due_us = now_us + p->idle_interval_us;
    if (waits(now_us, p->idle_due_us, p->idle_interval_us)) return p->idle_due_us;
    seal_empty(e, p, now_us);
    return now_us;
}

/*
 * Behind a full window nothing can leave, so what is open goes on gathering up to flush_ops. An edge that seals faster than
 * central confirms would fall behind without end, one batch an interval; so it sends fewer and fuller ones.
 */
static bool window_full(const kd_edge *e, const kd_part *p)
{
    return p->sealed >= e->config.send_window;
}

static uint64_t tick_open(kd_edge *e, kd_part *p, uint64_t now_us)
{
    if (window_full(e, p)) return UINT64_MAX;
    uint64_t due = p->open->first_us + e->config.flush_interval_us;
    if (waits(now_us, due, e->config.flush_interval_us)) return due;
    kd_batch_seal(e, p, now_us);
    return now_us;
}

static uint64_t tick_resend(kd_edge *e, kd_part *p, uint64_t now_us)
{
    kd_outbox_arm(e, p, now_us);
    if (p->resend_due_us == 0) return UINT64_MAX;
    if (waits(now_us, p->resend_due_us, kd_outbox_longest_wait(e))) return p->resend_due_us;
    kd_outbox_again(e, p);
    return now_us;
}

enum { STEPS_BYTES = 1 << 20 };

/* A million rows can go out again while one group is written: behind a slow disk each group would be larger than the one before. */
static bool disk_keeps_up(const kd_edge *e)
{
    return e->writing_group == 0 || kd_edge_gathered_bytes(e) < STEPS_BYTES;
}

/* Rules 15 and 20, a step at a time. What goes out again waits while the outbox is at its bound, as new likes do. */
static uint64_t tick_steps(kd_edge *e, kd_part *p, uint64_t now_us)
{
    bool on = disk_keeps_up(e), room = on && e->outbox_bytes < e->config.outbox_bytes_max;
    int err = p->rehoming && on ? kd_rehome_step(e, p, now_us) : KD_OK;
    if (err == KD_OK && p->resending && room) err = kd_resend_step(e, p, now_us);
    if (err != KD_OK) e->poisoned = true;
    if ((p->rehoming && on) || (p->resending && room)) return now_us;
    return p->rehoming || p->resending ? now_us + e->config.flush_interval_us : UINT64_MAX;
}

static uint64_t tick_part(kd_edge *e, kd_part *p, uint64_t now_us)
{
    uint64_t step = tick_steps(e, p, now_us);
    uint64_t seal = p->open ? tick_open(e, p, now_us) : tick_idle(e, p, now_us);
    uint64_t again = tick_resend(e, p, now_us);
    return KD_MIN(step, KD_MIN(seal, again));
}

uint64_t kd_edge_tick(kd_edge *e, uint64_t now_us)
{
    uint64_t next = UINT64_MAX;
    for (uint32_t i = 0; i < e->part_count && !e->poisoned; i++) {
        uint64_t due = tick_part(e, &e->parts[i], now_us);
        next = KD_MIN(next, due);
    }
    if (e->poisoned) return UINT64_MAX;
    kd_idempotency_expire(e, now_us);
    return KD_MIN(next, kd_expire_step(e, now_us));
}

void kd_edge_seal_all(kd_edge *e, uint64_t now_us)
{
    for (uint32_t i = 0; i < e->part_count; i++)
        if (e->parts[i].open) kd_batch_seal(e, &e->parts[i], now_us);
}
