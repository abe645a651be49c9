/*
 * playing.h - what the commands that play a scenario share: run, drill and torture.
 */
#ifndef KUDOS_SIM_COMMANDS_PLAYING_H
#define KUDOS_SIM_COMMANDS_PLAYING_H

#include "sim/report/record.h"
#include "sim/scenario/scenario.h"
#include "sim/world/run.h"

/* The name of the scenario in that file, cut to `size`: "region-cut". */
void sim_playing_name(const char *path, char *out, size_t size);
/* -1, or the exit code after a word on standard error. `kafka`: embedded or real. */
int sim_playing_kafka(const char *command, const char *kafka, bool *real);
/* Of its regions, and empty. */
sim_drill_record *sim_playing_record(const sim_scenario *s);
int sim_playing_exit_code(sim_verdict verdict);

#endif
