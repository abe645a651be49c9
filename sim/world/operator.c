/* operator.c - see the header. The real counterparts are central/io/{backup/backup_set,backup/restore,commands/retire_command}.c. */
#include "sim/world/operator.h"

#include "kudos/forget.h"
#include "sim/world/consumer.h"
#include "sim/world/disks.h"
#include "sim/world/events.h"
#include "sim/world/tenure.h"

#include <stdio.h>

enum { COMPARE_US = 3000000 };

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

/* Reads the log from its beginning if the core asks for it. A core that does not read yet is left alone: central_begin_reading() looks at the same
 * request. */
static void operator_read_again(sim_world *w, uint32_t slot, uint32_t partition)
{
    sim_tenure *t = &w->centrals[slot].tenures[partition];
    uint32_t process = sim_process_of_central(slot);
    if (!t->reading || !kd_central_log_again(t->core)) return;
    w->processes[process].cursor[partition].next = w->likes[partition].start;
    sim_consumer_wake(w, process, partition);
}

static void operator_tell_edge(sim_world *w, uint32_t slot, uint32_t partition, uint32_t edge)
{
    uint64_t version;
    kd_central *core = w->centrals[slot].tenures[partition].core;
    kd_bytes name = kd_bytes_str(w->s->edges[edge]);
    int err = w->edges[edge].retired ? kd_central_retire(core, name, &version)
                                     : kd_central_readmit(core, name, &version);
    if (err == KD_OK) sim_checks_told(w->checks, slot, partition, edge, version);
    operator_read_again(w, slot, partition);
}

static void operator_on_retirement(sim_world *w, const sim_event *ev)
{
    uint32_t edge = ev->a;
    for (uint32_t slot = 0; slot < WORLD_CENTRALS; slot++)
        if (w->processes[sim_process_of_central(slot)].up &&
            sim_world_frozen(w, ev, sim_process_of_central(slot)))
            return;
    w->edges[edge].retired = ev->b;
    sim_checks_retired(w->checks, edge, ev->b);
    for (uint32_t slot = 0; slot < WORLD_CENTRALS; slot++) {
        for (uint32_t p = 0; p < w->s->partitions && w->processes[sim_process_of_central(slot)].up; p++) {
            operator_tell_edge(w, slot, p, edge);
            operator_commit(w, slot, p);
        }
    }
}

void sim_operator_retires(sim_world *w, uint32_t edge, bool retired)
{
    sim_world_at(w, w->now_us, operator_on_retirement, edge, retired, 0);
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
    for (uint32_t p = 0; p < w->s->partitions; p++) {
        if (slot == 0) operator_settle_backups(w, p);
        for (uint32_t e = 0; e < w->s->edge_count; e++) operator_tell_edge(w, slot, p, e);
    }
}
