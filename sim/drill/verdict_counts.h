/*
 * verdict_counts.h - the counts of all items as one process shows them, read page by page.
 */
#ifndef KUDOS_SIM_DRILL_VERDICT_COUNTS_H
#define KUDOS_SIM_DRILL_VERDICT_COUNTS_H

#include "sim/drill/clients.h"

#define COUNTS_NULL UINT64_MAX

typedef struct {
    struct event_base *base;
    uint16_t port;
    const sim_names *items;
    uint64_t (*counts)[SCENARIO_COUNTERS]; /* by item; COUNTS_NULL where no number of central is known */
    uint64_t pending;
    uint32_t first; /* item of the page that is asked for */
    bool done, failed;
} sim_counts_reading;

/* Makes room for a count of every item that has a name now. Base and names are borrowed until sim_counts_finish. */
void sim_counts_init(sim_counts_reading *r, struct event_base *base, const sim_names *items);
/* Asks the process at this port (admin ports know no counts) page by page; the loop must run until r->done. r->failed: a page could not be had,
 * and the counts are incomplete. A reading must not be started again, or finished, before it is done. */
void sim_counts_start(sim_counts_reading *r, uint16_t port);
/* Frees the counts. */
void sim_counts_finish(sim_counts_reading *r);

#endif
