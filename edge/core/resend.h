/* resend.h - after a restore of central, operations that it may have lost are sent again, from the membership rows (rule 15). */
#ifndef KUDOS_EDGE_CORE_RESEND_H
#define KUDOS_EDGE_CORE_RESEND_H

#include "edge/core/forward.h"

typedef struct {
    bool active;
    kd_buf cursor; /* key of the next row; empty: the first one. Not stored: a start begins again */
    /* number of the last spill table whose rows must be in the store before the scan begins */
    uint64_t rows_awaited;
} kd_resend;

/* Begins, or begins again with the first row; holds complete_to. The caller stores the partition (kd_part_put). */
void kd_resend_start(kd_edge *e, kd_part *p);
/* Sends some rows again, if the rows that were in memory at the start have reached the store. After the last row it ends. KD_EMALFORMED, KD_EIO. */
int kd_resend_step(kd_edge *e, kd_part *p, uint64_t now_us);

#endif
