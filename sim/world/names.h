/*
 * names.h - users and items by number: those of the swarm first, then those that only the scenario's operations, imports and
 * expectations name.
 */
#ifndef KUDOS_SIM_WORLD_NAMES_H
#define KUDOS_SIM_WORLD_NAMES_H

#include "sim/world/world.h"

/* Numbers all names, assigns items to partitions, and weighs the swarm's items (Zipf). Once, before anything else looks at them. */
void sim_names_open(sim_world *w);
/* Frees everything of sim_names_open(). */
void sim_names_close(sim_world *w);
/* The item's number; UINT32_MAX when neither the swarm nor the scenario names it. */
uint32_t sim_names_item(const sim_world *w, const char *name);
/* The same by the item's key. */
uint32_t sim_names_item_of(const sim_world *w, kd_bytes key);
/* The same of a user. */
uint32_t sim_names_user(const sim_world *w, const char *name);

#endif
