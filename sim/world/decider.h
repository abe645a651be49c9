/*
 * decider.h - the operator's orders that become decisions in the log (rules 24, 25, 27, 28): those that a scenario names (orders.h); with `decides yes` likes and
 * unlikes are imported, likes that he saw are withdrawn and later put back, and users are erased; about items he decides as decider_item.h says. One job at a
 * time in each partition, and an erasure beside it.
 *
 * As central/io/operator/job_decide.c: a decision is written again until central says that it is merged. He asks whichever central answers, and a
 * job that gets nowhere he gives up and orders anew under another name. Some orders arrive once more when they are done, as of a caller who lost the
 * answer.
 */
#ifndef KUDOS_SIM_WORLD_DECIDER_H
#define KUDOS_SIM_WORLD_DECIDER_H

#include "sim/world/world.h"

/* Begins with the orders; the last ones come when the faults end. */
void sim_decider_open(sim_world *w);

#endif
