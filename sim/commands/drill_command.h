/*
 * drill_command.h - kudos-sim drill: a scenario on the real binaries.
 */
#ifndef KUDOS_SIM_COMMANDS_DRILL_COMMAND_H
#define KUDOS_SIM_COMMANDS_DRILL_COMMAND_H

int sim_sim_drill(int argc, char **argv); /* the exit code */

#endif
