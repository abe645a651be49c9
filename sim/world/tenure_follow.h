/*
 * tenure_follow.h - a member's tenure that follows: what it hears of its leader, whether it may answer, how old its counts are. A leader hears markers, and what it
 * has published itself.
 */
#ifndef KUDOS_SIM_WORLD_TENURE_FOLLOW_H
#define KUDOS_SIM_WORLD_TENURE_FOLLOW_H

#include "sim/world/world.h"

/* The core was opened, as a follower or to lead. */
void sim_following_open(sim_world *w, sim_tenure *t);
/* A record was fed, or a snapshot heard: notes what became of the comparison. */
void sim_following_check(sim_world *w, sim_tenure *t);
/* A record of the counts topic. */
void sim_following_hear(sim_world *w, sim_tenure *t, kd_bytes record, int64_t offset);
/* All that the log had was fed. True: the publisher may have something to do. */
bool sim_following_at_end(sim_world *w, sim_tenure *t);
/* The log cannot be read on: nothing more is fed. */
void sim_following_lose(sim_world *w, sim_tenure *t);
/* Whether it does not lead, or not yet. */
bool sim_tenure_follows(const sim_tenure *t);
/* Whether it may answer a reader: it leads, or is known to agree with its leader. */
bool sim_tenure_answers(const sim_tenure *t);
/* What the other members are told of it. */
kd_members_own sim_tenure_own(const sim_world *w, const sim_tenure *t);

#endif
