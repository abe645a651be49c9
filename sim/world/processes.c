/* processes.c - see the header. */
#include "sim/world/processes.h"

#include "sim/world/events.h"
#include "sim/world/hosts.h"

/* ---- stop and start ---- */

void sim_process_stop(sim_world *w, uint32_t process)
{
    sim_process *p = &w->processes[process];
    if (!p->up) return;
    TRACE(w, "%s stops", sim_world_process_name(w, process));
    w->kills += !p->draining;
    p->up = p->draining = false;
    p->life++;
    p->frozen_until_us = 0;
    p->role->close(w, sim_process_slot(process));
}

static bool process_has_disk(const sim_world *w, uint32_t process)
{
    uint32_t slot = sim_process_slot(process);
    return sim_process_is_central(process) ? w->centrals[slot].tenures[0].disk != NULL
                                           : w->edges[slot].shards[0].disk != NULL;
}

void sim_process_start(sim_world *w, uint32_t process)
{
    sim_process *p = &w->processes[process];
    if (p->up || p->refuses_to_run || !process_has_disk(w, process) ||
        sim_host_disk_fails(w, sim_process_host(w, process)))
        return;
    TRACE(w, "%s starts", sim_world_process_name(w, process));
    p->up = true;
    p->life++;
    p->role->open(w, sim_process_slot(process));
}

static void process_on_start(sim_world *w, const sim_event *ev)
{
    sim_process_start(w, ev->a);
}

void sim_process_start_at(sim_world *w, uint32_t process, uint64_t at_us)
{
    sim_world_at(w, at_us, process_on_start, process, 0, 0);
}

/* ---- drain and restart ---- */

static bool process_drained(const sim_world *w, uint32_t process)
{
    return w->processes[process].role->drained(w, sim_process_slot(process));
}

static void process_on_drained(sim_world *w, const sim_event *ev)
{
    sim_process *p = &w->processes[ev->a];
    if (sim_world_gone(w, ev->a, ev->b)) return;
    if (sim_world_frozen(w, ev, ev->a)) return;
    if (!p->draining || (!process_drained(w, ev->a) && w->now_us < p->drain_until_us)) return;
    sim_process_stop(w, ev->a);
    sim_process_start_at(w, ev->a, w->now_us + SHELL_RESTART_US);
}

void sim_process_check_drained(sim_world *w, uint32_t process)
{
    if (process_drained(w, process))
        sim_world_at(w, w->now_us, process_on_drained, process, w->processes[process].life, 0);
}

void sim_process_restart(sim_world *w, uint32_t process)
{
    sim_process *p = &w->processes[process];
    if (!p->up || p->draining) return;
    TRACE(w, "%s drains", sim_world_process_name(w, process));
    p->draining = true;
    p->drain_until_us = w->now_us + SHELL_DRAIN_US;
    uint32_t life = p->life;
    sim_world_at(w, p->drain_until_us, process_on_drained, process, life, 0);
    p->role->drain(w, sim_process_slot(process));
    if (p->up && p->life == life) sim_process_check_drained(w, process);
}
