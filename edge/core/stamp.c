/*
 * stamp.c - stamps that order one user's operations everywhere (rule 3).
 *
 * `last` is the largest time that this shard took from its own clock. It is stored with every group. Rows and tokens hold times of other edges'
 * clocks and never lift it: otherwise one fast clock would push all others forward.
 */
#include "edge/core/stamp.h"
#include "edge/core/state.h"

uint64_t kd_stamp_advance(kd_edge *e, uint64_t now_us)
{
    e->last_us = KD_MAX(now_us, e->last_us + 1);
    return e->last_us;
}

uint64_t kd_stamp_next(kd_edge *e, uint64_t now_us, uint64_t row_us, uint64_t token_us)
{
    if (KD_PLANTED(e, KD_PLANT_STAMP_CLOCK_ONLY)) return now_us;
    uint64_t time_us = kd_stamp_advance(e, now_us);
    if (row_us >= time_us && !KD_PLANTED(e, KD_PLANT_STAMP_NO_ROW)) time_us = row_us + 1;
    if (token_us >= time_us) time_us = token_us + 1;
    return time_us;
}
