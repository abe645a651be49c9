/* sim/language.h - the sub command that tells how a scenario is written. */
#ifndef KUDOS_SIM_LANGUAGE_H
#define KUDOS_SIM_LANGUAGE_H

int kd_sim_language(int argc, char **argv);

#endif
