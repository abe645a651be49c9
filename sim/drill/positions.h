/*
 * positions.h - taps the likes topic: a position never carries two bodies, and whoever says what came before him says what it was (protocol, rules 5, 6, 8).
 *
 * Not of an edge whose directory was put back to an older copy: it seals what it finds under positions that it had gone beyond (central knows them for
 * duplicates). One thread.
 */
#ifndef KUDOS_SIM_DRILL_POSITIONS_H
#define KUDOS_SIM_DRILL_POSITIONS_H

#include "sim/check/check_map.h"

/* Zero-initialise; finish with sim_check_map_finish(&p->seen). */
typedef struct {
    sim_check_map seen;   /* position -> digest of its body */
    const char *careless; /* that edge is not looked at; NULL: all are */
    uint64_t batches;
} sim_positions;

/* False: it is wrong, and `why` says how. What is no batch is left alone. */
bool sim_positions_saw(sim_positions *p, uint32_t partition, kd_bytes record, char *why, size_t size);

#endif
