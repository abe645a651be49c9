/*
 * machine.h - how much of this machine's processors programs have that are no part of an attack. Where they have much, what an honest client keeps tells
 * how the kernel shares, and not how the server does.
 */
#ifndef KUDOS_SIM_ATTACK_MACHINE_H
#define KUDOS_SIM_ATTACK_MACHINE_H

#include "kudos/base.h"

/* Of one moment, in processor time. */
typedef struct {
    uint64_t all_us; /* of all programs and the kernel, and what a hypervisor took; 0: not known */
    uint64_t own_us; /* of this process and the server */
} sim_machine_use;

/* `server_us`: processor time of the server until now; 0: it is not on this machine, or not known: then nothing is known. */
sim_machine_use sim_machine_now(uint64_t server_us);
/* The part of all processors, 0 to 1, that others had from `from` to `to`, which were `us` apart; 0 where it is not known. */
double sim_machine_others(const sim_machine_use *from, const sim_machine_use *to, uint64_t us,
                          uint32_t processors);

#endif
