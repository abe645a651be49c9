/* sim/run.h - `kudos-sim run`: one scenario in the deterministic simulation. */
#ifndef KUDOS_SIM_RUN_H
#define KUDOS_SIM_RUN_H

int kd_sim_run(int argc, char **argv);

#endif
