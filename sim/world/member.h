/* member.h - the process of a member of central: who lives, by heartbeats; who leads what, by kudos/members.h; its tenures by roles.h. */
#ifndef KUDOS_SIM_WORLD_MEMBER_H
#define KUDOS_SIM_WORLD_MEMBER_H

#include "sim/world/processes.h"

/* For processes from WORLD_SLOTS on, where the scenario has members. */
extern const sim_role sim_role_member;

#endif
