/*
 * shard.c - see the header. The real counterparts are edge/io/shard/{shard,turn,shard_commit}.c and edge/io/kafka/{sender,counts_reader}.c; when a
 * group is committed and when operations are refused is decided by the same object, kudos/group_commit.h.
 */
#include "sim/world/shard.h"

#include "sim/world/events.h"
#include "sim/world/hosts.h"
#include "sim/world/ops.h"
#include "sim/world/processes.h"
#include "sim/world/producer.h"

#include <stdlib.h>

enum { SYNC_MIN_US = 200, SYNC_SPREAD_US = 1800 };

sim_shard *sim_shard_of(sim_world *w, uint32_t slot, uint32_t partition)
{
    return &w->edges[slot].shards[partition % w->s->shards];
}

uint32_t sim_shard_room(const sim_scenario *s, uint32_t of_edge, uint32_t ample)
{
    return of_edge ? KD_MAX(of_edge / s->shards, 1u) : ample;
}

uint32_t sim_edge_room_keys(const sim_scenario *s)
{
    return s->room_keys ? s->room_keys : SHELL_IDEMPOTENCY_MAX;
}

/* ---- the clock ---- */

static uint64_t shard_mono_us(const sim_world *w, uint32_t slot)
{
    return sim_host_mono_us(w, sim_edge_identity(slot));
}

uint64_t sim_edge_now_us(const sim_world *w, uint32_t slot)
{
    return kd_drift_now(&w->edges[slot].drift, sim_host_mono_us(w, sim_edge_identity(slot)));
}

static void shard_on_look(sim_world *w, const sim_event *ev)
{
    uint32_t slot = ev->a, shard = ev->b;
    if (sim_world_gone(w, slot, (uint32_t)ev->c)) return;
    if (w->edges[slot].shards[shard].look_us != ev->at_us) return; /* another time was set since */
    w->edges[slot].shards[shard].look_us = 0;
    if (sim_world_frozen(w, ev, slot)) {
        w->edges[slot].shards[shard].look_us = w->processes[slot].frozen_until_us;
        return;
    }
    sim_shard_turn(w, slot, shard);
}

/* Until the next look: `next_us` of the core is carried time, that of the group commit is monotonic. UINT64_MAX: none is needed. */
static uint64_t shard_delay_us(const sim_world *w, uint32_t slot, uint32_t shard, uint64_t next_us)
{
    uint64_t now_us = sim_edge_now_us(w, slot), mono_us = shard_mono_us(w, slot);
    const sim_shard *m = &w->edges[slot].shards[shard];
    uint64_t commit_us = KD_MIN(kd_group_commit_next_us(&m->commit), kd_log_waits_next_us(&m->waits));
    uint64_t delay_us = UINT64_MAX;
    if (next_us != UINT64_MAX) delay_us = next_us > now_us ? next_us - now_us : 0;
    if (commit_us != UINT64_MAX) delay_us = KD_MIN(delay_us, commit_us > mono_us ? commit_us - mono_us : 0);
    return delay_us;
}

static void shard_look_at(sim_world *w, uint32_t slot, uint32_t shard, uint64_t next_us)
{
    sim_shard *m = &w->edges[slot].shards[shard];
    uint64_t delay_us = shard_delay_us(w, slot, shard, next_us);
    if (delay_us == UINT64_MAX) return;
    uint64_t at_us = w->now_us + KD_MAX(delay_us, (uint64_t)SHELL_TICK_MIN_US);
    if (m->look_us > w->now_us && m->look_us <= at_us) return;
    m->look_us = at_us;
    sim_world_at(w, at_us, shard_on_look, slot, shard, w->processes[slot].life);
}

/* ---- group commit ---- */

/* A write or a read of the store failed: no further operation may be acknowledged, so the process ends (I15). */
static void shard_storage_failed(sim_world *w, uint32_t slot)
{
    TRACE(w, "%s storage failed", sim_world_process_name(w, slot));
    sim_world_note(w, w->s->edges[sim_edge_identity(slot)], "a write failed: the process stops");
    sim_process_stop(w, slot);
    sim_process_start_at(w, slot, w->now_us + SHELL_RESTART_US);
}

/* An operation that the core took and that is answered when its group is durable, and in a logged scenario when it is in the log as well. */
typedef struct {
    kd_group_wait wait;
    kd_log_wait log;
    sim_world *world;
    uint32_t slot, shard, op;
    kd_outcome outcome;
} sim_shard_answer;

static void shard_answer(sim_shard_answer *a, int status)
{
    sim_world *w = a->world;
    sim_op *op = &w->ops[a->op];
    if (status == KD_OK) {
        w->edges[a->slot].acked++;
        sim_checks_answered(w->checks, a->slot, a->shard, op->attempt, &a->outcome);
    }
    op->ended(w, a->slot, a->op, status == KD_OK ? &a->outcome : NULL);
    free(a);
}

