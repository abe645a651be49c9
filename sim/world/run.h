/*
 * run.h - one run of a scenario in the deterministic simulation.
 *
 * The world drives the very objects that the binaries link (kd_edge per shard, kd_central per partition) through a heap of events
 * ordered by (virtual time, sequence). Every random choice is a hash of (seed, stream, moment) rather than the next number
 * of one generator: taking an event out of a scenario does not change what befalls the rest, which is what makes a failure shrink. The same
 * scenario, seed and plants give the same bytes of trace on every machine, debug or release.
 */
#ifndef KUDOS_SIM_WORLD_RUN_H
#define KUDOS_SIM_WORLD_RUN_H

#include <stdio.h>

#include "sim/report/record.h"
#include "sim/scenario/scenario.h"

typedef struct {
    const sim_scenario *scenario;
    uint64_t seed;
    uint64_t edge_plant, central_plant; /* bits of kd_edge_plant, kd_central_plant */
    uint64_t world_plant;               /* bits of sim_plant: rules that the shells keep, broken */
    FILE *trace;                        /* NULL: only its digest */
    sim_drill_record *record;           /* NULL: none */
    void (*progress)(void *arg, uint64_t now_us, uint64_t end_us,
                     uint64_t acks); /* now and then; NULL: none */
    void *progress_arg;
    /* Called for each operation that a user begins (not for retries), with the scenario event that would make the user begin it. A scenario with
     * these events, and without users of their own accord, gives much the same run. May be NULL. */
    void (*attempted)(void *arg, const sim_scenario_event *operation);
    void *attempted_arg;
    /* Once *stop is not 0 the run ends, with the verdict "unknown" and the reason "interrupted", unless it had failed before. May be NULL. */
    const volatile int *stop;
} sim_options;

/* Rules that live in the shells (order of sync and answer, of commit and publish...), broken on purpose. */
typedef enum {
    SIM_PLANT_NO_SYNC = 1 << 0,         /* the disk says that it synced, but did not */
    SIM_PLANT_IGNORE_IO_ERROR = 1 << 1, /* a failed write counts as done (I15) */
    SIM_PLANT_NO_FENCE = 1 << 2,        /* rule 16: a higher claim does not stop central */
    SIM_PLANT_PUBLISH_EARLY = 1 << 3,   /* rule 10: snapshots of what is not yet durable */
    SIM_PLANT_TRUST_OFFSET = 1 << 4,    /* rule 13: the log position is not checked */
    SIM_PLANT_NO_DRIFT_BOUND = 1 << 5,  /* rule 3: an edge beyond D takes writes */
    SIM_PLANT_CARRIED_RUNS =
        1 << 6, /* rule 3: out of bounds, a carried clock ahead of central's is not set back */
} sim_plant;

typedef enum { SIM_HELD, SIM_VIOLATED, SIM_UNKNOWN } sim_verdict;

typedef struct {
    sim_verdict verdict;
    /* name of the checker that failed, e.g. "as-of", "convergence", or of the need that was not met */
    char checker[32];
    char failure[320];  /* what, where, when */
    uint64_t failed_us; /* virtual */
    uint64_t events, virtual_us, acks, refused, kills, duplicates, gaps, undone, resent, merges, checks;
    /* after healing: likes that central lacks; likes that it has too many (final.h) */
    uint64_t lost, doubled;
    uint64_t converged_us;                /* from the end of the faults */
    uint64_t expired, collected, ignored; /* rows of edges, tombstones, operations below the floor */
    uint8_t trace_sha256[32];
} sim_result;

/* Plays the scenario to its end. A broken assertion of the cores aborts the process: the hunt runs this in a child process. */
void sim_run(const sim_options *options, sim_result *result);
const char *sim_verdict_name(sim_verdict verdict); /* held, violated, unknown */

#endif
