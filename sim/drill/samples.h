/*
 * samples.h - what the processes tell while the drill runs: for the picture over time, for the figures of the last line, and up to where each
 * edge is merged.
 *
 * Asked twice or more a second, past the proxy; a process that is down or stopped keeps what it said last. Counters of a process begin
 * anew at each of its starts; the sums here go on.
 */
#ifndef KUDOS_SIM_DRILL_SAMPLES_H
#define KUDOS_SIM_DRILL_SAMPLES_H

#include "sim/drill/clients.h"
#include "sim/report/record.h"

typedef struct sim_samples sim_samples;

typedef struct {
    uint64_t duplicates, gaps, merged;        /* batches, at central */
    uint64_t undone, resent, identity_shared; /* at the edges */
} sim_samples_totals;

/* The likes of `item` are followed for the record. The fleet is borrowed, the item copied. Asks nobody before the first tick. */
sim_samples *sim_samples_create(sim_fleet *f, const char *item);
/* After the fleet, whose end answers what is still asked. NULL is fine. */
void sim_samples_destroy(sim_samples *s);
/* Asks who is due to be asked. */
void sim_samples_tick(sim_samples *s, uint64_t now_us);
/* A moment for the record, from what was heard last. */
void sim_samples_record(sim_samples *s, sim_drill_record *r, const sim_clients *c, uint64_t least,
                        uint64_t most, uint64_t now_us);
/* Sums over all processes and all their starts, as of what was heard last. */
sim_samples_totals sim_samples_sum(const sim_samples *s);
/* For sim_drill_faults_options: the wall time, in us, up to which central has merged this edge in all partitions; 0: unknown. */
uint64_t sim_samples_merged(void *samples_, uint32_t edge);
/* Bytes of operations in the edges' outboxes; not batches, since idle partitions send empty ones all the time. By what each edge said after
 * `since_us`; UINT64_MAX: an edge has not answered since. */
uint64_t sim_samples_outboxes(const sim_samples *s, uint64_t since_us);

#endif
