/*
 * replay_oracle.h - the right answer to a log, from the log alone: the last event of a (user, item) in file order wins.
 *
 * The oracle (sim/oracle/oracle.h) says who likes what. Here is what follows from that for each item, and figures about the log.
 */
#ifndef KUDOS_SIM_REPLAY_REPLAY_ORACLE_H
#define KUDOS_SIM_REPLAY_REPLAY_ORACLE_H

#include "sim/replay/replay_log.h"

typedef struct {
    uint64_t *counts;      /* per item: users who like it at the end */
    uint64_t *likers;      /* per item: users who ever like it: no order of the events gives more */
    uint64_t *like_events; /* per item: what a counter that adds 1 per like would show */
    uint32_t items;
    uint64_t pairs; /* sum of counts */
    /* Events by what they change: a user's first like of an item, a like while the user likes it, an unlike, a like after
     * that, an unlike of an item that the user does not like. likes: all but the unlikes. */
    uint64_t likes, first_likes, repeated_likes, unlikes, likes_again, idle_unlikes;
    uint32_t liked_items; /* with at least one like event */
    uint32_t naive_wrong; /* items on which like_events differs from counts */
} sim_replay_oracle;

/* Computes all of *o from the log. */
void sim_replay_oracle_init(sim_replay_oracle *o, const sim_replay_log *log);
/* Items by descending count, ties by name, into `top` (room for n); returns how many. */
uint32_t sim_replay_oracle_top(const sim_replay_oracle *o, const sim_replay_log *log, uint32_t *top,
                               uint32_t n);
/* Frees what init allocated. A zeroed oracle is fine. */
void sim_replay_oracle_finish(sim_replay_oracle *o);

#endif
