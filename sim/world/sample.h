/* sample.h - the state of the regions at one moment, for the record that a report is drawn from. */
#ifndef KUDOS_SIM_WORLD_SAMPLE_H
#define KUDOS_SIM_WORLD_SAMPLE_H

#include "sim/world/world.h"

/* Writes one moment into w->options->record, which must not be NULL: every edge, central and the journal's bounds, for the item that the first
 * expectation names (without expectations: item 0). */
void sim_world_sample(sim_world *w);

#endif
