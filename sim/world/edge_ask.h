/*
 * edge_ask.h - an edge's questions to central: the counts of an item (rule 19), whether a user whom the edge does not know likes it (rule 2),
 * and what time it is (rule 3). Each has a deadline; an answer that comes later, or to an ended life of the process, is dropped.
 */
#ifndef KUDOS_SIM_WORLD_EDGE_ASK_H
#define KUDOS_SIM_WORLD_EDGE_ASK_H

#include "sim/world/world.h"

/* Asks for the item's counts, unless a question about it is under way or no item of the shard can make room for it. */
void sim_ask_item(sim_world *w, uint32_t slot, uint32_t item);
/* A user asks at this edge whether he likes the item. Central is asked if the edge cannot know; the answer goes to the checkers. */
void sim_read_liked(sim_world *w, uint32_t slot, uint32_t item, uint32_t user);
/* The connections of this host to central broke (of a central: everybody's with it): questions under way about items and likes have no answer. */
void sim_ask_broken(sim_world *w, uint32_t host);
/* Begins to compare the edge's clock with central's, again and again until the process ends. Once per start, after e->probe was raised. */
void sim_probe_start(sim_world *w, uint32_t slot);
/* Frees all questions, at the end of the run. */
void sim_ask_close(sim_world *w);

#endif
