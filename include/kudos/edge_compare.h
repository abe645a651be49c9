/* edge_compare.h - the edge's side of a comparison with central; what it is about: kudos/compare.h. */
#ifndef KUDOS_EDGE_COMPARE_H
#define KUDOS_EDGE_COMPARE_H

#include "kudos/compare.h"
#include "kudos/edge.h"

/* The window in which this edge can be compared now. KD_ENOTFOUND: not a partition of this shard; KD_EAGAIN: nothing
 * heard from central yet, operations are being sent again or moved, or rows are on their way to the store: then they come
 * with the next groups, and the same question is answered a moment later. */
int kd_edge_compare_window(kd_edge *e, uint32_t partition, kd_compare_window *window);
/* After KD_EAGAIN: in words, what the window of the partition waits for. */
const char *kd_edge_compare_awaits(const kd_edge *e, uint32_t partition);

/* Digests the rows from key `from` (empty: the first) on, below `to` (empty: no end), but at most `rows_max` rows of
 * the store: *next is the key behind the last one looked at, or empty when the range is done. Rows that are not in
 * the store yet, which are younger than the window, are not looked at. KD_OK, KD_ENOTFOUND, KD_EIO. */
int kd_edge_compare_digest(kd_edge *e, uint32_t partition, kd_bytes from, kd_bytes to,
                           kd_compare_window window, uint32_t rows_max, kd_range_digest *digest,
                           kd_buf *next);

/* Names the rows in the window of such a range; views live during the call. A value other than 0 stops and is
 * returned. */
typedef int (*kd_compare_row_fn)(void *arg, const kd_compare_row *row);
int kd_edge_compare_rows(kd_edge *e, uint32_t partition, kd_bytes from, kd_bytes to, kd_compare_window window,
                         uint32_t rows_max, kd_compare_row_fn fn, void *arg, kd_buf *next);

#endif
