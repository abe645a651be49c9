/*
 * tenure.c - central over one partition: feeds, commits (two under way at most), and what goes out once a commit is durable. See
 * central/io/partition/{tenure,tenure_publish,outbound}.c.
 */
#include "sim/world/world.h"

enum { SYNC_MIN_US = 300, SYNC_SPREAD_US = 2700, CHANGES_WINDOW = 64, DEPTH = 2 };

static sim_part *sim_tenure_part_of(sim_world *w, uint32_t slot, uint32_t partition)
{
    return &w->centrals[slot].parts[partition];
}

static bool draining(const sim_world *w, uint32_t slot)
{
    return w->processes[sim_process_of_central(slot)].draining;
}

/* In some runs so few that one commit begins while another is being written, as under load. */
static uint32_t commit_ops(const sim_world *w)
{
    static const uint32_t ops[] = {SHELL_COMMIT_OPS, 1, 12};
    return ops[sim_world_draw(w, DRAW_SEED, 9200, 0) % KD_COUNT(ops)];
}

/* ---- in ---- */

/* Planted: a claim that is not ours never gets to the core. */
static bool fence_ignored(const sim_world *w, kd_central *core, kd_bytes bytes)
{
    kd_claim claim;
    if (!(w->options->world_plant & SIM_PLANT_NO_FENCE) || kd_record_peek(bytes) != KD_RECORD_CLAIM)
        return false;
    return kd_claim_decode(bytes, &claim) == KD_OK && claim.epoch > kd_central_epoch(core);
}

static void fed_badly(sim_world *w, uint32_t partition, int64_t offset, kd_fed fed)
{
    if (fed == KD_FED_IDENTITY)
        sim_world_note(w, "central", "two batches of one name and position in partition %u", partition);
    if (fed == KD_FED_QUARANTINED || fed == KD_FED_UNKNOWN_SCHEMA || fed == KD_FED_UNKNOWN_COUNTER ||
        fed == KD_FED_POISONED)
        sim_world_fail(w, "feed", "central partition %u at %lld: a record was fed with %d", partition,
                       (long long)offset, (int)fed);
}

void sim_tenure_feed(sim_world *w, uint32_t slot, uint32_t partition, kd_bytes bytes, int64_t offset)
{
    sim_part *p = sim_tenure_part_of(w, slot, partition);
    if (fence_ignored(w, p->core, bytes)) {
        sim_checks_fed(w->checks, slot, partition, bytes, offset, KD_FED_FENCED);
        return;
    }
    kd_fed fed = kd_central_feed(p->core, bytes, offset, sim_host_wall_us(w, HOST_CENTRAL));
    p->fed = true;
    w->merges += fed == KD_FED_MERGED;
    w->duplicates += fed == KD_FED_DUPLICATE;
    w->gaps += fed == KD_FED_GAP;
    TRACE(w, "%s likes/%u %d: %d", sim_world_process_name(w, sim_process_of_central(slot)), partition, offset,
          (int64_t)fed);
    sim_checks_fed(w->checks, slot, partition, bytes, offset, fed);
    fed_badly(w, partition, offset, fed);
    if (fed == KD_FED_FENCED) {
        sim_central_failed(w, slot, true);
        return;
    }
    if (kd_central_gathered(p->core) >= commit_ops(w)) sim_tenure_commit(w, slot, partition);
}

bool sim_tenure_blocked(const sim_world *w, uint32_t slot, uint32_t partition)
{
    const sim_part *p = &w->centrals[slot].parts[partition];
    return p->outstanding == DEPTH && kd_central_gathered(p->core) >= commit_ops(w);
}

/* ---- commits ---- */

/* The core is told: now when the disk has done it, or, planted, before. */
static bool tell_core(sim_world *w, uint32_t slot, uint32_t partition, uint64_t version, int status,
                      bool synced)
{
    sim_part *p = sim_tenure_part_of(w, slot, partition);
    int err = kd_central_commit_end(p->core, version, status);
    sim_checks_committed(w->checks, slot, partition, version, status, synced);
    if (status == KD_OK && err == KD_OK) return true;
    sim_central_failed(w, slot, false);
    return false;
}

static bool told_early(const sim_world *w)
{
    return w->options->world_plant & SIM_PLANT_PUBLISH_EARLY;
}

static void became_durable(sim_world *w, uint32_t slot, uint32_t partition)
{
    sim_part *p = sim_tenure_part_of(w, slot, partition);
    uint64_t epoch = kd_central_epoch(p->core);
    if (kd_central_durable(p->core) && epoch != p->claimed) {
        p->claimed = epoch;
        p->claim_pending = true;
    }
    p->changes_open = true;
    sim_tenure_publish(w, slot, partition);
}

