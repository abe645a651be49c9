/* hunt_command.h - the sub commands that look for bugs: kudos-sim hunt, kudos-sim bugs. Last lines: contract of the command line (docs/drills.md). */
#ifndef KUDOS_SIM_COMMANDS_HUNT_COMMAND_H
#define KUDOS_SIM_COMMANDS_HUNT_COMMAND_H

int sim_sim_hunt(int argc, char **argv);
int sim_sim_bugs(int argc, char **argv);

#endif
