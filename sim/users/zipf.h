/*
 * zipf.h - ranks by Zipf's law: rank k (from 0) with a weight of 1 / (k + 1)^s; s = 0 is uniform.
 *
 * Drawn in constant time by the alias method (Walker 1977, in Vose's form of 1991). Read-only once made, so
 * threads share it; the randomness is the caller's.
 */
#ifndef KUDOS_SIM_USERS_ZIPF_H
#define KUDOS_SIM_USERS_ZIPF_H

#include "kudos/base.h"

typedef struct {
    uint32_t n;
    uint32_t *alias;     /* NULL when uniform */
    uint32_t *threshold; /* of 2^32: below it the slot's own rank, else its alias */
} sim_zipf;

void sim_zipf_init(sim_zipf *z, uint32_t n, double s);
uint32_t sim_zipf_pick(const sim_zipf *z, uint64_t *random);
void sim_zipf_finish(sim_zipf *z);

#endif
