/* tenure.c - see the header. The real counterparts are central/io/partition/{tenure,tenure_publish}.c. */
#include "sim/scenario/forged.h"
#include "sim/world/tenure.h"

#include "kudos/follow.h"
#include "kudos/index.h"
#include "sim/world/consumer.h"
#include "sim/world/events.h"
#include "sim/world/hosts.h"
#include "sim/world/processes.h"
#include "sim/world/producer.h"
#include "sim/world/tenure_core.h"
#include "sim/world/tenure_follow.h"

enum { SYNC_MIN_US = 300, SYNC_SPREAD_US = 2700, HOP_US = 3000, HELD_US = 3000000 };

static sim_tenure *tenure_of(sim_world *w, uint32_t slot, uint32_t partition)
{
    return &w->centrals[slot].tenures[partition];
}

static bool tenure_draining(const sim_world *w, uint32_t slot)
{
    return w->processes[sim_process_of_central(slot)].draining;
}

/* Its process is about to end, or it hands over. */
static bool tenure_drains(const sim_world *w, const sim_tenure *t)
{
    return t->drains || tenure_draining(w, t->slot);
}

static void tenure_settled(sim_world *w, uint32_t slot)
{
    if (w->centrals[slot].settled) w->centrals[slot].settled(w, slot);
}

/* ---- opening ---- */

static int tenure_produce(void *arg, const kd_outbound *out, kd_bytes bytes, kd_outbound_record *record);
static void tenure_count_part(void *arg, kd_bytes part);

static void tenure_open_publisher(sim_world *w, sim_tenure *t)
{
    const kd_publisher_config config = {.snapshot_interval_us = w->s->snapshot_interval_us,
                                        .viral_interval_us = w->s->snapshot_interval_us / 5,
                                        .unpublished_max = sim_tenure_unpublished_max(w),
                                        .publish_changes = true,
                                        .plant = w->options->central_plant};
    const kd_publisher_shell shell = {t, tenure_produce, tenure_count_part};
    uint64_t entity = 800 + sim_tenure_entity(w, t->slot, t->partition);
    kd_publisher_init(&t->publisher, t->core, &config, &shell,
                      sim_host_mono_us(w, sim_central_host(w, t->slot)),
                      sim_world_draw(w, DRAW_TIMER, entity, w->now_us));
}

bool sim_tenure_open(sim_world *w, uint32_t slot, uint32_t partition)
{
    sim_tenure *t = tenure_of(w, slot, partition);
    t->world = w;
    t->slot = slot;
    t->partition = partition;
    t->disk_free_us = t->look_us = t->told_us = 0;
    t->written_count = 0;
    t->reading = t->halted = t->fenced = t->drains = false;
    t->gate = (kd_commit_gate){.ops_max = sim_tenure_commit_ops(w), .pending = true}; /* commit the epoch */
    int err = sim_tenure_core_open(w, slot, partition);
    if (err != KD_OK) {
        sim_world_fail(w, "open", "central partition %u does not open: %s", partition, kd_strerror(err));
        return false;
    }
    tenure_open_publisher(w, t);
    TRACE(w, "%s/%u epoch %x from version %l", sim_world_process_name(w, sim_process_of_central(slot)),
          partition, kd_central_epoch(t->core), kd_central_version(t->core));
    sim_checks_central_opened(w->checks, slot, partition);
    return true;
}

void sim_tenure_close(sim_world *w, uint32_t slot, uint32_t partition)
{
    sim_tenure *t = tenure_of(w, slot, partition);
    kd_publisher_finish(&t->publisher);
    kd_central_close(t->core);
    t->core = NULL;
    t->reading = false;
}

bool sim_tenure_quiet(const sim_tenure *t)
{
    return !t->core || (t->gate.under_way == 0 && kd_publisher_sent(&t->publisher) == 0);
}

/* ---- records in ---- */

/* The process ends. A second central that was started by mistake is not started again. */
static void tenure_failed(sim_world *w, uint32_t slot, bool fenced)
{
    uint32_t process = sim_process_of_central(slot);
    TRACE(w, "%s stops: %s", sim_world_process_name(w, process), fenced ? "fenced" : "storage failed");
    sim_world_note(w, "central",
                   fenced ? "fenced by a higher claim: the process stops"
                          : "a write failed: the process stops");
    sim_process_stop(w, process);
    bool alone = w->s->member_count == 0;
    w->processes[process].refuses_to_run = alone && fenced && w->processes[sim_process_of_central(!slot)].up;
    if (slot == 0 || !alone) sim_process_start_at(w, process, w->now_us + SHELL_RESTART_US);
}