static void shard_on_logged(kd_log_wait *wait, int status)
{
    shard_answer(KD_CONTAINER(wait, sim_shard_answer, log), status);
}

/* Disk first, then Kafka. */
static void shard_on_durable(kd_group_wait *wait, int status)
{
    sim_shard_answer *a = KD_CONTAINER(wait, sim_shard_answer, wait);
    sim_world *w = a->world;
    if (status != KD_OK || !w->s->logged) {
        shard_answer(a, status);
        return;
    }
    a->log = (kd_log_wait){.mark = a->outcome.log, .fn = shard_on_logged};
    kd_log_waits_begin(&w->edges[a->slot].shards[a->shard].waits, &a->log, shard_mono_us(w, a->slot));
}

static void shard_await(sim_world *w, uint32_t slot, uint32_t shard, uint32_t op, const kd_outcome *outcome)
{
    sim_shard_answer *a = kd_alloc(sizeof(*a));
    *a = (sim_shard_answer){
        .wait.fn = shard_on_durable, .world = w, .slot = slot, .shard = shard, .op = op, .outcome = *outcome};
    if (outcome->group == 0)
        shard_on_durable(&a->wait, KD_OK); /* a recognised retry: it waits anew */
    else
        kd_group_commit_await(&w->edges[slot].shards[shard].commit, &a->wait, outcome->group);
}

static void shard_on_synced(sim_world *w, const sim_event *ev)
{
    uint32_t slot = ev->a, shard = ev->b;
    sim_shard *m = &w->edges[slot].shards[shard];
    if (sim_world_gone(w, slot, (uint32_t)ev->c)) return;
    if (sim_world_frozen(w, ev, slot)) return;
    bool synced;
    uint64_t group = m->commit.group;
    int status = sim_disk_sync(m->disk, &synced);
    sim_checks_edge_wrote(w->checks, slot, shard, group, m->writes, status, synced);
    if (kd_group_commit_end(&m->commit, status) != KD_OK) {
        shard_storage_failed(w, slot);
        return;
    }
    sim_shard_turn(w, slot, shard);
    kd_group_commit_answer(&m->commit);
    if (m->waits.waiting > 0) shard_look_at(w, slot, shard, UINT64_MAX);
}

/* Tells the checkers of stamps by a clock that is wrong without the edge's knowledge: it was never measured, or has run away beyond D since it
 * was. */
static void shard_report_unmeasured(sim_world *w, uint32_t slot)
{
    kd_clock_state state = kd_drift_within(&w->edges[slot].drift, w->s->drift_us);
    uint64_t clock_us = sim_edge_now_us(w, slot);
    uint64_t off_us = clock_us > w->now_us ? clock_us - w->now_us : w->now_us - clock_us;
    bool ran = state == KD_CLOCK_IN_BOUNDS && off_us > w->s->drift_us + sim_scenario_central_clock_us(w->s);
    if (state == KD_CLOCK_UNMEASURED || ran) sim_checks_unmeasured(w->checks, off_us);
}

/* By an event, for the caller of a turn goes on to work with the process. */
static void shard_on_gave_up(sim_world *w, const sim_event *ev)
{
    if (!sim_world_gone(w, ev->a, (uint32_t)ev->c)) shard_storage_failed(w, ev->a);
}

static void shard_gave_up(sim_world *w, uint32_t slot, uint32_t shard)
{
    if (sim_disk_read_failed(w->edges[slot].shards[shard].disk))
        sim_world_at(w, w->now_us, shard_on_gave_up, slot, 0, w->processes[slot].life);
    else
        sim_world_fail(w, "storage", "%s: a core gave up on a disk that reads",
                       sim_world_process_name(w, slot));
}

static void shard_commit(sim_world *w, uint32_t slot, uint32_t shard)
{
    sim_shard *m = &w->edges[slot].shards[shard];
    int err = kd_group_commit_begin(&m->commit, sim_edge_now_us(w, slot), shard_mono_us(w, slot), &m->writes);
    if (err == KD_EIO) shard_gave_up(w, slot, shard);
    if (err != KD_OK) return;
    shard_report_unmeasured(w, slot);
    sim_disk_submit(m->disk, m->writes);
    uint64_t us = SYNC_MIN_US + sim_world_below(w, DRAW_SYNC, slot * 64 + shard, SYNC_SPREAD_US);
    us = KD_MAX(us, w->slow_us[sim_edge_identity(slot)]);
    sim_world_at(w, w->now_us + us, shard_on_synced, slot, shard, w->processes[slot].life);
}

/* ---- batches ---- */

