/* stamp.h - stamps: times that order one user's operations everywhere (rule 3). Microseconds. */
#ifndef KUDOS_EDGE_CORE_STAMP_H
#define KUDOS_EDGE_CORE_STAMP_H

#include "kudos/edge.h"

/* Takes a time from the own clock: now_us, or `last` + 1 where that is larger. Stores it as `last` and returns it. */
uint64_t kd_stamp_advance(kd_edge *e, uint64_t now_us);
/* The stamp of an operation: kd_stamp_advance, lifted above the stamp of the user's row here (0: no row) and above the newest stamp of the session
 * token (0: no token). Neither of these two lifts `last`. */
uint64_t kd_stamp_next(kd_edge *e, uint64_t now_us, uint64_t row_us, uint64_t token_us);

#endif