/* With NO_FENCE planted: a higher claim never gets to the core. */
static bool tenure_ignores_fence(const sim_world *w, kd_central *core, kd_bytes bytes)
{
    kd_claim claim;
    if (!(w->options->world_plant & SIM_PLANT_NO_FENCE) || kd_record_peek(bytes) != KD_RECORD_CLAIM)
        return false;
    return kd_claim_decode(bytes, &claim) == KD_OK && claim.epoch > kd_central_epoch(core);
}

static void tenure_report_fed(sim_world *w, uint32_t partition, int64_t offset, kd_bytes bytes, kd_fed fed)
{
    if (fed == KD_FED_QUARANTINED && sim_forged_is(bytes))
        return; /* it names an epoch or a time that is not believed */
    if (fed == KD_FED_IDENTITY)
        sim_world_note(w, "central", "two batches of one name and position in partition %u", partition);
    if (fed == KD_FED_QUARANTINED || fed == KD_FED_UNKNOWN_SCHEMA || fed == KD_FED_UNKNOWN_COUNTER ||
        fed == KD_FED_POISONED)
        sim_world_fail(w, "feed", "central partition %u at %lld: a record was fed with %d", partition,
                       (long long)offset, (int)fed);
}

/* I14, checked apart from the publisher's own decision: nothing is read while the topics have not taken as much redo as the bound,
 * but by a leader that was superseded and does not know the claim yet. */
static void tenure_check_unpublished(sim_world *w, const sim_tenure *t)
{
    uint64_t bytes = kd_central_unpublished_bytes(t->core), max = t->publisher.config.unpublished_max;
    if (bytes >= max && !kd_central_superseded(t->core))
        sim_world_fail(w, "unpublished",
                       "central reads on in partition %u with %llu bytes that its topics have not taken, the "
                       "bound is %llu",
                       t->partition, (unsigned long long)bytes, (unsigned long long)max);
}

/* A member of a group follows whoever fenced it. */
static void tenure_fenced(sim_world *w, sim_tenure *t)
{
    if (w->s->member_count == 0) {
        tenure_failed(w, t->slot, true);
        return;
    }
    t->fenced = true;
    sim_world_note(w, w->s->members[t->slot], "partition %u: fenced by the claim of another member",
                   t->partition);
    tenure_settled(w, t->slot);
}

bool sim_tenure_deaf(const sim_tenure *t)
{
    return !t->core || t->halted || t->fenced;
}

/* Whether the record is passed over: its role is about to change, or, as a follower, it was fed before or has lost its way. */
static bool tenure_passes_over(const sim_tenure *t, int64_t offset)
{
    int64_t last;
    if (sim_tenure_deaf(t)) return true;
    if (!t->follows) return false;
    return t->following.told >= KD_FOLLOWS_DIFFERS || (kd_central_log_fed(t->core, &last) && offset <= last);
}

void sim_tenure_feed(sim_world *w, uint32_t slot, uint32_t partition, kd_bytes bytes, int64_t offset)
{
    sim_tenure *t = tenure_of(w, slot, partition);
    if (tenure_passes_over(t, offset)) return;
    if (tenure_ignores_fence(w, t->core, bytes)) {
        sim_checks_fed(w->checks, slot, partition, bytes, offset, KD_FED_FENCED);
        return;
    }
    tenure_check_unpublished(w, t);
    kd_fed fed = kd_central_feed(t->core, bytes, offset, sim_host_wall_us(w, sim_central_host(w, slot)));
    t->gate.pending = true;
    w->merges += !t->follows && fed == KD_FED_MERGED;
    w->duplicates += !t->follows && fed == KD_FED_DUPLICATE;
    w->gaps += !t->follows && fed == KD_FED_GAP;
    TRACE(w, "%s likes/%u %d: %d", sim_world_process_name(w, sim_process_of_central(slot)), partition, offset,
          (int64_t)fed);
    sim_checks_fed(w->checks, slot, partition, bytes, offset, fed);
    tenure_report_fed(w, partition, offset, bytes, fed);
    if (t->follows) sim_following_check(w, t);
    if (fed == KD_FED_FENCED) {
        tenure_fenced(w, t);
        return;
    }
    if (kd_central_log_again(t->core))
        w->processes[sim_process_of_central(slot)].cursor[partition].next = w->likes[partition].start;
    if (kd_commit_gate_full(&t->gate, kd_central_gathered(t->core))) sim_tenure_commit(w, slot, partition);
}

