/*
 * processes.c - what befalls processes and their disks: stop, start, drain, back up, put back, empty, copy.
 *
 * A process that ends gets a new life, so that nothing meant for the old one reaches it. Disks stay; a crash decides what of their unsynced
 * groups is left.
 */
#include "kudos/forget.h"
#include "sim/world/world.h"

enum { DISKS_MAX = SCENARIO_PARTITIONS_MAX };

static bool is_central(uint32_t process)
{
    return process >= WORLD_SLOTS;
}

/* ---- stop and start ---- */

/* What a life has done that ends. */
static void add_forgotten(sim_world *w, uint32_t slot)
{
    for (uint32_t p = 0; p < w->s->partitions; p++) {
        kd_central_forgetting f;
        if (!w->centrals[slot].parts[p].core) continue;
        kd_central_get_forgetting(w->centrals[slot].parts[p].core, &f);
        w->collected += f.collected;
        w->ignored += f.ignored;
    }
}

static void add_resent(sim_world *w, uint32_t slot)
{
    for (uint32_t i = 0; i < w->s->shards; i++) {
        kd_edge_stats stats;
        if (!w->edges[slot].shards[i].core) continue;
        kd_edge_get_stats(w->edges[slot].shards[i].core, &stats);
        w->resent += stats.resent_ops;
        w->expired += stats.expired;
    }
}

void sim_process_stop(sim_world *w, uint32_t process)
{
    sim_process *p = &w->processes[process];
    if (!p->up) return;
    TRACE(w, "%s stops", sim_world_process_name(w, process));
    w->kills += !p->draining;
    p->up = p->draining = false;
    p->life++;
    p->frozen_until_us = 0;
    if (is_central(process)) {
        add_forgotten(w, process - WORLD_SLOTS);
        sim_central_close(w, process - WORLD_SLOTS);
    } else {
        add_resent(w, process);
        sim_edge_close(w, process);
    }
}

static bool has_disk(const sim_world *w, uint32_t process)
{
    return is_central(process) ? w->centrals[process - WORLD_SLOTS].parts[0].disk != NULL
                               : w->edges[process].shards[0].disk != NULL;
}

void sim_process_start(sim_world *w, uint32_t process)
{
    sim_process *p = &w->processes[process];
    if (p->up || p->refuses_to_run || !has_disk(w, process) ||
        sim_host_disk_fails(w, sim_process_host(process)))
        return;
    TRACE(w, "%s starts", sim_world_process_name(w, process));
    p->up = true;
    p->life++;
    if (is_central(process))
        sim_central_open(w, process - WORLD_SLOTS);
    else
        sim_edge_open(w, process);
}

static void on_start(sim_world *w, const sim_event *ev)
{
    sim_process_start(w, ev->a);
}

void sim_process_start_at(sim_world *w, uint32_t process, uint64_t at_us)
{
    sim_world_at(w, at_us, on_start, process, 0, 0);
}

/* ---- drained and started again ---- */

static bool drained(const sim_world *w, uint32_t process)
{
    return is_central(process) ? sim_central_drained(w, process - WORLD_SLOTS) : sim_edge_drained(w, process);
}

static void processes_on_drained(sim_world *w, const sim_event *ev)
{
    sim_process *p = &w->processes[ev->a];
    if (sim_world_gone(w, ev->a, ev->b)) return;
    if (sim_world_frozen(w, ev, ev->a)) return;
    if (!p->draining || (!drained(w, ev->a) && w->now_us < p->drain_until_us)) return;
    sim_process_stop(w, ev->a);
    sim_process_start_at(w, ev->a, w->now_us + SHELL_RESTART_US);
}

void sim_process_check_drained(sim_world *w, uint32_t process)
{
    if (drained(w, process))
        sim_world_at(w, w->now_us, processes_on_drained, process, w->processes[process].life, 0);
}

void sim_process_restart(sim_world *w, uint32_t process)
{
    sim_process *p = &w->processes[process];
    if (!p->up || p->draining) return;
    TRACE(w, "%s drains", sim_world_process_name(w, process));
    p->draining = true;
    p->drain_until_us = w->now_us + SHELL_DRAIN_US;
    uint32_t life = p->life;
    sim_world_at(w, p->drain_until_us, processes_on_drained, process, life, 0);
    if (is_central(process))
        sim_central_drain(w, process - WORLD_SLOTS);
    else
        sim_edge_drain(w, process);
    if (p->up && p->life == life) sim_process_check_drained(w, process);
}

/* ---- disks ---- */

typedef struct {
    uint32_t process, copy; /* the copy's */
    uint32_t count;
} owner;

static owner owner_of(const sim_world *w, int who)
{
    if (who == SCENARIO_CENTRAL)
        return (owner){sim_process_of_central(0), sim_process_of_central(1), w->s->partitions};
    return (owner){(uint32_t)who, CHECKS_TWIN + (uint32_t)who, w->s->shards};
}

