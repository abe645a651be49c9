/*
 * generate.h - `kudos-sim generate`: a generated hour of likes as a log for `kudos-sim replay`.
 */
#ifndef KUDOS_SIM_USERS_GENERATE_H
#define KUDOS_SIM_USERS_GENERATE_H

#include "kudos/base.h"

typedef struct {
    uint64_t users, items, events, seed, seconds;
} sim_generate_plan;

typedef struct {
    uint64_t at_ms; /* from the beginning */
    uint32_t order; /* among events of the same millisecond */
    uint32_t user;
    uint32_t item; /* 0 is the viral story */
    bool liked;
} sim_generate_event;

/* Fills `events`, room for plan->events of them, sorted by time and order. The same plan gives the same events. */
void sim_generate(const sim_generate_plan *plan, sim_generate_event *events);
/* Writes "collection/id" of an item, with a NUL. The same numbers give the same names in every generated log. */
void sim_generate_item(uint32_t item, char out[48]);

/* A step coprime to n: its multiples mod n visit each user once before any comes twice. Near the golden section of n, they spread evenly. */
uint64_t sim_coprime_step(uint64_t n);

/* The command; argv[0] is "generate". Returns the exit code. */
int sim_sim_generate(int argc, char **argv);

#endif