static void shard_delivered(sim_world *w, const sim_message *m, bool ok)
{
    uint32_t slot = m->process, shard = m->partition % w->s->shards;
    sim_shard *s = &w->edges[slot].shards[shard];
    if (s->sending > 0) s->sending--;
    if (m->producer != w->edges[slot].producer) return; /* a dead producer reports nothing */
    kd_edge_delivered(s->core, m->partition, m->at, ok, sim_edge_now_us(w, slot));
    sim_shard_turn(w, slot, shard);
}

static void shard_send(sim_world *w, uint32_t slot, uint32_t shard)
{
    sim_shard *m = &w->edges[slot].shards[shard];
    uint32_t partition;
    kd_position at;
    while (kd_edge_send_next(m->core, sim_edge_now_us(w, slot), &w->scratch, &partition, &at) == KD_OK) {
        sim_checks_sent(w->checks, slot, shard, partition, at, kd_buf_view(&w->scratch));
        uint32_t id = sim_message_take(w, MESSAGE_BATCH, slot, partition);
        sim_message *message = &w->messages[id];
        kd_buf_put(&message->record, w->scratch.data, w->scratch.len);
        message->at = at;
        message->producer = w->edges[slot].producer;
        message->delivered = shard_delivered;
        m->sending++;
        TRACE(w, "%s/%u sends %l/%l of %u", sim_world_process_name(w, slot), shard, at.incarnation, at.seq,
              partition);
        sim_producer_send(w, id);
    }
}

void sim_shard_reset(sim_world *w, uint32_t slot)
{
    TRACE(w, "%s makes a new producer", sim_world_process_name(w, slot));
    if (w->s->logged) w->edges[slot].producer++;
    for (uint32_t i = 0; i < w->s->shards; i++) {
        kd_edge_producer_reset(w->edges[slot].shards[i].core, sim_edge_now_us(w, slot));
        sim_shard_turn(w, slot, i);
        if (!w->processes[slot].up) return;
    }
}

/* ---- the turn ---- */

/* A row of those that the filter lacks since the start. Returns when the next one is due. */
static uint64_t shard_fill(sim_world *w, uint32_t slot, uint32_t shard)
{
    sim_shard *m = &w->edges[slot].shards[shard];
    if (!m->fills) return UINT64_MAX;
    kd_store store = sim_disk_view(m->disk);
    kd_fill_read(&store, &m->fill, 1);
    m->fills = kd_edge_fill_take(m->core, &m->fill);
    return m->fills ? sim_edge_now_us(w, slot) + SHELL_FILL_US : UINT64_MAX;
}

void sim_shard_turn(sim_world *w, uint32_t slot, uint32_t shard)
{
    sim_shard *m = &w->edges[slot].shards[shard];
    uint64_t now_us = sim_edge_now_us(w, slot), next_us = kd_edge_tick(m->core, now_us);
    next_us = KD_MIN(next_us, shard_fill(w, slot, shard));
    sim_checks_ticked(w->checks, slot, shard, now_us);
    kd_group_commit_look(&m->commit, shard_mono_us(w, slot));
    shard_commit(w, slot, shard);
    shard_send(w, slot, shard);
    kd_log_waits_answer(&m->waits);
    kd_log_waits_expire(&m->waits, shard_mono_us(w, slot));
    shard_look_at(w, slot, shard, next_us);
    if (w->processes[slot].draining) sim_process_check_drained(w, slot);
}

/* ---- snapshots ---- */

void sim_shard_snapshot(sim_world *w, uint32_t slot, uint32_t partition, kd_bytes bytes, int64_t offset)
{
    uint32_t shard = partition % w->s->shards;
    kd_edge *core = w->edges[slot].shards[shard].core;
    int verdict = kd_edge_snapshot(core, bytes, offset, sim_edge_now_us(w, slot));
    TRACE(w, "%s counts/%u %d: %d", sim_world_process_name(w, slot), partition, offset, (int64_t)verdict);
    w->gaps += verdict == KD_SNAPSHOT_GAP;
    if (verdict == KD_SNAPSHOT_UNDONE) {
        w->undone++;
        sim_world_note(w, w->s->edges[sim_edge_identity(slot)],
                       "a restore undid what it knew of partition %u", partition);
    }
    if (verdict == KD_EIO && sim_disk_read_failed(w->edges[slot].shards[shard].disk))
        return; /* the process ends with its next turn (shard_gave_up) */
    if (verdict < 0)
        sim_world_fail(w, "snapshot", "%s: a snapshot: %s", sim_world_process_name(w, slot),
                       kd_strerror(verdict));
    sim_checks_installed(w->checks, slot, shard, bytes, verdict);
}

/* ---- operations ---- */

static bool shard_clock_refuses(const sim_world *w, uint32_t slot)
{
    if (w->options->world_plant & SIM_PLANT_NO_DRIFT_BOUND) return false;
    return kd_drift_within(&w->edges[slot].drift, w->s->drift_us) == KD_CLOCK_OUT_OF_BOUNDS;
}

