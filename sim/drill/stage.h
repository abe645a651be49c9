/*
 * stage.h - the parts of a drill put together: fleet, users, journal, samples, faults, on one loop that also hears signals.
 *
 * Drill and torture play on it. sim_stage_close has an order: users, log tool and faults stop; then the processes end; last the objects that the
 * processes' callbacks refer to are freed.
 */
#ifndef KUDOS_SIM_DRILL_STAGE_H
#define KUDOS_SIM_DRILL_STAGE_H

#include "sim/drill/drill_faults.h"
#include "sim/drill/alone.h"
#include "sim/drill/samples.h"
#include "sim/drill/shown.h"
#include "sim/drill/verdict.h"
#include "sim/report/record.h"
#include "sim/world/run.h"

enum { STAGE_SIGNALS = 3 };

/* Borrowed. */
typedef struct {
    const sim_scenario *scenario;
    const char *directory; /* of its own */
    const char *programs, *kafka_dir;
    const char *faketime; /* what LD_PRELOAD wants for it, where the scenario moves clocks; else NULL */
    const char *powercut; /* the library that watches syncs, or NULL */
    uint64_t seed;
    bool real_kafka;
    /* There are probe items (clients.h), and what readers are shown of them is judged (shown.h). */
    bool probes;
    /* With probes: the last edge. Its directory is put back to older copies, after which it sets sums aside; so users send it none. */
    uint32_t careless;
    bool small; /* the fleet's option of that name */
    uint32_t brokers;
    double faster, per_second;
    sim_drill_record *record;
    void (*progress)(void *arg, uint64_t now_us, uint64_t end_us, uint64_t acks);
    void *progress_arg;
} sim_stage_options;

/* Share of the scenario's operations that users can send, up to 1: in a drill at `faster` times the speed they may not keep up. */
double sim_stage_share(const sim_stage_options *o);

typedef struct {
    const sim_stage_options *o;
    struct event_base *base;
    struct event *signals[STAGE_SIGNALS];
    sim_fleet *fleet;
    sim_journal *journal;
    sim_log_tool *log;
    sim_order_book *book;
    sim_operator_tool *tool;
    bool repeated; /* voids were ordered once more, for the verdict */
    sim_clients *clients;
    sim_samples *samples;
    sim_alone *alone;
    sim_shown *shown; /* NULL without probes */
    sim_drill_faults *faults;
    uint32_t followed; /* item */
    uint64_t end_us;   /* for the progress */
    bool acting;       /* users begin operations, the scenario's events happen */
    bool interrupted;
} sim_stage;

/* The first failure that was found. checker NULL: none. */
typedef struct {
    sim_verdict verdict;
    const char *checker;
    char failure[1200];
    bool unavailable; /* a program or library that is needed is missing */
} sim_stage_finding;

/* Starts the programs, waits until they serve, and begins the drill's time. KD_OK, or KD_EUNAVAILABLE with the reason in *f; to be closed in
 * either case. */
int sim_stage_open(sim_stage *s, const sim_stage_options *o, sim_stage_finding *f);
/* Ends all processes and frees everything. Takes a while: the log's thread may need the loop to end. */
void sim_stage_close(sim_stage *s);
/* Everything that is due; called all the time by whoever waits (sim_fleet_wait). */
void sim_stage_tick(sim_stage *s);
/* Keeps this finding, unless there is one already. `checker` is borrowed for good: a literal. */
void sim_stage_find(sim_stage_finding *f, sim_verdict verdict, const char *checker, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* If the fleet has failed, keeps its failure in *f. */
void sim_stage_find_failure(const sim_stage *s, sim_stage_finding *f);
/* The operator ends his command, users stop and get their last answers, everything must agree within the scenario's `heal`, or 30 s if that is
 * less: into *f and *r. Runs the loop. */
void sim_stage_judge(sim_stage *s, sim_stage_finding *f, sim_verdict_result *r);

#endif
