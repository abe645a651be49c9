/*
 * zipf.h - ranks by Zipf's law: rank k (from 0) with a weight of 1 / (k + 1)^s; s = 0 is uniform.
 *
 * A draw takes constant time by the alias method (Walker 1977, in Vose's form of 1991). The tables are read-only once made, so
 * threads share them; the state of the random numbers is the caller's.
 */
#ifndef KUDOS_SIM_USERS_ZIPF_H
#define KUDOS_SIM_USERS_ZIPF_H

#include "kudos/base.h"

typedef struct {
    uint32_t n;
    uint32_t *alias;     /* NULL when uniform */
    uint32_t *threshold; /* of 2^32: below it the slot's own rank, else its alias */
} sim_zipf;

/* n > 0 ranks with the exponent s; s <= 0 is uniform and allocates nothing. */
void sim_zipf_init(sim_zipf *z, uint32_t n, double s);
/* A rank below n. *random is the state of kd_random_next and moves on by one draw. */
uint32_t sim_zipf_pick(const sim_zipf *z, uint64_t *random);
/* Frees the tables. */
void sim_zipf_finish(sim_zipf *z);

#endif
