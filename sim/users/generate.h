/*
 * generate.h - `kudos-sim generate`: a generated hour of likes as a log for `kudos-sim replay`.
 */
#ifndef KUDOS_SIM_USERS_GENERATE_H
#define KUDOS_SIM_USERS_GENERATE_H

#include "kudos/base.h"

typedef struct {
    uint64_t users, items, events, seed, seconds;
} kd_generate_plan;

typedef struct {
    uint64_t at_ms; /* from the beginning */
    uint32_t order; /* among events of the same millisecond */
    uint32_t user;
    uint32_t item; /* 0 is the viral story */
    bool liked;
} kd_generate_event;

/* Fills plan->events events, sorted by time. The same plan gives the same events. */
void kd_generate(const kd_generate_plan *plan, kd_generate_event *events);
/* "collection/id" of an item, with a NUL. */
void kd_generate_item(uint32_t item, char out[48]);

int kd_sim_generate(int argc, char **argv);

#endif
