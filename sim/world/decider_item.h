/*
 * decider_item.h - what the operator decides about items (rule 27): he closes them, opens closed ones, and deletes some. At random in scenarios with
 * `closes yes`; and what the scenario's events say, which is never given up. For decider.c, but for the events.
 */
#ifndef KUDOS_SIM_WORLD_DECIDER_ITEM_H
#define KUDOS_SIM_WORLD_DECIDER_ITEM_H

#include "sim/world/world.h"

/* An event of the scenario about an item has come. */
void sim_decider_item_ordered(sim_world *w, const sim_scenario_event *event);

/* Whether such a decision is about an item. */
bool sim_decider_is_item(kd_decided what);
/* Makes the only decision of the job about an item of the partition, by what that central says of it; false: the job is to be another one. */
bool sim_decider_item(sim_world *w, sim_deciding *o, uint32_t slot, uint32_t partition);
/* The job got nowhere: an order of the scenario is carried out anew, under another name. */
void sim_decider_item_given_up(sim_world *w, const sim_deciding *o);
/* Whether orders of the scenario wait in the partition. */
bool sim_decider_item_waits(const sim_world *w, uint32_t partition);

#endif
