/*
 * ops.h - the operations of users that are in work, by number. An operation lives while something holds its number, and each holder counts in `refs`:
 * its user, and each request, deadline, retry and answer that is on its way.
 */
#ifndef KUDOS_SIM_WORLD_OPS_H
#define KUDOS_SIM_WORLD_OPS_H

#include "sim/world/world.h"

/* One operation of a user, over all its requests. */
typedef struct sim_op {
    uint32_t user, item, counter, edge, number;
    uint32_t attempt; /* in the journal; UINT32_MAX: no edge has taken it */
    uint32_t
        wipes; /* sim_edge.wipes when it was journaled: if that is higher now, the edge has forgotten the key */
    uint32_t refs;
    uint32_t tries;  /* requests that were made again */
    uint32_t failed; /* 1 + the try that failed last; 0: none did */
    kd_verb verb;
    uint64_t amount;
    kd_seen seen;   /* the session token that its present request carries */
    kd_seen answer; /* the token in the last answer */
    bool strange;   /* from another device of the user: it carries no token, and the answer's is not kept */
    uint64_t issued_us; /* when its last request left */
    uint64_t key;       /* the edge's count of keys when the operation was taken last (sim_edge.keys) */
    bool over;          /* answered, or given up */
    bool scripted;      /* an event of the scenario: tried until it is answered */
    uint64_t begun_us;  /* since the beginning of the run */
    /* The end of one of its requests: the outcome; NULL: refused, or the connection broke. */
    void (*ended)(sim_world *w, uint32_t slot, uint32_t op, const kd_outcome *outcome);
} sim_op;

/* Number of an operation that nobody uses; never 0. The caller overwrites all of it, with `refs` at 1 or more. Pointers into w->ops are valid until
 * the next call. */
uint32_t sim_op_take(sim_world *w);
/* One holder less; the last one frees the number. */
void sim_op_release(sim_world *w, uint32_t op);

#endif
