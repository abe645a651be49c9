/*
 * polite.h - a client that spends as much CPU as an attacker, on reads that the server is there for. What the honest client has beside it is what an
 * attack may not take away.
 */
#ifndef KUDOS_SIM_ATTACK_POLITE_H
#define KUDOS_SIM_ATTACK_POLITE_H

#include "sim/attack/target.h"

typedef struct sim_polite sim_polite;

/* Reads the honest client's items in a thread of its own, as fast as `share` of a processor allows. The target outlives it. */
sim_polite *sim_polite_start(const sim_target *target, double share);
/* Waits for what is in flight (a second at most) and frees it. Returns the CPU time of the thread, in us. */
uint64_t sim_polite_stop(sim_polite *p);

#endif
