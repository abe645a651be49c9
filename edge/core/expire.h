/* expire.h - membership rows that nobody needs any more are deleted (rule 21). */
#ifndef KUDOS_EDGE_CORE_EXPIRE_H
#define KUDOS_EDGE_CORE_EXPIRE_H

#include "edge/core/forward.h"

/* A walk over all rows of a partition. */
typedef struct {
    uint64_t limit_us; /* rows stamped up to it are deleted by the sweep under way; 0: none is */
    /* the largest limit_us of any sweep: rows stamped above it were never deleted. Stored */
    uint64_t expired_us;
    kd_buf cursor; /* key of the next row; empty: the first one */
} kd_sweep;

/* Looks at some rows of one partition when it is time; a failure poisons the core. Returns when the next call is due, UINT64_MAX: nothing can expire
 * now. */
uint64_t kd_expire_step(kd_edge *e, uint64_t now_us);

#endif
