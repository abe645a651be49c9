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
    const kd_names *items;
    uint64_t (*counts)[SCENARIO_COUNTERS]; /* by item; COUNTS_NULL where no number of central is known */
    uint64_t pending;
    uint32_t first; /* item of the page that is asked for */
    bool done, failed;
} counts_reading;

void counts_init(counts_reading *r, struct event_base *base, const kd_names *items);
/* Until done; a reading must not be started again, or finished, before. */
void counts_start(counts_reading *r, uint16_t port);
void counts_finish(counts_reading *r);

#endif