static void on_written(sim_world *w, const sim_event *ev)
{
    uint32_t slot = ev->a, partition = ev->b, process = sim_process_of_central(slot);
    if (sim_world_gone(w, process, (uint32_t)ev->c)) return;
    if (sim_world_frozen(w, ev, process)) return;
    sim_part *p = sim_tenure_part_of(w, slot, partition);
    bool synced;
    int status = sim_disk_sync(p->disk, &synced);
    uint64_t version = p->versions[0];
    p->versions[0] = p->versions[1];
    p->outstanding--;
    if (told_early(w) && status != KD_OK) {
        sim_central_failed(w, slot, false);
        return;
    }
    if (!told_early(w) && !tell_core(w, slot, partition, version, status, synced)) return;
    sim_operator_sees_commit(w, slot);
    sim_tenure_commit(w, slot, partition);
    became_durable(w, slot, partition);
    sim_consumer_wake(w, process, partition);
    if (draining(w, slot)) sim_process_check_drained(w, process);
}

static void sim_tenure_begin(sim_world *w, uint32_t slot, uint32_t partition)
{
    sim_part *p = sim_tenure_part_of(w, slot, partition);
    const kd_writes *writes;
    uint64_t version;
    int err = kd_central_commit_begin(p->core, sim_host_wall_us(w, HOST_CENTRAL), &writes, &version);
    p->fed = false;
    if (err == KD_EAGAIN) return;
    if (err != KD_OK) {
        sim_world_fail(w, "commit", "central partition %u: a commit cannot begin: %s", partition,
                       kd_strerror(err));
        return;
    }
    sim_checks_commit_begun(w->checks, slot, partition, version);
    sim_disk_submit(p->disk, writes);
    p->versions[p->outstanding++] = version;
    uint64_t us = SYNC_MIN_US + sim_world_below(w, DRAW_SYNC, 1000 + slot * 64 + partition, SYNC_SPREAD_US);
    us = KD_MAX(us, w->slow_us[HOST_CENTRAL]);
    p->disk_free_us = KD_MAX(p->disk_free_us, w->now_us) + us;
    sim_world_at(w, p->disk_free_us, on_written, slot, partition,
                 w->processes[sim_process_of_central(slot)].life);
    if (told_early(w) && tell_core(w, slot, partition, version, KD_OK, false))
        became_durable(w, slot, partition);
}

void sim_tenure_commit(sim_world *w, uint32_t slot, uint32_t partition)
{
    sim_part *p = sim_tenure_part_of(w, slot, partition);
    if (!p->fed || p->outstanding == DEPTH) return;
    if (p->outstanding == 0 || kd_central_gathered(p->core) >= commit_ops(w))
        sim_tenure_begin(w, slot, partition);
}

/* ---- out ---- */

static uint32_t message(sim_world *w, sim_message_kind kind, uint32_t slot, uint32_t partition,
                        kd_bytes bytes)
{
    uint32_t id = sim_message_take(w, kind, sim_process_of_central(slot), partition);
    kd_buf_put(&w->messages[id].record, bytes.data, bytes.len);
    return id;
}

static void sim_tenure_publish_claim(sim_world *w, uint32_t slot, uint32_t partition)
{
    sim_part *p = sim_tenure_part_of(w, slot, partition);
    if (!p->claim_pending) return;
    p->claim_pending = false;
    kd_buf_clear(&w->scratch);
    kd_central_claim(p->core, sim_host_wall_us(w, HOST_CENTRAL), &w->scratch);
    p->claims_out++;
    sim_producer_send(w, message(w, MESSAGE_CLAIM, slot, partition, kd_buf_view(&w->scratch)));
}

static void sim_tenure_publish_changes(sim_world *w, uint32_t slot, uint32_t partition)
{
    sim_part *p = sim_tenure_part_of(w, slot, partition);
    while (p->changes_open && p->changes_out < CHANGES_WINDOW) {
        uint64_t version;
        int err = kd_central_changes_next(p->core, &w->scratch, &version);
        if (err != KD_OK) {
            p->changes_open = false;
            if (err != KD_ENOTFOUND)
                sim_world_fail(w, "changes", "central partition %u: changes: %s", partition,
                               kd_strerror(err));
            if (p->changes_out == 0) kd_central_changes_delivered(p->core, kd_central_version(p->core));
            return;
        }
        uint32_t id = message(w, MESSAGE_CHANGES, slot, partition, kd_buf_view(&w->scratch));
        w->messages[id].version = version;
        p->changes_out++;
        sim_producer_send(w, id);
    }
}

