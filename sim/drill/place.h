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
} place;

/* -1, or the exit code. `real_kafka`: kafka.py is needed. */
int place_find(place *p, const char *command, bool real_kafka);
/* Where clocks are moved. */
int place_find_faketime(place *p);
/* `keep` or, when it is NULL, one of a new name. */
int place_make_directory(place *p, const char *keep);

#endif
