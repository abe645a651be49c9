/*
 * users.h - the people: each waits for an answer before the next operation, tries again with the same key at the same edge, roams, taps
 * twice, and sometimes never sees the answer. What a user does n-th is drawn from (seed, user, n) alone (plan.h).
 */
#ifndef KUDOS_SIM_WORLD_USERS_H
#define KUDOS_SIM_WORLD_USERS_H

#include "sim/world/world.h"

enum { USER_MEMORY = 4 };

typedef struct sim_user {
    uint32_t number;     /* operations planned so far */
    uint64_t planned_us; /* when the next planned operation is due */
    uint32_t edge;       /* where the user is */
    uint32_t op;         /* the operation in work; 0: none */
    bool due;            /* a planned operation waits for the one in work */
    kd_seen seen;        /* the session token */
    uint32_t last_item;
    struct {
        uint32_t item, counter;
    } liked[USER_MEMORY]; /* the last likes and saves that were planned, oldest first */
    uint32_t liked_count;
    uint32_t *scripted; /* queue of the scenario's operations that were not begun: indices of its events */
    uint32_t scripted_first, scripted_count, scripted_cap;
} sim_user;

/* Creates the users and puts the swarm's first operations on the heap. */
void sim_users_open(sim_world *w);
/* Frees users, operations and deadlines. */
void sim_users_close(sim_world *w);
/* An operation that the scenario names: its user begins it now, or when the operations before it are over. */
void sim_users_script(sim_world *w, uint32_t event);

#endif