typedef struct {
    sim_world *w;
    uint32_t slot, partition;
} emission;

static void emit(void *arg, kd_bytes bytes)
{
    emission *e = arg;
    sim_checks_published(e->w->checks, e->slot, e->partition, bytes);
    sim_tenure_part_of(e->w, e->slot, e->partition)->counts_out++;
    sim_producer_send(e->w, message(e->w, MESSAGE_COUNTS, e->slot, e->partition, bytes));
}

static void on_snapshot_due(sim_world *w, const sim_event *ev)
{
    uint32_t process = sim_process_of_central(ev->a);
    if (sim_world_gone(w, process, (uint32_t)ev->c)) return;
    if (sim_world_frozen(w, ev, process)) return;
    sim_part *p = sim_tenure_part_of(w, ev->a, ev->b);
    if (w->now_us < p->snapshot_look_us) return;
    p->snapshot_look_us = 0;
    sim_tenure_publish(w, ev->a, ev->b);
}

static void sim_tenure_look_at(sim_world *w, uint32_t slot, uint32_t partition, uint64_t at_us)
{
    sim_part *p = sim_tenure_part_of(w, slot, partition);
    if (p->snapshot_look_us > w->now_us && p->snapshot_look_us <= at_us) return;
    p->snapshot_look_us = at_us;
    sim_world_at(w, at_us, on_snapshot_due, slot, partition, w->processes[sim_process_of_central(slot)].life);
}

static void sim_tenure_publish_snapshot(sim_world *w, uint32_t slot, uint32_t partition)
{
    sim_part *p = sim_tenure_part_of(w, slot, partition);
    if (p->claims_out > 0 || p->counts_out > 0 || p->said_all) return;
    bool last = draining(w, slot) && !p->fed && p->outstanding == 0;
    if (!last && w->now_us < p->snapshot_due_us) {
        sim_tenure_look_at(w, slot, partition, p->snapshot_due_us);
        return;
    }
    p->said_all = last;
    uint64_t next = p->snapshot_due_us + w->s->snapshot_interval_us;
    p->snapshot_due_us = next > w->now_us ? next : w->now_us + w->s->snapshot_interval_us;
    emission arg = {w, slot, partition};
    int err = kd_central_snapshot(p->core, sim_host_wall_us(w, HOST_CENTRAL), emit, &arg);
    if (err != KD_OK)
        sim_world_fail(w, "snapshot", "central partition %u: a snapshot: %s", partition, kd_strerror(err));
}

void sim_tenure_publish(sim_world *w, uint32_t slot, uint32_t partition)
{
    sim_part *p = sim_tenure_part_of(w, slot, partition);
    if (!w->centrals[slot].ready || !kd_central_durable(p->core)) return;
    sim_tenure_publish_claim(w, slot, partition);
    sim_tenure_publish_changes(w, slot, partition);
    sim_tenure_publish_snapshot(w, slot, partition);
}

/* What was not delivered is sent again, behind what came after it; its reader drops copies. */
static void sim_tenure_on_again(sim_world *w, const sim_event *ev)
{
    sim_producer_send(w, ev->a);
}

static void send_again(sim_world *w, uint32_t slot, const sim_message *m)
{
    sim_part *p = sim_tenure_part_of(w, slot, m->partition);
    p->backoff_us =
        KD_MIN(KD_MAX(2 * p->backoff_us, (uint64_t)SHELL_BACKOFF_MIN_US), (uint64_t)SHELL_BACKOFF_MAX_US);
    uint64_t us = p->backoff_us / 2 + sim_world_below(w, DRAW_RETRY, 1000 + m->partition, p->backoff_us);
    uint64_t version = m->version;
    uint32_t id = message(w, m->kind, slot, m->partition, kd_buf_view(&m->record));
    w->messages[id].version = version;
    sim_world_at(w, w->now_us + us, sim_tenure_on_again, id, 0, 0);
}

void sim_tenure_delivered(sim_world *w, uint32_t slot, const sim_message *m, bool ok)
{
    sim_part *p = sim_tenure_part_of(w, slot, m->partition);
    if (!ok) {
        send_again(w, slot, m);
        return;
    }
    p->backoff_us = 0;
    if (m->kind == MESSAGE_CLAIM) p->claims_out--;
    if (m->kind == MESSAGE_COUNTS) p->counts_out--;
    if (m->kind == MESSAGE_CHANGES && --p->changes_out == 0 && !p->changes_open)
        kd_central_changes_delivered(p->core, kd_central_version(p->core));
    sim_tenure_publish(w, slot, m->partition);
    if (draining(w, slot)) sim_process_check_drained(w, sim_process_of_central(slot));
}
