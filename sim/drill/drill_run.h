/*
 * drill_run.h - one drill on the real binaries, from the first process to the verdict.
 */
#ifndef KUDOS_SIM_DRILL_DRILL_RUN_H
#define KUDOS_SIM_DRILL_DRILL_RUN_H

#include "sim/drill/stage.h"

typedef struct {
    sim_stage_finding found;
    bool interrupted;
    uint64_t failed_us;    /* when a process or an answer was wrong; 0: none was */
    uint64_t length_us;    /* of the scenario, as it was played */
    uint64_t converged_us; /* from the end of the faults until all agreed; 0: they did not */
    uint64_t kills, lost, doubled;
    sim_clients_counts users;
    sim_samples_totals totals;
    uint64_t appended;      /* records that the drill appended to the log once more */
    uint32_t orders_failed; /* orders to the log tool that failed, and why the last one did */
    char order_failure[256];
} sim_drill_run_result;

/* Plays the scenario to its end and judges. Runs the loop, which hears SIGINT, SIGTERM and SIGHUP. *out is filled in any case. */
void sim_drill_run(const sim_stage_options *options, sim_drill_run_result *out);

#endif
