/*
 * names.h - texts by number: each different text once, numbered from 0 in the order of its first
 * appearance.
 */
#ifndef KUDOS_SIM_USERS_NAMES_H
#define KUDOS_SIM_USERS_NAMES_H

#include "kudos/base.h"

/* Zero-initialise. */
typedef struct {
    kd_buf text;     /* all texts, each followed by a NUL */
    size_t *offsets; /* of each text */
    uint32_t *slots; /* open addressing: number + 1; 0 is free */
    uint32_t count, cap, slot_count;
} sim_names;

uint32_t sim_names_add(sim_names *n, kd_bytes text); /* its number, new or old; a text has no NUL */
const char *sim_names_at(const sim_names *n, uint32_t number);
void sim_names_finish(sim_names *n);

#endif
