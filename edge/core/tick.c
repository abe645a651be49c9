/*
 * tick.c - work that is due by time: seal batches, send them again, go on with a resend or a move, expire rows and idempotency keys, look for viral
 * items that have become quiet.
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
#include "edge/core/viral.h"

/* Whether `due_us` is still to come. The clock may have gone back since it was set: then it lies further ahead than the longest wait, and counts as
 * due at once. */
static bool tick_waits(uint64_t now_us, uint64_t due_us, uint64_t longest_us)
{
    return now_us < due_us && due_us - now_us <= longest_us;
}

static uint64_t tick_idle(kd_edge *e, kd_part *p, uint64_t now_us)
{
    if (!TAILQ_EMPTY(&p->outbox.batches))
        return UINT64_MAX; /* central has not applied the last batch yet: more empty ones would only queue up */
    if (p->idle_due_us == 0) p->idle_due_us = now_us + p->idle_interval_us;
    if (tick_waits(now_us, p->idle_due_us, p->idle_interval_us)) return p->idle_due_us;
    kd_seal_empty(e, p, now_us);
    return now_us;
}

/*
 * While send_window batches wait for central, a newly sealed one could not leave. An edge that seals by time faster than central applies would
 * fall behind without end, a batch an interval. So the open batch gathers on, up to flush_ops: fewer and fuller batches.
 */
static bool tick_window_full(const kd_edge *e, const kd_part *p)
{
    return e->config.log_flush_interval_us == 0 && p->outbox.sealed >= e->config.send_window;
}

/*
 * Where answers wait for the log (rule 26), a batch leaves without regard to central, and soon. While central applies nothing the interval grows with
 * the outbox, so that in an hour there are some thousand batches and not a million; the answers come as much later.
 */
static uint64_t tick_log_interval(const kd_edge *e, const kd_part *p, uint64_t interval)
{
    if (e->config.log_flush_interval_us == 0) return interval;
    uint64_t times = 1 + p->outbox.sealed / e->config.send_window;
    return KD_MIN(interval, e->config.log_flush_interval_us * times);
}

/* Readers at all edges look at a viral item: its operations leave soon. */
static uint64_t tick_flush_interval(const kd_edge *e, const kd_part *p)
{
    uint64_t interval = e->config.flush_interval_us;
    if (p->viral > 0 && !KD_PLANTED(e, KD_PLANT_VIRAL_WAITS))
        interval = KD_MIN(interval, e->config.viral_flush_interval_us);
    return tick_log_interval(e, p, interval);
}

static uint64_t tick_open(kd_edge *e, kd_part *p, uint64_t now_us)
{
    if (tick_window_full(e, p)) return UINT64_MAX;
    uint64_t interval = tick_flush_interval(e, p), due = p->open->first_us + interval;
    if (tick_waits(now_us, due, interval)) return due;
    kd_seal_batch(e, p, now_us);
    return now_us;
}

static uint64_t tick_resend(kd_edge *e, kd_part *p, uint64_t now_us)
{
    kd_outbox_arm(e, p, now_us);
    if (p->outbox.resend_due_us == 0) return UINT64_MAX;
    if (tick_waits(now_us, p->outbox.resend_due_us, kd_outbox_longest_wait(e)))
        return p->outbox.resend_due_us;
    kd_outbox_resend(e, p);
    return now_us;
}

enum { STEPS_BYTES = 1 << 20 }; /* of the open group, beyond which a resend or a move waits for the disk */

/* A resend can produce a million rows while one group is written. Behind a slow disk each group would be larger than the one before. */
static bool tick_disk_keeps_up(const kd_edge *e)
{
    return e->groups.writing == 0 || kd_edge_gathered_bytes(e) < STEPS_BYTES;
}

/* A step of the move to another incarnation (rule 20) and of the resend after a restore (rule 15). A resend fills the outbox, so it waits while that
 * is at its bound, as new likes do. A move takes from the outbox as much as it adds. */
static uint64_t tick_steps(kd_edge *e, kd_part *p, uint64_t now_us)
{
    bool on = tick_disk_keeps_up(e), room = on && e->outbox_bytes < e->config.outbox_bytes_max;
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
    uint64_t next = kd_viral_tick(e, now_us);
    for (uint32_t i = 0; i < e->part_count && !e->poisoned; i++) {
        uint64_t due = tick_part(e, &e->parts[i], now_us);
        next = KD_MIN(next, due);
    }
    if (e->poisoned) return UINT64_MAX;
    if (tick_disk_keeps_up(e) && kd_idempotency_expire(e, now_us)) next = now_us;
    return KD_MIN(next, kd_expire_step(e, now_us));
}
