/* edge_compare.h - the edge's side of a comparison with central, as kudos/compare.h explains it. */
#ifndef KUDOS_EDGE_COMPARE_H
#define KUDOS_EDGE_COMPARE_H

#include "kudos/compare.h"
#include "kudos/edge.h"

/* The window in which this edge can be compared now. KD_ENOTFOUND: not a partition of this shard. KD_EAGAIN: central has told nothing yet, or
 * operations are being sent again or moved, or rows are on their way to the store. The call asks for those rows to be written, so that it succeeds
 * some groups later. */
int kd_edge_compare_window(kd_edge *e, uint32_t partition, kd_compare_window *window);
/* After KD_EAGAIN: in words, what the window of the partition waits for. Static text. */
const char *kd_edge_compare_awaits(const kd_edge *e, uint32_t partition);

/* Digests the rows of the window with keys from `from` on (empty: the first key) and below `to` (empty: no end). Looks at no more than `rows_max`
 * rows: *next is the key to go on from, or empty when the range is done. Reads the store alone; rows in memory are younger than the window.
 * KD_ENOTFOUND: not a partition of this shard. KD_EIO. */
int kd_edge_compare_digest(kd_edge *e, uint32_t partition, kd_bytes from, kd_bytes to,
                           kd_compare_window window, uint32_t rows_max, kd_range_digest *digest,
                           kd_buf *next);

/* Gets one row; views live during the call. A value other than 0 stops the walk, which returns it. */
typedef int (*kd_compare_row_fn)(void *arg, const kd_compare_row *row);
/* Calls `fn` for each row of the window in such a range; range, `next` and errors are those of kd_edge_compare_digest. */
int kd_edge_compare_rows(kd_edge *e, uint32_t partition, kd_bytes from, kd_bytes to, kd_compare_window window,
                         uint32_t rows_max, kd_compare_row_fn fn, void *arg, kd_buf *next);

#endif
