/*
 * positions.h - taps the likes topic: a position never carries two bodies, and a batch that names the one before it gives the digest of that one's
 * body (protocol, rules 5, 6, 8).
 *
 * An edge whose directory was put back to an older copy is not judged: it seals the copy's open batch under a position that it has used before,
 * and central drops that as a duplicate. One thread.
 */
#ifndef KUDOS_SIM_DRILL_POSITIONS_H
#define KUDOS_SIM_DRILL_POSITIONS_H

#include "sim/check/check_map.h"

/* Zero-initialise; finish with sim_check_map_finish(&p->seen). */
typedef struct {
    sim_check_map seen;   /* position -> digest of its body */
    const char *careless; /* name of the edge that is not judged; NULL: all are */
    uint64_t batches;
} sim_positions;

/* A record of the likes topic. False: it breaks a rule, and `why` says how. A record that is no batch is right. */
bool sim_positions_saw(sim_positions *p, uint32_t partition, kd_bytes record, char *why, size_t size);

#endif
