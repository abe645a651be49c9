/*
 * place.h - where a drill finds its programs and libraries, and the directory of its own. What is missing is said on standard error.
 */
#ifndef KUDOS_SIM_DRILL_PLACE_H
#define KUDOS_SIM_DRILL_PLACE_H

#include "sim/drill/fleet.h"

typedef struct {
    const char *command; /* for messages */
    char directory[FLEET_PATH_MAX], programs[FLEET_PATH_MAX], kafka_dir[2 * FLEET_PATH_MAX];
    char faketime[2 * FLEET_PATH_MAX],
        powercut[FLEET_PATH_MAX + 32]; /* faketime: the libraries, as LD_PRELOAD wants them */
} sim_place;

/* Fills in all but directory and faketime. -1: go on; else the exit code with which the command ends. `real_kafka`: kafka.py is needed. */
int sim_place_find(sim_place *p, const char *command, bool real_kafka);
/* Finds libfaketime, for scenarios that move clocks. -1, or the exit code. */
int sim_place_find_faketime(sim_place *p);
/* Makes the directory `keep`; NULL: one of a new name in TMPDIR. -1, or the exit code. */
int sim_place_make_directory(sim_place *p, const char *keep);

#endif
