/*
 * drill_faults.h - the events of a scenario, played on the real world when their time has come, and undone when it is over.
 *
 * Drills and torture play the same events here. What cannot be played is told before the run (sim_drill_faults_missing) and left out.
 *
 * Some losses are admitted (design, "limits said openly"): when an edge loses its directory, so are the operations that it had answered and
 * central had not merged. Such operations are excused in the journal from here; `merged` tells up to where central had merged them.
 */
#ifndef KUDOS_SIM_DRILL_DRILL_FAULTS_H
#define KUDOS_SIM_DRILL_DRILL_FAULTS_H

#include "sim/drill/clients.h"
#include "sim/drill/log_tool.h"
#include "sim/drill/operator_tool.h"
#include "sim/report/record.h"

typedef struct sim_drill_faults sim_drill_faults;

typedef struct {
    sim_fleet *fleet;
    sim_clients *clients;
    sim_journal *journal;
    sim_drill_record *record; /* NULL: none */
    sim_log_tool *log;
    sim_operator_tool *tool;
    sim_order_book *book;
    double faster;
    void *merged_arg;
    /* The wall time, in us, up to which central has merged all that this edge answered, as far as is known; 0: nothing is known. */
    uint64_t (*merged)(void *arg, uint32_t edge);
} sim_drill_faults_options;

/* Why this event cannot be played here, with so many brokers of a real Kafka or with the embedded one; or NULL. */
const char *sim_drill_faults_missing(const sim_scenario_event *e, bool real_kafka, uint32_t brokers);
/* Whether events of this kind move a clock: then the programs must be started with libfaketime. */
bool sim_drill_faults_moves_clock(sim_scenario_kind kind);

/* All that the options point to is borrowed; the scenario is the fleet's. */
sim_drill_faults *sim_drill_faults_create(const sim_drill_faults_options *options);
void sim_drill_faults_destroy(sim_drill_faults *f); /* NULL is fine */
/* An event that is not the scenario's happens now; its at_us does not matter. Copied. Not an operation of a user. */
void sim_drill_faults_play(sim_drill_faults *f, const sim_scenario_event *event, uint64_t now_us);
/* Ends what is over, begins what the scenario says is due by now, and turns what comes in turns. */
void sim_drill_faults_tick(sim_drill_faults *f, uint64_t now_us);
/* Whether Kafka has lost records, by a fault that was played. */
bool sim_drill_faults_log_lost(const sim_drill_faults *f);
/* All that is in force ends, and nobody is armed any more; nothing of the scenario begins after that. sim_drill_faults_play still does. */
void sim_drill_faults_stop(sim_drill_faults *f, uint64_t now_us);

#endif
