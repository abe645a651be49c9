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
    size_t *offsets; /* of each text, in `text` */
    uint32_t *slots; /* hash table with open addressing: 1 + number; 0: free */
    uint32_t count, cap, slot_count;
} sim_names;

/* The text's number, which is made here when the text is new. Copies the text, which must not hold a NUL. */
uint32_t sim_names_add(sim_names *n, kd_bytes text);
/* The text of a number below n->count. Lives until the next sim_names_add. */
const char *sim_names_at(const sim_names *n, uint32_t number);
/* Frees all texts; *n is empty again. */
void sim_names_finish(sim_names *n);

#endif
