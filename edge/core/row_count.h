/* row_count.h - nearly how many membership rows the store has: a start makes the filter for so many. */
#ifndef KUDOS_EDGE_CORE_ROW_COUNT_H
#define KUDOS_EDGE_CORE_ROW_COUNT_H

#include "edge/core/forward.h"

/* Puts the number of rows into the open group, if the filter has all of them. */
void kd_row_count_put(kd_edge *e);
/* How many rows the store had when they were counted last; 0: never. KD_OK, KD_EMALFORMED, KD_EIO. */
int kd_row_count_read(kd_edge *e, uint64_t *rows);

#endif
