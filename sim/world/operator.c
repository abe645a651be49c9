/* operator.c - see the header. The real counterparts are central/io/{backup/backup_set,backup/restore,commands/edge_command,operator/job_act}.c. */
#include "sim/world/operator.h"

#include "kudos/forget.h"
#include "sim/world/disks.h"
#include "sim/world/events.h"
#include "sim/world/hosts.h"
#include "sim/world/leader.h"
#include "sim/world/tenure.h"

#include <stdio.h>

enum { COMPARE_US = 3000000, ORDER_STEP_US = 50000, ORDER_AGAIN_US = 600000, ORDER_GIVE_UP_US = 8000000 };

static kd_bytes operator_backup_name(uint32_t number, char name[16])
{
    snprintf(name, 16, "b%u", number);
    return kd_bytes_str(name);
}

static void operator_commit(sim_world *w, uint32_t slot, uint32_t partition)
{
    w->centrals[slot].tenures[partition].gate.pending = true;
    sim_tenure_commit(w, slot, partition);
}

/* ---- backups ---- */

static void operator_remove_backup(sim_world *w, uint32_t number)
{
    char name[16];
    uint64_t version;
    for (uint32_t p = 0; number && p < w->s->partitions; p++)
        if (kd_central_backup_remove(w->centrals[0].tenures[p].core, operator_backup_name(number, name),
                                     &version) == KD_OK)
            operator_commit(w, 0, p);
}

static void operator_on_back_up(sim_world *w, const sim_event *ev)
{
    sim_backups *b = &w->backups;
    uint32_t process = sim_process_of_central(0);
    char name[16];
    if (!w->processes[process].up) return; /* the command fails, and is not given again */
    if (sim_world_frozen(w, ev, process)) return;
    operator_remove_backup(w, b->begun);
    b->begun = ++b->numbers;
    for (uint32_t p = 0; p < w->s->partitions; p++) {
        kd_central *core = w->centrals[0].tenures[p].core;
        if (kd_central_backup_begin(core, operator_backup_name(b->begun, name), &b->versions[p]) != KD_OK) {
            operator_remove_backup(w, b->begun);
            b->begun = 0;
            return;
        }
    }
    for (uint32_t p = 0; p < w->s->partitions; p++) operator_commit(w, 0, p);
}

void sim_operator_backs_up(sim_world *w)
{
    sim_world_at(w, w->now_us, operator_on_back_up, 0, 0, 0);
}

/* A backup is copied only when every partition has it in its list. From then on nothing is forgotten that a restore of the copy needs. */
void sim_operator_sees_commit(sim_world *w, uint32_t slot)
{
    sim_backups *b = &w->backups;
    char name[16];
    uint64_t version;
    if (slot != 0 || !b->begun) return;
    for (uint32_t p = 0; p < w->s->partitions; p++)
        if (kd_central_version(w->centrals[0].tenures[p].core) < b->versions[p]) return;
    TRACE(w, "backup %u is made", b->begun);
    sim_disks_back_up(w, SCENARIO_CENTRAL);
    uint32_t before = b->kept;
    b->kept = b->begun;
    b->begun = 0;
    for (uint32_t p = 0; p < w->s->partitions; p++) {
        kd_central_backup_complete(w->centrals[0].tenures[p].core, operator_backup_name(b->kept, name),
                                   &version);
        operator_commit(w, 0, p);
    }
    operator_remove_backup(w, before);
}

static void operator_settle_backups(sim_world *w, uint32_t partition)
{
    char name[16];
    uint64_t version;
    kd_central *core = w->centrals[0].tenures[partition].core;
    kd_bytes kept = operator_backup_name(w->backups.kept, name);
    kd_central_backup list[KD_BACKUPS_MAX];
    uint32_t count = kd_central_backups(core, list, KD_BACKUPS_MAX);
    for (uint32_t i = count; i-- > 0;) {
        char other[KD_NAME_MAX + 1];
        snprintf(other, sizeof(other), "%.*s", (int)list[i].id.len, (const char *)list[i].id.data);
        if (kd_bytes_eq(list[i].id, kept))
            kd_central_backup_complete(core, kept, &version);
        else
            kd_central_backup_remove(core, kd_bytes_str(other), &version);
    }
}

/* ---- edges ---- */

static bool operator_reaches(const sim_world *w, uint32_t slot)
{
    if (slot == CHECKS_CENTRALS) return false;
    const sim_process *p = &w->processes[sim_process_of_central(slot)];
    return p->up && !p->draining && p->frozen_until_us <= w->now_us && w->centrals[slot].ready;
}

/* An edge of which this partition says something else than he wants; -1: none. */
static int operator_differs(const sim_world *w, const kd_central *core)
{
    kd_central_edge edges[SCENARIO_EDGES_MAX];
    uint32_t count = kd_central_edges(core, edges, SCENARIO_EDGES_MAX);
    for (uint32_t e = 0; e < w->s->edge_count; e++)
        for (uint32_t i = 0; i < count; i++)
            if (kd_bytes_eq(edges[i].name, kd_bytes_str(w->s->edges[e])) &&
                edges[i].retired != w->edges[e].retired)
                return (int)e;
    return -1;
}

