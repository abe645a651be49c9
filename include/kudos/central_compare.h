/* central_compare.h - central's side of a comparison with an edge; what it is about: kudos/compare.h. */
#ifndef KUDOS_CENTRAL_COMPARE_H
#define KUDOS_CENTRAL_COMPARE_H

#include "kudos/central.h"
#include "kudos/compare.h"

/* Digests, as kd_edge_compare_digest does, central's rows whose last word is that edge's. rows_max bounds the rows that
 * are looked at, whosoever's they are. KD_ENOTFOUND: no such edge; KD_EAGAIN: until is above its watermark here; KD_EIO. */
int kd_central_compare_digest(kd_central *c, kd_bytes edge, kd_bytes from, kd_bytes to,
                              kd_compare_window window, uint32_t rows_max, kd_range_digest *digest,
                              kd_buf *next);

/* One row of that edge. KD_OK, KD_ENOTFOUND, KD_EINVAL (not a row of this partition), KD_EIO. */
int kd_central_compare_row(kd_central *c, kd_bytes edge, const kd_compare_row *row, kd_row_verdict *verdict);

#endif
