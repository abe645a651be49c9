/* token_command.h - kudos-sim token. */
#ifndef KUDOS_SIM_COMMANDS_TOKEN_COMMAND_H
#define KUDOS_SIM_COMMANDS_TOKEN_COMMAND_H

/* Prints a JWT that the key of a file signs; for demos and tests. argv[0] is the command's name. Returns the exit code. */
int sim_sim_token(int argc, char **argv);

#endif
