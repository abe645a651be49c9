/*
 * torture_tools.h - what an operator does while processes die: audits, backups, and the proof that each backup can be put back.
 *
 * One command of kudos-central after the other. An audit of the running central must find its counts exact, or not come to an end since central died; so must a
 * backup, which is then restored into a place of its own (that too killed half way, where points are known) and audited there. The backup before it is
 * forgotten by name then. After a round central is killed, and its directory audited as it was left.
 */
#ifndef KUDOS_SIM_DRILL_TORTURE_TOOLS_H
#define KUDOS_SIM_DRILL_TORTURE_TOOLS_H

#include "sim/drill/fleet.h"

typedef struct sim_torture_tools sim_torture_tools;

typedef struct {
    uint64_t audits, backups, restores, restores_killed,
        interrupted; /* interrupted: central died meanwhile */
} sim_torture_tools_counts;

sim_torture_tools *sim_torture_tools_create(sim_fleet *f, uint64_t seed, bool points);
void sim_torture_tools_destroy(sim_torture_tools *t); /* before the fleet. NULL is fine */
/* `acting`: goes on to the next command when one is over. */
void sim_torture_tools_tick(sim_torture_tools *t, uint64_t now_us, bool acting);
/* Central is killed, its directory audited, and it is started again. Runs the loop. */
void sim_torture_tools_audit_left(sim_torture_tools *t);
sim_torture_tools_counts sim_torture_tools_total(const sim_torture_tools *t);

#endif
