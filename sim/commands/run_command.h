/* run_command.h - `kudos-sim run`: one scenario in the deterministic simulation. */
#ifndef KUDOS_SIM_COMMANDS_RUN_COMMAND_H
#define KUDOS_SIM_COMMANDS_RUN_COMMAND_H

/* Command of main.c: argv[0] is the command's name, the result is the exit code. */
int sim_sim_run(int argc, char **argv);

#endif
