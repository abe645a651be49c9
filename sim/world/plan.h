/*
 * plan.h - what a user does n-th, and when: drawn from (seed, user, n), so that neither a fault nor another user changes it.
 */
#ifndef KUDOS_SIM_WORLD_PLAN_H
#define KUDOS_SIM_WORLD_PLAN_H

#include "sim/world/ops.h"

/* The edge at which the user begins. */
uint32_t sim_plan_home(const sim_world *w, uint32_t user);
/* From the user's operation `number` to the next one, at least 1. UINT32_MAX: from the beginning of the run to the first. The swarm's
 * per_second is above 0. */
uint64_t sim_plan_pause_us(const sim_world *w, uint32_t user, uint32_t number);
/* Fills edge, item, counter, verb and amount of op->user's operation op->number, and moves the user on: his place and his memory. Once per number, in
 * order. */
void sim_plan_operation(sim_world *w, sim_op *op);

#endif
