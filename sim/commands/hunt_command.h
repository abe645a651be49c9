/* hunt_command.h - the sub commands that look for bugs: kudos-sim hunt, kudos-sim bugs. docs/drills.md says what their last lines hold. */
#ifndef KUDOS_SIM_COMMANDS_HUNT_COMMAND_H
#define KUDOS_SIM_COMMANDS_HUNT_COMMAND_H

/* Commands of main.c: argv[0] is the command's name, the result is the exit code. */
int sim_sim_hunt(int argc, char **argv);
int sim_sim_bugs(int argc, char **argv); /* likewise */

#endif
