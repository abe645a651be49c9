/*
 * kudos/compare.h - does central hold what an edge was told is merged? By digests of ranges, then row by row. Sans-IO.
 *
 * An edge's rows are a cache of its own operations, so they are not the same set as central's, and only this can be
 * asked: of each row of the edge that is stamped in a window (since, until], central holds the same word or a later
 * one. until is central's watermark for the edge: everything stamped at or below it is merged. since is what the edge
 * may have forgotten (rule 21).
 *
 *     1  the edge digests its rows of a range of keys;
 *     2  central digests, of the same range and window, the rows whose last word is that edge's. Equal: all is well.
 *     3  Where they differ the range is halved and asked again, down to a few dozen rows, and these are named.
 *        Central gives a verdict on each. Most differences are users who went on at another edge (KD_ROW_LATER) or
 *        rows that the edge no longer has; a KD_ROW_MISSING, _OLDER or _OTHER is a like lost or wrong.
 *
 * All of it runs online: a verdict that is good stays good under traffic, since central only ever gets later words.
 * The digest adds up hashes of single rows, so it does not depend on their order, and sums of parts are those of the
 * whole.
 *
 * Row keys are in one order on both sides: counter:1 | item key | user length:1 | user.
 */
#ifndef KUDOS_COMPARE_H
#define KUDOS_COMPARE_H

#include "kudos/central.h"
#include "kudos/edge.h"

enum { KD_COMPARE_KEY_MAX = 1 + KD_ITEM_KEY_MAX + 1 + KD_ID_MAX };

typedef struct {
    uint64_t rows;
    uint64_t digest; /* of each row: key, time, liked; added up, wrapping */
} kd_range_digest;

static inline bool kd_range_digest_eq(kd_range_digest a, kd_range_digest b)
{
    return a.rows == b.rows && a.digest == b.digest;
}

typedef struct {
    uint64_t since_us, until_us; /* rows stamped above since, up to until */
} kd_compare_window;

typedef struct {
    kd_bytes item, user;
    uint64_t time_us;
    uint8_t counter; /* wire id */
    bool liked;
} kd_compare_row;

void kd_compare_key(const kd_compare_row *row, kd_buf *out); /* *out is cleared first */
void kd_range_digest_add(kd_range_digest *d, kd_bytes key, uint64_t time_us, bool liked);

/* ---- at the edge ------------------------------------------------------------------------------------------------ */

/* The window in which this edge can be compared now. KD_ENOTFOUND: not a partition of this shard; KD_EAGAIN: nothing
 * heard from central yet, or operations are being sent again or moved. */
int kd_edge_compare_window(const kd_edge *e, uint32_t partition, kd_compare_window *window);

/* Digests the rows from key `from` (empty: the first) on, below `to` (empty: no end), but at most `rows_max` rows of
 * the store: *next is the key behind the last one looked at, or empty when the range is done. Rows that are not in
 * the store yet are not looked at. KD_OK, KD_ENOTFOUND, KD_EIO. */
int kd_edge_compare_digest(kd_edge *e, uint32_t partition, kd_bytes from, kd_bytes to, kd_compare_window window,
                           uint32_t rows_max, kd_range_digest *digest, kd_buf *next);

/* Names the rows in the window of such a range; views live during the call. A value other than 0 stops and is
 * returned. */
typedef int (*kd_compare_row_fn)(void *arg, const kd_compare_row *row);
int kd_edge_compare_rows(kd_edge *e, uint32_t partition, kd_bytes from, kd_bytes to, kd_compare_window window,
                         uint32_t rows_max, kd_compare_row_fn fn, void *arg, kd_buf *next);

/* ---- at central --------------------------------------------------------------------------------------------------- */

/* The same of central's rows whose last word is that edge's. rows_max bounds the rows that are looked at, whosoever's
 * they are. KD_ENOTFOUND: no such edge; KD_EAGAIN: until is above its watermark here; KD_EIO. */
int kd_central_compare_digest(kd_central *c, kd_bytes edge, kd_bytes from, kd_bytes to, kd_compare_window window,
                              uint32_t rows_max, kd_range_digest *digest, kd_buf *next);

typedef enum {
    KD_ROW_SAME = 0,
    KD_ROW_LATER,     /* central holds a later word: a user who went on elsewhere */
    KD_ROW_FORGOTTEN, /* none, and below the floor: an unlike whose tombstone was collected */
    KD_ROW_PENDING,   /* stamped above the watermark: need not be merged */
    KD_ROW_MISSING,   /* none: lost */
    KD_ROW_OLDER,     /* an earlier one: lost */
    KD_ROW_OTHER,     /* the same stamp says something else */
} kd_row_verdict;

static inline bool kd_row_verdict_good(kd_row_verdict v)
{
    return v <= KD_ROW_PENDING;
}
const char *kd_row_verdict_name(kd_row_verdict v);

/* One row of that edge. KD_OK, KD_ENOTFOUND, KD_EINVAL (not a row of this partition), KD_EIO. */
int kd_central_compare_row(kd_central *c, kd_bytes edge, const kd_compare_row *row, kd_row_verdict *verdict);

#endif
