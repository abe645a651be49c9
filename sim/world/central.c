/* central.c - see the header. The real counterparts are central/io/worker/{worker,worker_consume,keeper}.c. */
#include "sim/world/central.h"

#include "kudos/forget.h"
#include "sim/world/consumer.h"
#include "sim/world/events.h"
#include "sim/world/hosts.h"
#include "sim/world/net.h"
#include "sim/world/operator.h"
#include "sim/world/tenure.h"

enum { LOOK_UP_US = 4000 };

static void central_kafka_there(sim_world *w, uint32_t slot);

static void central_open(sim_world *w, uint32_t slot)
{
    sim_central *c = &w->centrals[slot];
    c->ready = c->waits_for_kafka = false;
    for (uint32_t p = 0; p < w->s->partitions; p++)
        if (!sim_tenure_open(w, slot, p)) return;
    c->committed = sim_operator_sees_commit;
    sim_operator_opened(w, slot);
    for (uint32_t p = 0; p < w->s->partitions; p++) sim_tenure_commit(w, slot, p);
    c->waits_for_kafka = true;
    central_kafka_there(w, slot);
}

/* Rule 13: the core compares the record at its stored position with the one that it merged there. Another record, or none: the log is read anew. */
static void central_begin_reading(sim_world *w, uint32_t slot, uint32_t partition)
{
    sim_tenure *t = &w->centrals[slot].tenures[partition];
    const sim_log *l = &w->likes[partition];
    int64_t stored = -1;
    bool known = kd_central_log_position(t->core, &stored);
    int64_t next = kd_central_log_check(t->core, known ? sim_log_read(l, stored) : kd_bytes_of(NULL, 0));
    if (kd_central_log_again(t->core)) next = -1;
    if (known && (w->options->world_plant & SIM_PLANT_TRUST_OFFSET)) next = stored + 1;
    TRACE(w, "%s/%u reads from %d, stored %d", sim_world_process_name(w, sim_process_of_central(slot)),
          partition, next, stored);
    if (known && next < 0)
        sim_world_note(w, "central", "partition %u reads its log from the start", partition);
    sim_checks_log_checked(w->checks, slot, partition, known ? stored : -1,
                           known ? sim_log_read(l, stored) : kd_bytes_of(NULL, 0), next, l->start);
    w->processes[sim_process_of_central(slot)].cursor[partition] =
        (sim_cursor){.next = next < 0 ? l->start : next};
    t->reading = true;
    sim_consumer_wake(w, sim_process_of_central(slot), partition);
}

static void central_on_looked_up(sim_world *w, const sim_event *ev)
{
    uint32_t slot = ev->a, process = sim_process_of_central(slot);
    if (sim_world_gone(w, process, ev->b)) return;
    if (sim_world_frozen(w, ev, process)) return;
    if (!sim_net_open(w, sim_central_host(w, slot), PEER_KAFKA, WAY_UP) ||
        !sim_net_open(w, sim_central_host(w, slot), PEER_KAFKA, WAY_DOWN)) {
        w->centrals[slot].waits_for_kafka = true;
        return;
    }
    if (w->processes[process].draining) return;
    w->centrals[slot].ready = true;
    for (uint32_t p = 0; p < w->s->partitions; p++) central_begin_reading(w, slot, p);
    for (uint32_t p = 0; p < w->s->partitions; p++) sim_tenure_publish(w, slot, p);
}

/* Kafka can be reached: looks up the log positions, which takes a moment. */
static void central_kafka_there(sim_world *w, uint32_t slot)
{
    sim_central *c = &w->centrals[slot];
    bool open = sim_net_open(w, sim_central_host(w, slot), PEER_KAFKA, WAY_UP) &&
                sim_net_open(w, sim_central_host(w, slot), PEER_KAFKA, WAY_DOWN);
    if (!c->waits_for_kafka || !open) return;
    c->waits_for_kafka = false;
    uint64_t us = LOOK_UP_US + sim_world_below(w, DRAW_TIMER, 860 + slot, LOOK_UP_US);
    sim_world_at(w, w->now_us + us, central_on_looked_up, slot,
                 w->processes[sim_process_of_central(slot)].life, 0);
}

/* Adds the counts of this life of the process to the run's: they end with its cores. */
static void central_add_up(sim_world *w, uint32_t slot)
{
    for (uint32_t p = 0; p < w->s->partitions; p++) {
        kd_central_forgetting f;
        if (!w->centrals[slot].tenures[p].core) continue;
        kd_central_get_forgetting(w->centrals[slot].tenures[p].core, &f);
        if (w->centrals[slot].tenures[p].follows) continue; /* its leader counts it */
        w->collected += f.collected;
        w->ignored += f.ignored;
    }
}

static void central_close(sim_world *w, uint32_t slot)
{
    central_add_up(w, slot);
    for (uint32_t i = 0; i < w->s->partitions; i++) {
        sim_tenure *t = &w->centrals[slot].tenures[i];
        if (!t->core) continue;
        sim_checks_central_closed(w->checks, slot, i);
        uint32_t unsynced = sim_disk_unsynced(t->disk);
        sim_disk_crash(t->disk, (uint32_t)sim_world_below(w, DRAW_CRASH, 1000 + slot * 64 + i, unsynced + 1));
        sim_tenure_close(w, slot, i);
    }
}

static void central_drain(sim_world *w, uint32_t slot)
{
    for (uint32_t p = 0; p < w->s->partitions; p++) sim_tenure_drain(w, slot, p);
}

static bool central_drained(const sim_world *w, uint32_t slot)
{
    bool drained = true;
    for (uint32_t i = 0; i < w->s->partitions && drained; i++) drained = sim_tenure_drained(w, slot, i);
    return drained;
}

static bool central_may_read(const sim_world *w, uint32_t slot, uint32_t partition)
{
    return w->centrals[slot].tenures[partition].reading &&
           !w->processes[sim_process_of_central(slot)].draining && !sim_tenure_blocked(w, slot, partition);
}

const sim_role sim_role_central = {.open = central_open,
                                   .close = central_close,
                                   .drain = central_drain,
                                   .drained = central_drained,
                                   .may_read = central_may_read,
                                   .record = sim_tenure_feed,
                                   .end_round = sim_tenure_commit,
                                   .kafka_there = central_kafka_there};
