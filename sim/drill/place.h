/*
 * place.h - where a drill finds its programs and libraries, and the directory of its own. What is missing is said on standard error.
 */
#ifndef KUDOS_SIM_DRILL_PLACE_H
#define KUDOS_SIM_DRILL_PLACE_H

#include "sim/drill/fleet.h"

typedef struct {
    const char *command; /* for messages */
    char directory[FLEET_PATH_MAX], programs[FLEET_PATH_MAX], kafka_dir[2 * FLEET_PATH_MAX];
    char faketime[FLEET_PATH_MAX], powercut[FLEET_PATH_MAX + 32];
} sim_place;

/* -1, or the exit code. `real_kafka`: kafka.py is needed. */
int sim_place_find(sim_place *p, const char *command, bool real_kafka);
/* Where clocks are moved. */
int sim_place_find_faketime(sim_place *p);
/* `keep` or, when it is NULL, one of a new name. */
int sim_place_make_directory(sim_place *p, const char *keep);

#endif
