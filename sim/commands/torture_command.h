/*
 * torture_command.h - kudos-sim torture: kill -9, cycle after cycle, and the proof.
 */
#ifndef KUDOS_SIM_COMMANDS_TORTURE_COMMAND_H
#define KUDOS_SIM_COMMANDS_TORTURE_COMMAND_H

int sim_sim_torture(int argc, char **argv); /* the exit code */

#endif