bool sim_tenure_blocked(const sim_world *w, uint32_t slot, uint32_t partition)
{
    const sim_tenure *t = &w->centrals[slot].tenures[partition];
    if (sim_tenure_deaf(t)) return false;
    return kd_publisher_blocks(&t->publisher) ||
           kd_commit_gate_blocks(&t->gate, kd_central_gathered(t->core));
}

/* ---- commits ---- */

/* Ends the commit in the core: after the disk has written it, or, with PUBLISH_EARLY planted, before. False: the process was stopped. */
static bool tenure_end_commit(sim_world *w, uint32_t slot, uint32_t partition, uint64_t version, int status,
                              bool synced)
{
    sim_tenure *t = tenure_of(w, slot, partition);
    int err = kd_central_commit_end(t->core, version, status);
    sim_checks_committed(w->checks, slot, partition, version, status, synced);
    if (status == KD_OK && err == KD_OK) return true;
    tenure_failed(w, slot, false);
    return false;
}

static bool tenure_publishes_early(const sim_world *w)
{
    return w->options->world_plant & SIM_PLANT_PUBLISH_EARLY;
}

static void tenure_became_durable(sim_world *w, uint32_t slot, uint32_t partition)
{
    kd_publisher_committed(&tenure_of(w, slot, partition)->publisher);
    sim_tenure_publish(w, slot, partition);
}

/* The oldest commit that the disk has written ends in the core. */
static void tenure_on_told(sim_world *w, const sim_event *ev)
{
    uint32_t slot = ev->a, partition = ev->b, process = sim_process_of_central(slot);
    if (sim_world_gone(w, process, (uint32_t)ev->c)) return;
    if (sim_world_frozen(w, ev, process)) return;
    sim_tenure *t = tenure_of(w, slot, partition);
    sim_written done = t->written[0];
    uint64_t version = t->versions[0];
    t->written[0] = t->written[1];
    t->written_count--;
    t->versions[0] = t->versions[1];
    t->gate.under_way--;
    if (tenure_publishes_early(w) && done.status != KD_OK) {
        tenure_failed(w, slot, false);
        return;
    }
    if (!tenure_publishes_early(w) &&
        !tenure_end_commit(w, slot, partition, version, done.status, done.synced))
        return;
    if (t->follows) kd_follower_state_committed(&t->following, t->core);
    if (w->centrals[slot].committed) w->centrals[slot].committed(w, slot);
    sim_tenure_commit(w, slot, partition);
    tenure_became_durable(w, slot, partition);
    sim_consumer_wake(w, process, partition);
    tenure_settled(w, slot);
    if (tenure_draining(w, slot)) sim_process_check_drained(w, process);
}

/* From the disk's thread to the core it may take a while, in half of the runs. Meanwhile the rows can be read, and the core does not know. */
static uint64_t tenure_hop_us(const sim_world *w, uint32_t slot, uint32_t partition)
{
    bool slow = sim_world_draw(w, DRAW_SEED, 9500, 0) % 2;
    return slow ? 1 + sim_world_below(w, DRAW_SYNC, 2000 + slot * 64 + partition, HOP_US) : 0;
}

static void tenure_on_written(sim_world *w, const sim_event *ev)
{
    uint32_t slot = ev->a, partition = ev->b, process = sim_process_of_central(slot);
    if (sim_world_gone(w, process, (uint32_t)ev->c)) return;
    if (sim_world_frozen(w, ev, process)) return;
    sim_tenure *t = tenure_of(w, slot, partition);
    sim_written *done = &t->written[t->written_count++];
    done->status = sim_disk_sync(t->disk, &done->synced);
    if (done->status == KD_OK) sim_checks_readable(w->checks, slot, partition);
    uint64_t hop_us = tenure_hop_us(w, slot, partition);
    if (hop_us == 0) {
        tenure_on_told(w, ev);
        return;
    }
    t->told_us = KD_MAX(t->told_us, w->now_us + hop_us);
    sim_world_at(w, t->told_us, tenure_on_told, slot, partition, w->processes[process].life);
}

