/*
 * run.h - one run of a scenario in the deterministic simulation.
 *
 * The world drives the same objects that the programs link (kd_edge per shard, kd_central per partition) through a heap of events
 * in the order of (virtual time, sequence). Every random choice is a hash of (seed, stream, entity, moment), not the next number
 * of one generator. So an event that is taken out of a scenario changes no choice elsewhere, and a failing scenario can be shrunk. The same
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
    uint64_t world_plant;               /* bits of sim_plant */
    FILE *trace;                        /* gets the lines of the trace; NULL: only their digest is made */
    sim_drill_record *record;           /* for a report; NULL: none */
    /* Called every 65536 events; times since the beginning of the run. NULL: never. */
    void (*progress)(void *arg, uint64_t now_us, uint64_t end_us, uint64_t acks);
    void *progress_arg;
    /* Gets each operation of the swarm when it begins, without retries, as the scenario event that would cause it. A scenario with these events and
     * without the swarm makes much the same run. NULL: not wanted. */
    void (*attempted)(void *arg, const sim_scenario_event *operation);
    void *attempted_arg;
    /* As soon as it is not 0 the run ends as SIM_UNKNOWN, "interrupted", unless it has failed before. NULL: never. */
    const volatile int *stop;
} sim_options;

/* Rules that the shells keep (the order of sync and answer, of commit and publish), broken on purpose. */
typedef enum {
    SIM_PLANT_NO_SYNC = 1 << 0,         /* the disk says that it synced, but did not */
    SIM_PLANT_IGNORE_IO_ERROR = 1 << 1, /* a failed write counts as done (I15) */
    SIM_PLANT_NO_FENCE = 1 << 2,        /* rule 16: a higher claim does not stop central */
    SIM_PLANT_PUBLISH_EARLY = 1 << 3,   /* rule 10: snapshots of commits that are not durable yet */
    SIM_PLANT_TRUST_OFFSET = 1 << 4,    /* rule 13: the log position is not checked */
    SIM_PLANT_NO_DRIFT_BOUND = 1 << 5,  /* rule 3: an edge beyond D takes writes */
    SIM_PLANT_CARRIED_RUNS = 1 << 6,    /* rule 3: beyond D, carried time runs away with the clock */
    SIM_PLANT_SEED_GOES_ON =
        1 << 7,                    /* rule 35: another copy goes on behind what is there of the one before */
    SIM_PLANT_SEED_KEEPS = 1 << 8, /* rule 35: rows that the source does not have stay */
    SIM_PLANT_SEED_HALF = 1 << 9,  /* rule 35: half a copy is put in place */
    SIM_PLANT_OWES_DEAF =
        1 << 10, /* rule 32: a leader that owes the topics too much hears no counts, either */
    SIM_PLANT_FOLLOWER_SAYS =
        1 << 11, /* rule 33: whoever is asked answers an edge, though another one leads */
} sim_plant;

typedef enum { SIM_HELD, SIM_VIOLATED, SIM_UNKNOWN } sim_verdict;

typedef struct {
    sim_verdict verdict;
    char checker[32];   /* that was violated, e.g. "as-of", "convergence"; or the need that was not met */
    char failure[320];  /* the finding in words */
    uint64_t failed_us; /* since the beginning of the run */
    uint64_t events, virtual_us, acks, refused, kills, duplicates, gaps, undone, resent, merges, checks;
    uint64_t lost;         /* after healing: likes that the journal demands and that are missing */
    uint64_t doubled;      /* after healing: likes that the journal rules out and that are there */
    uint64_t converged_us; /* from the scenario's length until all agreed; 0 also when they did not */
    uint64_t expired, collected, ignored; /* rows of edges, tombstones, operations below the floor */
    uint8_t trace_sha256[32];
} sim_result;

/* Runs the scenario to its end, to a violation or to the stop, and fills *result. A broken assertion of a core aborts the process, so a hunt calls
 * this in a child process. */
void sim_run(const sim_options *options, sim_result *result);
/* "held", "violated" or "unknown". */
const char *sim_verdict_name(sim_verdict verdict);

#endif
