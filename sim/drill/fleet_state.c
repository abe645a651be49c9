/* fleet_state.c - see the header. */
#include "sim/drill/fleet_state.h"

#include <stdarg.h>
#include <stdio.h>

#include "common/io/loop/clock.h"

uint64_t sim_fleet_now_us(const sim_fleet *f)
{
    return kd_clock_mono_us() - f->began_us;
}

void sim_fleet_begin(sim_fleet *f)
{
    f->began_us = kd_clock_mono_us();
    f->wall_began_us = kd_clock_wall_us();
}

uint64_t sim_fleet_wall_us(const sim_fleet *f, uint64_t now_us)
{
    return f->wall_began_us + now_us;
}

void sim_fleet_fail(sim_fleet *f, const char *format, ...)
{
    va_list args;
    if (f->failed) return;
    f->failed = true;
    va_start(args, format);
    vsnprintf(f->failure, sizeof f->failure, format, args);
    va_end(args);
}

sim_fleet_node *sim_fleet_who(sim_fleet *f, int who)
{
    if (who == SCENARIO_CENTRAL) return &f->nodes[FLEET_CENTRAL];
    if (sim_scenario_is_member(who)) return &f->nodes[FLEET_MEMBER + sim_scenario_member_index(who)];
    KD_ASSERT(who >= 0 && (uint32_t)who < f->scenario->edge_count);
    return &f->nodes[who];
}

sim_fleet_node *sim_fleet_central(sim_fleet *f)
{
    for (uint32_t i = 0; i < sim_fleet_centrals(f); i++)
        if (sim_fleet_serves(sim_fleet_central_at(f, i))) return sim_fleet_central_at(f, i);
    return sim_fleet_central_at(f, 0);
}

void sim_fleet_central_urls(sim_fleet *f, char urls[FLEET_URLS_MAX])
{
    size_t used = 0;
    for (uint32_t i = 0; i < sim_fleet_centrals(f); i++)
        used += (size_t)snprintf(urls + used, FLEET_URLS_MAX - used, "%shttp://127.0.0.1:%u", i ? "," : "",
                                 sim_fleet_central_at(f, i)->port);
}

bool sim_fleet_serves(const sim_fleet_node *n)
{
    return n->exists && sim_program_running(&n->process) && !n->process.stopped && n->ready;
}

bool sim_fleet_wait(sim_fleet *f, bool (*holds)(void *arg), void *arg, uint64_t limit_us)
{
    uint64_t end = sim_fleet_now_us(f) + limit_us;
    while (!f->interrupted && sim_fleet_now_us(f) < end) {
        if (holds(arg)) return true;
        event_base_loop(f->base, EVLOOP_ONCE); /* the tick is always due soon */
    }
    return false;
}
