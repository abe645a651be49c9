/*
 * hosts.h - the machines: which process runs where, and what their clocks say. A machine has two clocks: monotonic time, which runs with the
 * oscillator, and wall time, which somebody may set. True time is w->now_us, which no machine knows.
 */
#ifndef KUDOS_SIM_WORLD_HOSTS_H
#define KUDOS_SIM_WORLD_HOSTS_H

#include "sim/world/world.h"

/* The machine of the central in that slot: HOST_CENTRAL, also of a second one on a copy; each member has its own. */
uint32_t sim_central_host(const sim_world *w, uint32_t slot);
/* The machine of a process. An edge and its twin share a machine. */
uint32_t sim_process_host(const sim_world *w, uint32_t process);
/* The machine's monotonic clock at this moment; never goes back. */
uint64_t sim_host_mono_us(const sim_world *w, uint32_t host);
/* The machine's wall clock at this moment; jumps with hosts[].step_us. */
uint64_t sim_host_wall_us(const sim_world *w, uint32_t host);
/* From now on the oscillator runs `ppm` parts per million too fast (negative: too slow). Both clocks go on from their present time. */
void sim_host_set_ppm(sim_world *w, uint32_t host, int64_t ppm);
/* Whether a fault fills the machine's disks or makes them unreadable: no process is started on it then. */
static inline bool sim_host_disk_fails(const sim_world *w, uint32_t host)
{
    return w->full[host] > 0 || w->unreadable[host] > 0;
}

#endif
