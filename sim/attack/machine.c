/* machine.c - see the header. */
#include "sim/attack/machine.h"

#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static uint64_t machine_us_of(struct timeval t)
{
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_usec;
}

/* The first line of /proc/stat, in ticks: user, nice, system, idle, iowait, irq, softirq, steal. */
static uint64_t machine_all_us(void)
{
    unsigned long long t[8] = {0};
    FILE *f = fopen("/proc/stat", "re");
    int found = f ? fscanf(f, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &t[0], &t[1], &t[2], &t[3],
                           &t[4], &t[5], &t[6], &t[7])
                  : 0;
    if (f) fclose(f);
    if (found != 8) return 0;
    return (t[0] + t[1] + t[2] + t[5] + t[6] + t[7]) * 1000000 / (uint64_t)sysconf(_SC_CLK_TCK);
}

sim_machine_use sim_machine_now(uint64_t server_us)
{
    struct rusage own;
    if (server_us == 0 || getrusage(RUSAGE_SELF, &own) != 0) return (sim_machine_use){0};
    return (sim_machine_use){machine_all_us(),
                             machine_us_of(own.ru_utime) + machine_us_of(own.ru_stime) + server_us};
}

double sim_machine_others(const sim_machine_use *from, const sim_machine_use *to, uint64_t us,
                          uint32_t processors)
{
    if (from->all_us == 0 || to->all_us <= from->all_us || us == 0 || processors == 0) return 0;
    double others = (double)(to->all_us - from->all_us) - (double)(to->own_us - from->own_us);
    return KD_MIN(KD_MAX(others / (double)us / processors, 0.0), 1.0);
}
