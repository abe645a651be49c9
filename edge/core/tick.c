/*
 * tick.c - what a partition does when its time comes: seal, send again, go on with a resend or a move, and let rows expire.
 *
 * Each step returns when it is due next, UINT64_MAX for never; the earliest of these is when the shell calls again.
 */
#include "edge/core/batch.h"
#include "edge/core/expire.h"
#include "edge/core/idempotency.h"
#include "edge/core/outbox.h"
#include "edge/core/part.h"
#include "edge/core/rehome.h"
#include "edge/core/resend.h"
#include "edge/core/seal.h"
#include "edge/core/state.h"

/* What is further off than its longest wait was set by a clock that has gone back since: that is over. */
static bool waits(uint64_t now_us, uint64_t due_us, uint64_t longest_us)
{
    return now_us < due_us && due_us - now_us <= longest_us;
}

static uint64_t tick_idle(kd_edge *e, kd_part *p, uint64_t now_us)
{
    if (!(!p->outbox.head)) return UINT64_MAX; /* cut off: nothing would come of more empty batches */
    if (p->idle_due_us == 0) p->idle_due_us = now_us + p->idle_interval_us;
    if (waits(now_us, p->idle_due_us, p->idle_interval_us)) return p->idle_due_us;
    kd_seal_empty(e, p, now_us);
    return now_us;
}

/*
 * Behind a full window nothing can leave, so what is open goes on gathering up to flush_ops. An edge that seals faster than
 * central confirms would fall behind without end, one batch an interval; so it sends fewer and fuller ones.
 */
static bool window_full(const kd_edge *e, const kd_part *p)
{
    return p->outbox.sealed >= e->config.send_window;
}

static uint64_t tick_open(kd_edge *e, kd_part *p, uint64_t now_us)
{
    if (window_full(e, p)) return UINT64_MAX;
    uint64_t due = p->open->first_us + e->config.flush_interval_us;
    if (waits(now_us, due, e->config.flush_interval_us)) return due;
    kd_seal_batch(e, p, now_us);
    return now_us;
}

static uint64_t tick_resend(kd_edge *e, kd_part *p, uint64_t now_us)
{
    kd_outbox_arm(e, p, now_us);
    if (p->outbox.resend_due_us == 0) return UINT64_MAX;
    if (waits(now_us, p->outbox.resend_due_us, kd_outbox_longest_wait(e))) return p->outbox.resend_due_us;
    kd_outbox_resend(e, p);
    return now_us;
}

enum { STEPS_BYTES = 1 << 20 };

/* A million rows can go out again while one group is written: behind a slow disk each group would be larger than the one before. */
static bool disk_keeps_up(const kd_edge *e)
{
    return e->groups.writing == 0 || kd_edge_gathered_bytes(e) < STEPS_BYTES;
}

/* Rules 15 and 20, a step at a time. What goes out again waits while the outbox is at its bound, as new likes do. */
static uint64_t tick_steps(kd_edge *e, kd_part *p, uint64_t now_us)
{
    bool on = disk_keeps_up(e), room = on && e->outbox_bytes < e->config.outbox_bytes_max;
    int err = p->rehome.active && on ? kd_rehome_step(e, p, now_us) : KD_OK;
    if (err == KD_OK && p->resend.active && room) err = kd_resend_step(e, p, now_us);
    if (err != KD_OK) e->poisoned = true;
    if ((p->rehome.active && on) || (p->resend.active && room)) return now_us;
    return p->rehome.active || p->resend.active ? now_us + e->config.flush_interval_us : UINT64_MAX;
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
