/*
 * sim/torture.h - kudos-sim torture: kill -9, cycle after cycle, and the proof.
 */
#ifndef KUDOS_SIM_TORTURE_H
#define KUDOS_SIM_TORTURE_H

int kd_sim_torture(int argc, char **argv); /* the exit code */

#endif
