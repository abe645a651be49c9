/*
 * alone.h - the number alone (GET …/count) beside the counts of the same item, at each edge while links are cut and processes die ("count").
 *
 * An edge is asked for the item's counts, for its number alone, and for the counts once more. Where both counts say the same, and no user has done anything from
 * the first question to the last answer, the number alone says it, too: a number that a cut has made old, or null where the edge knows none.
 */
#ifndef KUDOS_SIM_DRILL_ALONE_H
#define KUDOS_SIM_DRILL_ALONE_H

#include "sim/drill/clients.h"

typedef struct sim_alone sim_alone;

/* All is borrowed, the item copied. Asks nobody before the first tick. Never NULL. */
sim_alone *sim_alone_create(sim_fleet *f, sim_clients *c, const char *item);
/* The users are gone: nothing is judged any more. NULL is fine. */
void sim_alone_end(sim_alone *a);
/* After the fleet, whose end answers what is still asked. NULL is fine. */
void sim_alone_destroy(sim_alone *a);
void sim_alone_tick(sim_alone *a, uint64_t now_us);

#endif
