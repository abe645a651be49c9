/* language_command.h - the sub command that tells how a scenario is written. */
#ifndef KUDOS_SIM_COMMANDS_LANGUAGE_COMMAND_H
#define KUDOS_SIM_COMMANDS_LANGUAGE_COMMAND_H

int sim_sim_language(int argc, char **argv);

#endif
