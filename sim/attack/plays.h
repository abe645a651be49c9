/*
 * plays.h - the table of attacks: `kudos-sim attack --help`, the documentation and the tests name them from here. Its rows are made of the hooks of
 * play_hooks.h.
 */
#ifndef KUDOS_SIM_ATTACK_PLAYS_H
#define KUDOS_SIM_ATTACK_PLAYS_H

#include "sim/attack/raw.h"

/* The rows in the order of the table. */
extern const sim_play sim_plays[];
extern const size_t sim_play_count;

/* The row of that name, or NULL. */
const sim_play *sim_play_find(const char *name);

#endif
