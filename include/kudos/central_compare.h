/* central_compare.h - central's side of a comparison with an edge, as kudos/compare.h explains it. */
#ifndef KUDOS_CENTRAL_COMPARE_H
#define KUDOS_CENTRAL_COMPARE_H

#include "kudos/central.h"
#include "kudos/compare.h"

/* Digests central's rows whose last operation is that edge's; range, `next` and window are those of kd_edge_compare_digest. rows_max bounds the rows
 * that are looked at, whichever edge's they are. KD_ENOTFOUND: this partition does not know the edge; KD_EAGAIN: until_us is above its watermark
 * here; KD_EIO. */
int kd_central_compare_digest(kd_central *c, kd_bytes edge, kd_bytes from, kd_bytes to,
                              kd_compare_window window, uint32_t rows_max, kd_range_digest *digest,
                              kd_buf *next);

/* Judges one row of that edge. KD_ENOTFOUND: this partition does not know the edge; KD_EINVAL: not a row of this partition; KD_EIO. */
int kd_central_compare_row(kd_central *c, kd_bytes edge, const kd_compare_row *row, kd_row_verdict *verdict);

#endif
