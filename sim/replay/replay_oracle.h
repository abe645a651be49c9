/*
 * replay_oracle.h - the right answer to a log, computed without any of the code that is being checked:
 * the last event of a (user, item) in file order wins.
 */
#ifndef KUDOS_SIM_REPLAY_REPLAY_ORACLE_H
#define KUDOS_SIM_REPLAY_REPLAY_ORACLE_H

#include "sim/replay/replay_log.h"

typedef struct {
    uint64_t *counts;      /* per item: users who like it at the end */
    uint64_t *likers;      /* per item: users who ever like it: no order of the events gives more */
    uint64_t *like_events; /* per item: what adding 1 per like would give */
    uint32_t items;
    uint64_t pairs; /* sum of counts */
    uint64_t likes, first_likes, repeated_likes, unlikes, likes_again, idle_unlikes;
    uint32_t liked_items; /* with at least one like event */
    uint32_t naive_wrong; /* items on which like_events differs from counts */
} sim_replay_oracle;

void sim_replay_oracle_init(sim_replay_oracle *o, const sim_replay_log *log);
/* Items by descending count, ties by name, into `top` (room for n); returns how many. */
uint32_t sim_replay_oracle_top(const sim_replay_oracle *o, const sim_replay_log *log, uint32_t *top,
                               uint32_t n);
void sim_replay_oracle_finish(sim_replay_oracle *o);

#endif
