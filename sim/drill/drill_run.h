/*
 * sim/drill/drill_run.h - one drill on the real binaries, from the first process to the verdict.
 */
#ifndef KUDOS_SIM_DRILL_DRILL_RUN_H
#define KUDOS_SIM_DRILL_DRILL_RUN_H

#include "sim/drill/samples.h"
#include "sim/report/record.h"
#include "sim/world/run.h"

typedef struct {
    const scenario *scenario;
    const char *name;      /* of the scenario, for the terminal */
    const char *directory; /* of its own */
    const char *programs, *tests_lib;
    const char *faketime; /* the library, where the scenario moves clocks; else NULL */
    const char *powercut; /* the library that watches syncs, or NULL */
    uint64_t seed;
    bool real_kafka;
    uint32_t brokers;
    double faster, per_second;
    record *record;
    void (*progress)(void *arg, uint64_t now_us, uint64_t end_us, uint64_t acks);
    void *progress_arg;
} drill_run_options;

typedef struct {
    sim_verdict verdict;
    bool unavailable, interrupted;
    const char *checker; /* NULL: held */
    char failure[1200];
    uint64_t failed_us, length_us, converged_us, kills, lost, doubled;
    clients_counts users;
    samples_totals totals;
    uint64_t appended; /* records that the drill appended to the log once more */
} drill_run_result;

void drill_run(const drill_run_options *options, drill_run_result *out);

#endif