static sim_disk **disk_at(sim_world *w, uint32_t process, uint32_t i)
{
    return is_central(process) ? &w->centrals[process - WORLD_SLOTS].parts[i].disk
                               : &w->edges[process].shards[i].disk;
}

static sim_disk **processes_backup_at(sim_world *w, uint32_t process, uint32_t i)
{
    return is_central(process) ? &w->centrals[process - WORLD_SLOTS].parts[i].backup
                               : &w->edges[process].backup[i];
}

static void processes_settle(const sim_world *w, sim_disk *disk, uint32_t host)
{
    if (w->options->world_plant & SIM_PLANT_NO_SYNC) sim_disk_lie(disk);
    if (w->options->world_plant & SIM_PLANT_IGNORE_IO_ERROR) sim_disk_ignore_errors(disk);
    sim_disk_fill(disk, w->full[host] > 0);
    sim_disk_unreadable(disk, w->unreadable[host] > 0);
}

/* As a crash at this moment would leave it. */
static sim_disk *processes_copy_of(sim_world *w, uint32_t process, uint32_t i)
{
    const sim_disk *disk = *disk_at(w, process, i);
    uint64_t entity = 5000 + process * 64 + i;
    return sim_disk_copy_crashed(
        disk, (uint32_t)sim_world_below(w, DRAW_CRASH, entity, sim_disk_unsynced(disk) + 1));
}

void sim_disks_refresh(sim_world *w, int who)
{
    owner o = owner_of(w, who);
    for (uint32_t i = 0; i < o.count; i++) {
        if (!*disk_at(w, o.process, i)) *disk_at(w, o.process, i) = sim_disk_create();
        processes_settle(w, *disk_at(w, o.process, i), sim_process_host(o.process));
        if (*disk_at(w, o.copy, i)) processes_settle(w, *disk_at(w, o.copy, i), sim_process_host(o.process));
    }
}

void sim_disks_fail_sync(sim_world *w, int who)
{
    owner o = owner_of(w, who);
    uint32_t which = (uint32_t)sim_world_below(w, DRAW_CRASH, 9000 + o.process, o.count);
    sim_disk_fail_sync(*disk_at(w, o.process, which));
}

void sim_disks_back_up(sim_world *w, int who)
{
    owner o = owner_of(w, who);
    for (uint32_t i = 0; i < o.count; i++) {
        sim_disk_destroy(*processes_backup_at(w, o.process, i));
        *processes_backup_at(w, o.process, i) = processes_copy_of(w, o.process, i);
    }
    sim_checks_disk(w->checks, who, CHECKS_BACKED_UP);
}

static void forgot(sim_world *w, int who)
{
    if (who >= 0) w->edges[who].wipes++;
}

void sim_disks_restore(sim_world *w, int who)
{
    owner o = owner_of(w, who);
    sim_process_stop(w, o.process);
    if (!*processes_backup_at(w, o.process, 0)) return; /* there is no copy: it was only killed */
    for (uint32_t i = 0; i < o.count; i++) {
        sim_disk_destroy(*disk_at(w, o.process, i));
        *disk_at(w, o.process, i) = sim_disk_clone(*processes_backup_at(w, o.process, i));
    }
    sim_disks_refresh(w, who);
    forgot(w, who);
    sim_checks_disk(w->checks, who, CHECKS_RESTORED);
    sim_world_note(w, sim_world_process_name(w, o.process), "its disk was put back to an older copy");
}

void sim_disks_wipe(sim_world *w, int who)
{
    owner o = owner_of(w, who);
    sim_process_stop(w, o.process);
    for (uint32_t i = 0; i < o.count; i++) sim_disk_wipe(*disk_at(w, o.process, i));
    forgot(w, who);
    if (who >= 0) w->edges[who].drift = (kd_drift){.agreed = false};
    sim_checks_disk(w->checks, who, CHECKS_WIPED);
    sim_world_note(w, sim_world_process_name(w, o.process), "its disk was emptied");
}

void sim_disks_copy(sim_world *w, int who)
{
    owner o = owner_of(w, who);
    if (*disk_at(w, o.copy, 0)) return; /* one at a time */
    for (uint32_t i = 0; i < o.count; i++) *disk_at(w, o.copy, i) = processes_copy_of(w, o.process, i);
    sim_disks_refresh(w, who);
    sim_checks_disk(w->checks, who, CHECKS_COPIED);
    w->processes[o.copy].refuses_to_run = false;
    sim_process_start(w, o.copy);
}

void sim_disks_copy_gone(sim_world *w, int who)
{
    owner o = owner_of(w, who);
    if (!*disk_at(w, o.copy, 0)) return;
    sim_process_stop(w, o.copy);
    for (uint32_t i = 0; i < o.count; i++) {
        sim_disk_destroy(*disk_at(w, o.copy, i));
        *disk_at(w, o.copy, i) = NULL;
    }
    sim_checks_disk(w->checks, who, CHECKS_COPY_GONE);
    w->processes[o.process].refuses_to_run = false;
    sim_process_start_at(w, o.process, w->now_us + SHELL_RESTART_US);
}