static void tenure_begin_commit(sim_world *w, uint32_t slot, uint32_t partition)
{
    sim_tenure *t = tenure_of(w, slot, partition);
    const kd_writes *writes;
    uint64_t version;
    int err = kd_central_commit_begin(t->core, &writes, &version);
    t->gate.pending = kd_central_indexing(t->core) && !tenure_drains(w, t);
    if (err == KD_EAGAIN) return;
    if (err != KD_OK) {
        sim_world_fail(w, "commit", "central partition %u: a commit cannot begin: %s", partition,
                       kd_strerror(err));
        return;
    }
    sim_checks_commit_begun(w->checks, slot, partition, version);
    sim_disk_submit(t->disk, writes);
    t->versions[t->gate.under_way++] = version;
    uint64_t us = SYNC_MIN_US + sim_world_below(w, DRAW_SYNC, 1000 + slot * 64 + partition, SYNC_SPREAD_US);
    us = KD_MAX(us, w->slow_us[sim_central_host(w, slot)]);
    t->disk_free_us = KD_MAX(t->disk_free_us, w->now_us) + us;
    sim_world_at(w, t->disk_free_us, tenure_on_written, slot, partition,
                 w->processes[sim_process_of_central(slot)].life);
    if (tenure_publishes_early(w) && tenure_end_commit(w, slot, partition, version, KD_OK, false))
        tenure_became_durable(w, slot, partition);
}

/* Before a change of the role what is gathered is read again by the next core. */
static bool tenure_commits(const sim_tenure *t)
{
    return t->core && !t->fenced && (!t->halted || t->drains);
}

void sim_tenure_commit(sim_world *w, uint32_t slot, uint32_t partition)
{
    sim_tenure *t = tenure_of(w, slot, partition);
    if (!tenure_commits(t)) return;
    t->gate.pending |=
        kd_central_sweeps(t->core) && !tenure_drains(w, t) && !kd_publisher_blocks(&t->publisher);
    if (kd_commit_gate_opens(&t->gate, kd_central_gathered(t->core))) tenure_begin_commit(w, slot, partition);
}

/* ---- records out ---- */

static sim_message_kind tenure_message_kind(const sim_tenure *t, const kd_outbound *out)
{
    if (out == &t->publisher.claims) return MESSAGE_CLAIM;
    if (out == &t->publisher.decisions) return MESSAGE_DECISION;
    if (out == &t->publisher.counts) return MESSAGE_COUNTS;
    return out == &t->publisher.changes ? MESSAGE_CHANGES : MESSAGE_MILESTONES;
}

static void tenure_delivered(sim_world *w, const sim_message *m, bool ok)
{
    uint32_t slot = sim_process_slot(m->process);
    uint64_t random =
        sim_world_draw(w, DRAW_RETRY, 1000 + sim_tenure_entity(w, slot, m->partition), w->now_us);
    kd_publisher_report(m->outbound, ok, sim_host_mono_us(w, sim_central_host(w, slot)), random);
    sim_tenure_publish(w, slot, m->partition); /* after a failure, too: sets the time of the next attempt */
    tenure_settled(w, slot);
    if (tenure_draining(w, slot)) sim_process_check_drained(w, sim_process_of_central(slot));
}

static void tenure_on_held(sim_world *w, const sim_event *ev)
{
    sim_producer_send(w, ev->a);
}

/* In some runs what central proposes about the floor is long on its way: other records stand in front of it then, which its author had not read. */
static uint64_t tenure_holds_us(sim_world *w, const sim_tenure *t, kd_bytes bytes)
{
    kd_decision d;
    bool slow = w->s->forget_tombstones_us > 0 && sim_world_draw(w, DRAW_SEED, 9500, 0) % 2;
    if (!slow || kd_record_peek(bytes) != KD_RECORD_DECISION) return 0;
    if (kd_decision_decode(bytes, &d) != KD_OK || d.what != KD_DECIDED_FLOOR) return 0;
    return sim_world_below(w, DRAW_DECIDE, 9100 + t->slot * 64 + t->partition, HELD_US);
}

static int tenure_produce(void *arg, const kd_outbound *out, kd_bytes bytes, kd_outbound_record *record)
{
    sim_tenure *t = arg;
    sim_world *w = t->world;
    uint32_t id =
        sim_message_take(w, tenure_message_kind(t, out), sim_process_of_central(t->slot), t->partition);
    kd_buf_put(&w->messages[id].record, bytes.data, bytes.len);
    w->messages[id].outbound = record;
    w->messages[id].delivered = tenure_delivered;
    uint64_t held_us = tenure_holds_us(w, t, bytes);
    if (held_us > 0)
        sim_world_at(w, w->now_us + held_us, tenure_on_held, id, 0, 0);
    else
        sim_producer_send(w, id);
    return KD_OK;
}

