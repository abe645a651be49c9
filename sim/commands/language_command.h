/* language_command.h - the sub command that tells how a scenario is written. */
#ifndef KUDOS_SIM_COMMANDS_LANGUAGE_COMMAND_H
#define KUDOS_SIM_COMMANDS_LANGUAGE_COMMAND_H

/* Command of main.c: argv[0] is the command's name, the result is the exit code. */
int sim_sim_language(int argc, char **argv);

#endif
