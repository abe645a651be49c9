/* hosts.c - see the header. */
#include "sim/world/hosts.h"

uint32_t sim_central_host(const sim_world *w, uint32_t slot)
{
    return HOST_CENTRAL + (w->s->member_count > 0 ? slot : 0);
}

uint32_t sim_process_host(const sim_world *w, uint32_t process)
{
    return sim_process_is_central(process) ? sim_central_host(w, sim_process_slot(process))
                                           : sim_edge_identity(process);
}

uint64_t sim_host_mono_us(const sim_world *w, uint32_t host)
{
    const sim_host *h = &w->hosts[host];
    int64_t passed = (int64_t)(w->now_us - h->since_us);
    return h->mono_us + (uint64_t)(passed + passed / 1000 * h->ppm / 1000 + passed % 1000 * h->ppm / 1000000);
}

uint64_t sim_host_wall_us(const sim_world *w, uint32_t host)
{
    return (uint64_t)((int64_t)sim_host_mono_us(w, host) + w->hosts[host].step_us);
}

void sim_host_set_ppm(sim_world *w, uint32_t host, int64_t ppm)
{
    sim_host *h = &w->hosts[host];
    uint64_t mono_us = sim_host_mono_us(w, host);
    h->mono_us = mono_us;
    h->since_us = w->now_us;
    h->ppm = ppm;
}
