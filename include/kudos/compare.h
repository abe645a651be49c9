/*
 * compare.h - does central hold what an edge was told is merged? By digests of ranges, then row by row. Sans-IO.
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
 * Row keys are in one order on both sides: counter:1 | item key | user length:1 | user. The two sides are in
 * kudos/edge_compare.h and kudos/central_compare.h.
 */
#ifndef KUDOS_COMPARE_H
#define KUDOS_COMPARE_H

#include "kudos/base.h"
#include "kudos/limits.h"

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

typedef enum {
    KD_ROW_SAME = 0,
    KD_ROW_LATER, /* central holds a later word: a user who went on elsewhere */
    KD_ROW_FORGOTTEN, /* none, and below the floor: withdrawn since, here or elsewhere, and the tombstone collected */
    KD_ROW_PENDING, /* stamped above the watermark: need not be merged */
    KD_ROW_MISSING, /* none: lost */
    KD_ROW_OLDER,   /* an earlier one: lost */
    KD_ROW_OTHER,   /* the same stamp says something else */
} kd_row_verdict;

static inline bool kd_row_verdict_good(kd_row_verdict v)
{
    return v <= KD_ROW_PENDING;
}
const char *kd_row_verdict_name(kd_row_verdict v);

#endif
