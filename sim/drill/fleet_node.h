/*
 * fleet_node.h - what befalls one process and its directory: started, killed, stopped, drained, its disk full, copied or emptied.
 *
 * Every kill is a power cut where the library that watches syncs is preloaded (power.h). An error of the drill's own directory fails the drill.
 */
#ifndef KUDOS_SIM_DRILL_FLEET_NODE_H
#define KUDOS_SIM_DRILL_FLEET_NODE_H

#include "sim/drill/fleet_state.h"

/* Gives the node of this index its name, paths, ports, links and configuration file; starts nothing. KD_OK, or KD_EIO with errno. */
int sim_fleet_node_init(sim_fleet *f, uint32_t index);
/* Kills what still runs and frees the links. */
void sim_fleet_node_finish(sim_fleet_node *n);
/* Runs the program on the node's directory as it is, with the node's faults: a full disk, a stop, its point, its clock. It must not run. */
void sim_fleet_node_start(sim_fleet_node *n);
/* kill -9 of the node's process, which starts again after back_after_us. A process that is down already starts then, too. */
void sim_fleet_node_kill(sim_fleet_node *n, uint64_t back_after_us);
/* From its next start on the process kills itself at the pass-th pass of the point (sim/scenario/points.h), and starts again after back_after_us. The
 * node stays armed over starts until the process has killed itself, or another point is armed. */
void sim_fleet_node_arm(sim_fleet_node *n, uint32_t point, uint32_t pass, uint64_t back_after_us);
/* Takes sim_fleet_node_arm back. A process that runs armed is killed and started again, unarmed. */
void sim_fleet_node_disarm(sim_fleet_node *n);
/* Kills the process and keeps it down, so that another program may read its directory, until sim_fleet_node_release. Not to be called twice. */
void sim_fleet_node_hold(sim_fleet_node *n);
void sim_fleet_node_release(sim_fleet_node *n); /* see sim_fleet_node_hold */
/* SIGSTOP. Faults that stop a node may overlap: it goes on when each sim_fleet_node_freeze has had its sim_fleet_node_thaw. A node that starts
 * meanwhile is stopped at once. */
void sim_fleet_node_freeze(sim_fleet_node *n);
void sim_fleet_node_thaw(sim_fleet_node *n); /* see sim_fleet_node_freeze */
/* SIGTERM; when it has drained it is started again. Nothing happens when it is down or drains already: a second SIGTERM
 * would end it with code 1. */
void sim_fleet_node_restart(sim_fleet_node *n);
/* Copies the node's directory as a crash would leave it; a running process is stopped for the copy. Replaces the node's last copy. */
void sim_fleet_node_backup(sim_fleet_node *n);
/* Kills the process, puts the last copy in the place of its directory, and starts it after back_after_us. False: no copy, nothing was done. */
bool sim_fleet_node_restore(sim_fleet_node *n, uint64_t back_after_us);
/* Kills the process, empties its directory, and starts it after back_after_us. */
void sim_fleet_node_wipe(sim_fleet_node *n, uint64_t back_after_us);
/* Copies the directory of this edge, or of central, as it runs, and starts a second process of the same name on the copy, with ports and links of
 * its own. */
void sim_fleet_node_twin(sim_fleet_node *n);
/* Kills the twin of this node for good. A central that the twin had fenced starts again. */
void sim_fleet_node_twin_gone(sim_fleet_node *n);
/* A full disk. True: from now on no file of the node may grow; false takes one such call back. Calls overlap: there is room again when all are taken
 * back, and a process that ended over a failed write is started then. */
void sim_fleet_node_fill(sim_fleet_node *n, bool full);
/* `fails`: the next sync fails. Else syncs take slow_us longer from now on; 0: as long as the disk needs. Has no effect without the library that
 * watches syncs. */
void sim_fleet_node_sync(sim_fleet_node *n, bool fails, uint64_t slow_us);
/* From now on the node's wall clock shows the machine's plus offset_us. Has no effect without libfaketime. */
void sim_fleet_node_clock(sim_fleet_node *n, int64_t offset_us);
/* The process has ended and was reaped. If its exit code, the faults in force and its log explain the end, it starts again in time. Else the drill
 * fails. */
void sim_fleet_node_ended(sim_fleet_node *n);

#endif
