/*
 * playing.h - what the commands that play a scenario share: run, drill and torture.
 */
#ifndef KUDOS_SIM_COMMANDS_PLAYING_H
#define KUDOS_SIM_COMMANDS_PLAYING_H

#include "sim/report/record.h"
#include "sim/scenario/scenario.h"
#include "sim/world/run.h"

/* Writes the scenario's name to `out`, cut to `size`: "region-cut" of "sim/scenarios/region-cut.scenario". */
void sim_playing_name(const char *path, char *out, size_t size);
/* Reads the value of --kafka: "embedded" or "real". -1, or the exit code after an error on standard error. */
int sim_playing_kafka(const char *command, const char *kafka, bool *real);
/* An empty record for the scenario's regions. The caller destroys it. */
sim_drill_record *sim_playing_record(const sim_scenario *s);
/* held 0, violated 1, unknown 3. */
int sim_playing_exit_code(sim_verdict verdict);

#endif