static void tenure_count_part(void *arg, kd_bytes part)
{
    const sim_tenure *t = arg;
    sim_checks_published(t->world->checks, t->slot, t->partition, part);
}

static void tenure_on_look(sim_world *w, const sim_event *ev)
{
    uint32_t process = sim_process_of_central(ev->a);
    if (sim_world_gone(w, process, (uint32_t)ev->c)) return;
    if (sim_world_frozen(w, ev, process)) return;
    sim_tenure *t = tenure_of(w, ev->a, ev->b);
    if (w->now_us < t->look_us) return; /* a later run was set since */
    t->look_us = 0;
    sim_tenure_publish(w, ev->a, ev->b);
}

static void tenure_look_in(sim_world *w, sim_tenure *t, uint64_t delay_us)
{
    uint64_t at_us = w->now_us + KD_MAX(delay_us, UINT64_C(1));
    if (t->look_us > w->now_us && t->look_us <= at_us) return;
    t->look_us = at_us;
    sim_world_at(w, at_us, tenure_on_look, t->slot, t->partition,
                 w->processes[sim_process_of_central(t->slot)].life);
}

/* Rule 14, checked apart from the publisher's own decision: operations of a viral item wait for the viral interval alone. */
static void tenure_check_viral(sim_world *w, const sim_tenure *t, uint64_t mono_us)
{
    const kd_publisher *p = &t->publisher;
    if (kd_central_promotion(t->core) != KD_PROMOTION_LEADS) return; /* it makes none yet */
    bool under_way = p->claims.count > 0 || p->counts.count > 0 || p->ending == KD_PUBLISHER_DONE;
    if (!under_way && kd_central_viral(t->core) &&
        mono_us >= p->snapshot_made_us + p->config.viral_interval_us)
        sim_world_fail(w, "viral", "central keeps operations of a viral item back in partition %u",
                       t->partition);
}

/* A store that is promoted is durable only when its claim is. */
static bool tenure_publishes(const sim_world *w, const sim_tenure *t)
{
    if (!w->centrals[t->slot].ready || !t->core || t->follows || t->fenced) return false;
    if (t->halted && !tenure_drains(w, t)) return false;
    return kd_central_durable(t->core) || kd_central_promotion(t->core) != KD_PROMOTION_LEADS;
}

void sim_tenure_publish(sim_world *w, uint32_t slot, uint32_t partition)
{
    sim_tenure *t = tenure_of(w, slot, partition);
    uint32_t host = sim_central_host(w, slot);
    uint64_t next_us, mono_us = sim_host_mono_us(w, host);
    if (!tenure_publishes(w, t)) return;
    bool leads = kd_central_promotion(t->core) == KD_PROMOTION_LEADS;
    if (leads && tenure_drains(w, t) && kd_commit_gate_idle(&t->gate)) kd_publisher_end(&t->publisher);
    int err = kd_publisher_run(&t->publisher, sim_host_wall_us(w, host), mono_us, &next_us);
    if (err != KD_OK)
        sim_world_fail(w, "publish", "central partition %u cannot publish: %s", partition, kd_strerror(err));
    else
        tenure_check_viral(w, t, mono_us);
    if (err == KD_OK && next_us != UINT64_MAX)
        tenure_look_in(w, t, next_us > mono_us ? next_us - mono_us : 0);
    sim_consumer_wake(w, sim_process_of_central(slot), partition);
}

void sim_tenure_drain(sim_world *w, uint32_t slot, uint32_t partition)
{
    sim_tenure *t = tenure_of(w, slot, partition);
    if (!t->core) return;
    t->drains = true;
    if (t->follows) t->halted = false; /* it stays what it is */
    sim_tenure_commit(w, slot, partition);
    sim_tenure_publish(w, slot, partition);
}

bool sim_tenure_drained(const sim_world *w, uint32_t slot, uint32_t partition)
{
    const sim_tenure *t = &w->centrals[slot].tenures[partition];
    if (!t->core) return true;
    if (t->fenced) return sim_tenure_quiet(t);
    if (t->follows || kd_central_promotion(t->core) != KD_PROMOTION_LEADS)
        return kd_commit_gate_idle(&t->gate);
    if (!kd_commit_gate_idle(&t->gate)) return false;
    return !w->centrals[slot].ready || kd_publisher_done(&t->publisher);
}
