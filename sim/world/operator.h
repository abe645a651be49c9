/*
 * operator.h - the operator's commands to central: a backup begins, is complete, is removed; an edge is retired or readmitted. He also compares edges
 * with central, in scenarios in which something is forgotten.
 *
 * A command about backups rides in a commit and may die with it. After each start the list of backups is
 * set to the copies that exist, which is also what a restore asks for. One copy is kept; the one before it is removed.
 *
 * What he wants of edges he orders of each partition, of whichever central answers, while it says something else: so he repeats it where it was lost with the log.
 */
#ifndef KUDOS_SIM_WORLD_OPERATOR_H
#define KUDOS_SIM_WORLD_OPERATOR_H

#include "sim/world/world.h"

/* Begins the comparisons of edges with central, in scenarios that forget rows or tombstones or retire an edge. */
void sim_operator_open(sim_world *w);
/* Begins a backup of central, by an event at this moment. Its copy is made when all partitions have it in their list (sim_operator_sees_commit). A
 * backup that was begun before and not made is given up. */
void sim_operator_backs_up(sim_world *w);
/* From now on he wants the edge to be gone for good, or (`retired` false) to be back. */
void sim_operator_retires(sim_world *w, uint32_t edge, bool retired);
/* All partitions of that central are open and no commit has begun: gives the commands again. */
void sim_operator_opened(sim_world *w, uint32_t slot);
/* A commit of that central became durable: makes the copy of the backup that waits for it. */
void sim_operator_sees_commit(sim_world *w, uint32_t slot);

#endif
