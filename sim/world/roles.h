/*
 * roles.h - a member of central: the partitions that it leads, follows, or does not hold, and how they change from one to the other.
 *
 *     not held -> store opened -> log position looked up <-> follows <-> leads
 *
 * What is wished comes from the members (kudos/members.h), which step is next from kudos/role.h.
 */
#ifndef KUDOS_SIM_WORLD_ROLES_H
#define KUDOS_SIM_WORLD_ROLES_H

#include "sim/world/world.h"

/* The process starts: it follows what its disks hold. False: the run has failed. */
bool sim_roles_open(sim_world *w, uint32_t slot);
/* What it is to do with a partition from now on. It is done as soon as commits and records allow it. */
void sim_roles_wish(sim_world *w, uint32_t slot, uint32_t partition, kd_wish wish);
/* Makes the steps that can be made, and tells the members what is held. */
void sim_roles_run(sim_world *w, uint32_t slot);
/* The same soon, not from within a call of a tenure. */
void sim_roles_run_soon(sim_world *w, uint32_t slot);
/* Kafka can be reached: log positions that wait to be looked up are. */
void sim_roles_kafka_there(sim_world *w, uint32_t slot);
/* The next record of that stream is gone from the log. */
void sim_roles_out_of_range(sim_world *w, uint32_t slot, uint32_t stream);

#endif