/* An edge that was not heard of is struck off the list of those that are expected. */
static int operator_awaits(const sim_world *w, const kd_central *core)
{
    kd_central_expected_edge expected[SCENARIO_EDGES_MAX];
    uint32_t count = kd_central_expected(core, expected, SCENARIO_EDGES_MAX);
    for (uint32_t e = 0; e < w->s->edge_count; e++)
        for (uint32_t i = 0; i < count; i++)
            if (kd_bytes_eq(expected[i].name, kd_bytes_str(w->s->edges[e])) && !expected[i].heard &&
                expected[i].struck != w->edges[e].retired)
                return (int)e;
    return -1;
}

static void operator_choose(sim_world *w, sim_retiring *o, const kd_central *core)
{
    int edge = operator_differs(w, core);
    if (edge < 0) edge = operator_awaits(w, core);
    if (edge < 0) return;
    *o = (sim_retiring){.number = o->number + 1, .edge = (uint32_t)edge, .retires = w->edges[edge].retired};
    o->ready = true;
    o->give_up_us = w->now_us + ORDER_GIVE_UP_US;
}

static void operator_write(sim_world *w, sim_retiring *o, uint32_t slot, uint32_t partition, kd_bytes job)
{
    const kd_decision d = {.job = job,
                           .seq = 1,
                           .last = true,
                           .what = o->retires ? KD_DECIDED_RETIRE : KD_DECIDED_READMIT,
                           .body = kd_bytes_str(w->s->edges[o->edge])};
    int err = kd_publisher_decide(&w->centrals[slot].tenures[partition].publisher, &d,
                                  sim_host_wall_us(w, HOST_CENTRAL));
    if (err == KD_ENOTFOUND) o->ready = false;
    if (err != KD_OK) return;
    TRACE(w, "order %b of partition %u is written: %s %s", job, partition, o->retires ? "retire" : "readmit",
          w->s->edges[o->edge]);
    o->again_us = w->now_us + ORDER_AGAIN_US;
    sim_tenure_publish(w, slot, partition);
}

/* As central/io/operator/job_decide.c: the order is written again until it is merged. */
static void operator_step(sim_world *w, sim_retiring *o, uint32_t slot, uint32_t partition)
{
    char job[24];
    kd_central *core = w->centrals[slot].tenures[partition].core;
    if (!o->ready) operator_choose(w, o, core);
    if (!o->ready) return;
    snprintf(job, sizeof(job), "retire-%u", o->number);
    kd_job_progress progress = kd_central_decided(core, kd_bytes_str(job));
    bool done = progress.durable && progress.seq > 0;
    if (!done && w->now_us >= o->again_us) operator_write(w, o, slot, partition, kd_bytes_str(job));
    if (done || w->now_us >= o->give_up_us) o->ready = false;
}

static void operator_on_step(sim_world *w, const sim_event *ev)
{
    uint32_t partition = ev->a;
    uint32_t slot = (uint32_t)sim_world_below(w, DRAW_DECIDE, 9000 + partition, 2);
    if (!operator_reaches(w, slot)) slot = !slot;
    if (w->s->member_count > 0) slot = sim_leader(w, partition);
    if (operator_reaches(w, slot)) operator_step(w, &w->retiring[partition], slot, partition);
    sim_world_at(w, w->now_us + ORDER_STEP_US, operator_on_step, partition, 0, 0);
}

void sim_operator_retires(sim_world *w, uint32_t edge, bool retired)
{
    w->edges[edge].retired = retired;
    sim_checks_retired(w->checks, edge, retired);
    for (uint32_t p = 0; p < w->s->partitions && !w->retirements; p++)
        sim_world_at(w, w->now_us, operator_on_step, p, 0, 0);
    w->retirements = true;
}

/* ---- comparing ---- */

static bool operator_compares(const sim_scenario *s)
{
    bool retires = false;
    for (uint32_t i = 0; i < s->event_count; i++) retires |= s->events[i].kind == SCENARIO_RETIRE;
    return s->forget_rows_us || s->forget_tombstones_us || retires;
}

static void operator_on_compare(sim_world *w, const sim_event *ev)
{
    (void)ev;
    for (uint32_t i = 0; i < w->s->edge_count; i++)
        if (w->processes[i].up && w->processes[i].frozen_until_us <= w->now_us)
            sim_checks_compare(w->checks, i);
    sim_world_at(w, w->now_us + COMPARE_US, operator_on_compare, 0, 0, 0);
}

void sim_operator_open(sim_world *w)
{
    if (operator_compares(w->s)) sim_world_at(w, w->now_us + COMPARE_US, operator_on_compare, 0, 0, 0);
}

void sim_operator_opened(sim_world *w, uint32_t slot)
{
    if (slot == 0) w->backups.begun = 0;
    for (uint32_t p = 0; p < w->s->partitions && slot == 0; p++) operator_settle_backups(w, p);
}
