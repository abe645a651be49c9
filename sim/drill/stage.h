/*
 * stage.h - the parts of a drill put together: fleet, users, journal, samples, faults, on one loop that also hears signals.
 *
 * Drill and torture play on it. Order of an end (stage_close): users, log and faults let go, the processes end, and only then what they refer to is freed.
 */
#ifndef KUDOS_SIM_DRILL_STAGE_H
#define KUDOS_SIM_DRILL_STAGE_H

#include "sim/drill/drill_faults.h"
#include "sim/drill/samples.h"
#include "sim/drill/shown.h"
#include "sim/drill/verdict.h"
#include "sim/report/record.h"
#include "sim/world/run.h"

enum { STAGE_SIGNALS = 3 };

/* Borrowed. */
typedef struct {
    const scenario *scenario;
    const char *directory; /* of its own */
    const char *programs, *kafka_dir;
    const char *faketime; /* the library, where the scenario moves clocks; else NULL */
    const char *powercut; /* the library that watches syncs, or NULL */
    uint64_t seed;
    bool real_kafka, probes; /* probes: clients.h; what readers are told is judged (shown.h) */
    uint32_t
        careless; /* of the probes: the edge that is put back to older copies, the last one; its sums would be set aside, so it is asked for none */
    bool small;   /* of the fleet */
    uint32_t brokers;
    double faster, per_second;
    record *record;
    void (*progress)(void *arg, uint64_t now_us, uint64_t end_us, uint64_t acks);
    void *progress_arg;
} stage_options;

/* In a drill that goes faster fewer operations fit: this part of the scenario's. */
double stage_share(const stage_options *o);

typedef struct {
    const stage_options *o;
    struct event_base *base;
    struct event *signals[STAGE_SIGNALS];
    fleet *fleet;
    journal *journal;
    log_tool *log;
    clients *clients;
    samples *samples;
    shown *shown; /* NULL without probes */
    drill_faults *faults;
    uint32_t followed; /* item */
    uint64_t end_us;   /* for the progress */
    bool acting;       /* users begin operations, the scenario's events happen */
    bool interrupted;
} stage;

/* What was found, the first of it. checker NULL: nothing. */
typedef struct {
    sim_verdict verdict;
    const char *checker;
    char failure[1200];
    bool unavailable; /* something that is needed is not here */
} stage_finding;

/* KD_OK, or KD_EUNAVAILABLE with the reason in *f; to be closed in either case. */
int stage_open(stage *s, const stage_options *o, stage_finding *f);
void stage_close(stage *s);
/* Everything that is due; called all the time by whoever waits (fleet_wait). */
void stage_tick(stage *s);
void stage_find(stage_finding *f, sim_verdict verdict, const char *checker, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* What the fleet failed by, when it did. */
void stage_find_failure(const stage *s, stage_finding *f);
/* Users stop, get their last answers, everything must agree: into *f and *r. */
void stage_judge(stage *s, stage_finding *f, verdict_result *r);

#endif
