/* run_command.h - `kudos-sim run`: one scenario in the deterministic simulation. */
#ifndef KUDOS_SIM_COMMANDS_RUN_COMMAND_H
#define KUDOS_SIM_COMMANDS_RUN_COMMAND_H

int sim_sim_run(int argc, char **argv);

#endif
