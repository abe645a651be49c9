/* in_force.h - the claim in force where the last record stands that was fed: the highest epoch that a claim or a decision in front of it has named (rule 24). It is stored by
 * decide.c, with the decider. */
#ifndef KUDOS_CENTRAL_CORE_IN_FORCE_H
#define KUDOS_CENTRAL_CORE_IN_FORCE_H

#include "kudos/central.h"

/* A claim that is believed was read. */
void kd_in_force_claimed(kd_central *c, uint64_t epoch);
/* The log is read from its earliest record: no claim stands in front of that. */
void kd_in_force_from_start(kd_central *c);

#endif
