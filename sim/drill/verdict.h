/*
 * verdict.h - after the faults: everything must agree within the scenario's bound, and be what the journal says.
 *
 * Agreed: all processes serve, no outbox holds a batch, every edge shows for every item what central shows, with nothing pending. Then
 * `kudos-central export` lists who likes what and sim/check/final.h judges; `kudos-central audit` must find its counts exact; what
 * products ask beside counts must follow from the export (product.h).
 */
#ifndef KUDOS_SIM_DRILL_VERDICT_H
#define KUDOS_SIM_DRILL_VERDICT_H

#include "sim/check/final.h"
#include "sim/drill/clients.h"
#include "sim/drill/log_tool.h"
#include "sim/drill/samples.h"

typedef struct {
    sim_fleet *fleet;
    sim_clients *clients;
    sim_samples *samples;
    sim_journal *journal;
    sim_log_tool *log;
    bool (*whole)(void *arg); /* Kafka has lost no record so far */
    uint64_t limit_us;        /* for everything to agree */
    void (*tick)(void *arg);  /* while it waits: samples, the record, progress */
    /* All agree: begins what is still to be done before they are judged. True: nothing is. Asked again until then. */
    bool (*settle)(void *arg);
    void *tick_arg;
} sim_verdict_options;

typedef struct {
    bool converged;
    uint64_t converged_us; /* from the call */
    char apart[320];       /* what did not agree, when it did not */
    sim_final_verdict final;
    bool judged; /* false: the export could not be had, `apart` says why */
} sim_verdict_result;

/* Waits until all agree, then reads and judges. Runs the loop; ends early when the fleet fails or is interrupted. *out is filled in any case. */
void sim_verdict_reach(const sim_verdict_options *options, sim_verdict_result *out);

#endif
