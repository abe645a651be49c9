/*
 * orders.h - the decisions of the orders that a scenario gives the operator by name (`void ana`, `put back ana`, `erase ana`, `import 20 likes of posts/1`): what
 * the decider (decider.h) writes next in a partition. One order after the other, in the order of the scenario.
 *
 * A void is a job that names all likes of the user which central has, decision by decision, until it finds none. It is put back as the same job. The
 * real counterparts are central/io/operator/{job_void,job_erase}.c and central/io/commands/import_command.c.
 */
#ifndef KUDOS_SIM_WORLD_ORDERS_H
#define KUDOS_SIM_WORLD_ORDERS_H

#include "sim/world/world.h"

/* Makes the next decision of the order under way in *o, or the first one of the next order that is due: o->named. False: there is nothing to decide about
 * now. */
bool sim_orders_next(sim_world *w, sim_deciding *o, uint32_t slot, uint32_t partition);
/* The order under way got nowhere: its next decision is the first one of another job. */
void sim_orders_begin_anew(sim_world *w, sim_deciding *o, uint32_t partition);
void sim_orders_close(sim_world *w);

#endif
