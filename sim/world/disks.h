/*
 * disks.h - what befalls the disks of a process: full, unreadable, backed up, put back, emptied, copied. A shard of an edge and a partition of
 * central have a disk each, and a fault befalls all disks of its process. `who` is an edge's index or SCENARIO_CENTRAL throughout.
 */
#ifndef KUDOS_SIM_WORLD_DISKS_H
#define KUDOS_SIM_WORLD_DISKS_H

#include "sim/world/world.h"

/* Creates the disks that are missing, and gives all of them, also the copy's, the faults in force and the planted ones. */
void sim_disks_refresh(sim_world *w, int who);
/* Copies the disks as a crash at this moment would leave them; replaces the copy that there is. */
void sim_disks_back_up(sim_world *w, int who);
/* Stops the process and puts its disks back to that copy. Without a copy the process is only stopped. The caller starts it again. */
void sim_disks_restore(sim_world *w, int who);
/* Stops the process and empties its disks. An edge's agreed time, which is a file beside the store, goes too. The caller starts it again. */
void sim_disks_wipe(sim_world *w, int who);
/* Starts a second process (an edge's twin, the second central) on a copy of the disks. Nothing happens while there is one. */
void sim_disks_copy(sim_world *w, int who);
/* Ends that second process, drops its disks, and starts the first one if it stopped because of it. Nothing happens when there is none. */
void sim_disks_copy_gone(sim_world *w, int who);
/* The next sync of one of the disks, drawn by chance, fails. */
void sim_disks_fail_sync(sim_world *w, int who);

#endif
