/*
 * drill_run.h - one drill on the real binaries, from the first process to the verdict.
 */
#ifndef KUDOS_SIM_DRILL_DRILL_RUN_H
#define KUDOS_SIM_DRILL_DRILL_RUN_H

#include "sim/drill/stage.h"

typedef struct {
    sim_stage_finding found;
    bool interrupted;
    uint64_t failed_us, length_us, converged_us, kills, lost, doubled;
    sim_clients_counts users;
    sim_samples_totals totals;
    uint64_t appended;      /* records that the drill appended to the log once more */
    uint32_t orders_failed; /* to the log, and why the last one did */
    char order_failure[256];
} sim_drill_run_result;

void sim_drill_run(const sim_stage_options *options, sim_drill_run_result *out);

#endif
