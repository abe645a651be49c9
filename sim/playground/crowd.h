/*
 * crowd.h - many users like one post, each once, at the edges of all regions in turn: over HTTP/2, as a gateway would send them (X-User-Id).
 *
 * A like without an answer is sent again under its key, for as long as the playground runs. The truth hears of each.
 */
#ifndef KUDOS_SIM_PLAYGROUND_CROWD_H
#define KUDOS_SIM_PLAYGROUND_CROWD_H

#include <event2/event.h>

#include "sim/playground/region.h"
#include "sim/playground/truth.h"

enum { SIM_CROWD_MAX = 1000, SIM_CROWD_WAITING_MAX = 5000 };

typedef struct sim_crowd sim_crowd;

typedef struct {
    uint64_t wanted, acked; /* likes asked for by sim_crowd_send, and those that an edge has acknowledged */
} sim_crowd_counts;

/* Borrows all. `run` tells this playground's users from those of an earlier one at the same edges. NULL: a region's port cannot be an URL. */
sim_crowd *sim_crowd_create(struct event_base *base, const sim_region *regions, uint32_t region_count,
                            sim_truth *truth, uint64_t run);
/* Takes NULL. */
void sim_crowd_destroy(sim_crowd *c);
/* `users` users, at most SIM_CROWD_MAX, like the post from now on, some hundred a second. KD_OK; KD_EOVERLOADED: so many wait already,
 * or the truth has no room for them. */
int sim_crowd_send(sim_crowd *c, uint32_t post, uint32_t users);
sim_crowd_counts sim_crowd_get_counts(const sim_crowd *c); /* a copy */

#endif