static int shard_take_op(sim_world *w, uint32_t slot, uint32_t shard, sim_op *op, kd_outcome *out)
{
    char key[24];
    kd_request rq = {.item = kd_item_key(&w->items[op->item]),
                     .user = kd_bytes_str(w->users_names[op->user]),
                     .verb = op->verb,
                     .counter = op->counter,
                     .amount = op->amount,
                     .seen = &op->seen};
    rq.idempotency_key = kd_bytes_of(key, 12);
    memcpy(key, &op->user, 4);
    memcpy(key + 4, &op->begun_us, 8);
    if (shard_clock_refuses(w, slot)) return KD_ECLOCK;
    if (w->processes[slot].draining) return KD_EUNAVAILABLE;
    int err = kd_group_commit_admits(&w->edges[slot].shards[shard].commit, shard_mono_us(w, slot));
    return err != KD_OK ? err
                        : kd_edge_take(w->edges[slot].shards[shard].core, &rq, sim_edge_now_us(w, slot), out);
}

/* Whether the edge may have dropped the operation's key: as many keys came since as it keeps. It may also still have it, for keys whose write died
 * with a process do not count for the edge. */
static bool shard_key_may_be_gone(const sim_world *w, const sim_edge *e, const sim_op *op)
{
    return e->keys - op->key >= sim_edge_room_keys(w->s);
}

/* Enters the operation into the journal. A retry belongs to the first attempt, except that of a sum whose key the edge forgot with its disk or for
 * want of room: it is another attempt, and both may count. */
static void shard_journal_taken(sim_world *w, uint32_t slot, sim_op *op, const kd_outcome *out)
{
    sim_edge *e = &w->edges[slot];
    uint32_t wipes = w->edges[sim_edge_identity(slot)].wipes;
    bool forgotten = op->wipes != wipes || shard_key_may_be_gone(w, e, op);
    bool another = op->verb == KD_ADD && forgotten && !out->replayed;
    if (!out->replayed) op->key = e->keys++;
    if (op->attempt != UINT32_MAX && !another) {
        sim_journal_retried(w->journal, op->attempt, w->now_us);
        return;
    }
    sim_journal_attempt a = {.user = op->user,
                             .item = op->item,
                             .edge = sim_edge_identity(slot),
                             .counter = op->counter,
                             .verb = op->verb,
                             .amount = op->amount,
                             .first_us = w->now_us,
                             .issued_us = w->now_us,
                             .sent_us = op->issued_us,
                             .strange = op->strange};
    op->attempt = sim_journal_attempted(w->journal, &a);
    op->wipes = wipes;
}

/* The checkers see the number that the answer carries, also when a retry is answered once more. */
static void shard_show_answer(sim_world *w, uint32_t slot, const sim_op *op)
{
    kd_view view;
    kd_edge *core = sim_shard_of(w, slot, w->item_partition[op->item])->core;
    int err = kd_edge_view(core, kd_item_key(&w->items[op->item]), &view);
    sim_checks_viewed(w->checks, slot, op->item, err, &view);
    sim_checks_answer_viewed(w->checks, slot, op->attempt, err, &view);
}

void sim_shard_request(sim_world *w, uint32_t slot, uint32_t id)
{
    sim_op *op = &w->ops[id];
    uint32_t shard = w->item_partition[op->item] % w->s->shards;
    kd_outcome out = {.group = 0};
    int err = shard_take_op(w, slot, shard, op, &out);
    TRACE(w, "%s/%u user %u op %u: %s %s: %d", sim_world_process_name(w, slot), shard, op->user, op->number,
          op->verb == KD_LIKE     ? "likes"
          : op->verb == KD_UNLIKE ? "unlikes"
                                  : "views",
          w->item_names[op->item], (int64_t)err);
    if (err == KD_EINFLIGHT) { /* the second request of a double tap: the first one is answered soon */
        sim_op_release(w, id);
        return;
    }
    if (err != KD_OK) {
        w->refused++;
        w->edges[slot].refused++;
        sim_checks_refused(w->checks, slot, shard, op->item, err);
        op->ended(w, slot, id, NULL);
        return;
    }
    shard_journal_taken(w, slot, op, &out);
    sim_checks_taken(w->checks, slot, shard, op->attempt, &out);
    shard_show_answer(w, slot, op);
    if (out.group == 0 && !w->s->logged) {
        w->edges[slot].acked++;
        sim_checks_answered(w->checks, slot, shard, op->attempt, &out);
        op->ended(w, slot, id, &out);
    } else {
        shard_await(w, slot, shard, id, &out);
    }
    sim_shard_turn(w, slot, shard);
}
