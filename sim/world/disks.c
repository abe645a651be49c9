/* disks.c - see the header. */
#include "sim/world/disks.h"

#include "sim/world/events.h"
#include "sim/world/hosts.h"
#include "sim/world/processes.h"

typedef struct {
    uint32_t process, copy; /* copy: the process that runs on a copy of the disks */
    uint32_t count;         /* of disks */
} disk_owner;

static disk_owner disks_owner_of(const sim_world *w, int who)
{
    if (who == SCENARIO_CENTRAL)
        return (disk_owner){sim_process_of_central(0), sim_process_of_central(1), w->s->partitions};
    if (sim_scenario_is_member(who)) { /* nobody runs on a copy of it */
        uint32_t process = sim_process_of_central(sim_scenario_member_index(who));
        return (disk_owner){process, process, w->s->partitions};
    }
    return (disk_owner){(uint32_t)who, CHECKS_TWIN + (uint32_t)who, w->s->shards};
}

static sim_disk **disks_at(sim_world *w, uint32_t process, uint32_t i)
{
    return sim_process_is_central(process) ? &w->centrals[sim_process_slot(process)].tenures[i].disk
                                           : &w->edges[process].shards[i].disk;
}

static sim_disk **disks_backup_at(sim_world *w, uint32_t process, uint32_t i)
{
    return sim_process_is_central(process) ? &w->centrals[sim_process_slot(process)].tenures[i].backup
                                           : &w->edges[process].backup[i];
}

static void disks_settle(const sim_world *w, sim_disk *disk, uint32_t host)
{
    if (w->options->world_plant & SIM_PLANT_NO_SYNC) sim_disk_lie(disk);
    if (w->options->world_plant & SIM_PLANT_IGNORE_IO_ERROR) sim_disk_ignore_errors(disk);
    sim_disk_fill(disk, w->full[host] > 0);
    sim_disk_unreadable(disk, w->unreadable[host] > 0);
}

/* A copy of one disk, as a crash at this moment would leave it. */
static sim_disk *disks_copy_of(sim_world *w, uint32_t process, uint32_t i)
{
    const sim_disk *disk = *disks_at(w, process, i);
    uint64_t entity = 5000 + process * 64 + i;
    return sim_disk_copy_crashed(
        disk, (uint32_t)sim_world_below(w, DRAW_CRASH, entity, sim_disk_unsynced(disk) + 1));
}

void sim_disks_refresh(sim_world *w, int who)
{
    disk_owner o = disks_owner_of(w, who);
    for (uint32_t i = 0; i < o.count; i++) {
        if (!*disks_at(w, o.process, i)) *disks_at(w, o.process, i) = sim_disk_create();
        disks_settle(w, *disks_at(w, o.process, i), sim_process_host(w, o.process));
        if (*disks_at(w, o.copy, i)) disks_settle(w, *disks_at(w, o.copy, i), sim_process_host(w, o.process));
    }
}

void sim_disks_fail_sync(sim_world *w, int who)
{
    disk_owner o = disks_owner_of(w, who);
    uint32_t which = (uint32_t)sim_world_below(w, DRAW_CRASH, 9000 + o.process, o.count);
    sim_disk_fail_sync(*disks_at(w, o.process, which));
}

void sim_disks_back_up(sim_world *w, int who)
{
    disk_owner o = disks_owner_of(w, who);
    for (uint32_t i = 0; i < o.count; i++) {
        sim_disk_destroy(*disks_backup_at(w, o.process, i));
        *disks_backup_at(w, o.process, i) = disks_copy_of(w, o.process, i);
    }
    sim_checks_disk(w->checks, who, CHECKS_BACKED_UP);
}

static void disks_count_wipe(sim_world *w, int who)
{
    if (who >= 0) w->edges[who].wipes++;
}

void sim_disks_restore(sim_world *w, int who)
{
    disk_owner o = disks_owner_of(w, who);
    sim_process_stop(w, o.process);
    if (!*disks_backup_at(w, o.process, 0)) return; /* there is no backup: the process was only killed */
    for (uint32_t i = 0; i < o.count; i++) {
        sim_disk_destroy(*disks_at(w, o.process, i));
        *disks_at(w, o.process, i) = sim_disk_clone(*disks_backup_at(w, o.process, i));
    }
    sim_disks_refresh(w, who);
    disks_count_wipe(w, who);
    sim_checks_disk(w->checks, who, CHECKS_RESTORED);
    sim_world_note(w, sim_world_process_name(w, o.process), "its disk was put back to an older copy");
}

void sim_disks_wipe(sim_world *w, int who)
{
    disk_owner o = disks_owner_of(w, who);
    sim_process_stop(w, o.process);
    for (uint32_t i = 0; i < o.count; i++) sim_disk_wipe(*disks_at(w, o.process, i));
    disks_count_wipe(w, who);
    if (who >= 0) w->edges[who].drift = (kd_drift){.agreed = false};
    sim_checks_disk(w->checks, who, CHECKS_WIPED);
    sim_world_note(w, sim_world_process_name(w, o.process), "its disk was emptied");
}

void sim_disks_copy(sim_world *w, int who)
{
    disk_owner o = disks_owner_of(w, who);
    if (*disks_at(w, o.copy, 0)) return; /* one copy at a time */
    for (uint32_t i = 0; i < o.count; i++) *disks_at(w, o.copy, i) = disks_copy_of(w, o.process, i);
    sim_disks_refresh(w, who);
    sim_checks_disk(w->checks, who, CHECKS_COPIED);
    w->processes[o.copy].refuses_to_run = false;
    sim_process_start(w, o.copy);
}

void sim_disks_copy_gone(sim_world *w, int who)
{
    disk_owner o = disks_owner_of(w, who);
    if (!*disks_at(w, o.copy, 0)) return;
    sim_process_stop(w, o.copy);
    for (uint32_t i = 0; i < o.count; i++) {
        sim_disk_destroy(*disks_at(w, o.copy, i));
        *disks_at(w, o.copy, i) = NULL;
    }
    sim_checks_disk(w->checks, who, CHECKS_COPY_GONE);
    w->processes[o.process].refuses_to_run = false;
    sim_process_start_at(w, o.process, w->now_us + SHELL_RESTART_US);
}
