/*
 * compare.h - does central hold what an edge was told is merged? By digests of ranges of rows, then row by row. Sans-IO.
 *
 * An edge's rows are a cache of its own operations, so they are not the same set as central's. What can be asked is this: of each row of the edge
 * that is stamped in a window (since, until], central holds the same operation or a later one of that user. `until` is central's watermark for the
 * edge: every operation stamped at or below it is merged. Rows stamped up to `since` may have expired at the edge (rule 21).
 *
 *     1  the edge digests its rows of a range of keys;
 *     2  central digests, of the same range and window, the rows whose last operation is that edge's. Equal: all is well.
 *     3  Where they differ the range is halved and asked again, down to a few dozen rows, and these are named.
 *        Central gives a verdict on each. Most differences are users who went on at another edge (KD_ROW_LATER) or
 *        rows that the edge no longer has; a KD_ROW_MISSING, _OLDER or _OTHER is a like lost or wrong.
 *
 * All of it runs online: a good verdict stays good under traffic, since central only ever gets later operations. The digest is the sum of the hashes
 * of single rows, so it does not depend on their order, and the digests of parts of a range add up to that of the whole.
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
    uint64_t digest; /* sum of the hashes of (key, stamp, liked), modulo 2^64 */
} kd_range_digest;

static inline bool kd_range_digest_eq(kd_range_digest a, kd_range_digest b)
{
    return a.rows == b.rows && a.digest == b.digest;
}

typedef struct {
    uint64_t since_us, until_us; /* rows stamped above since, up to until */
} kd_compare_window;

/* A membership row as both sides know it. `item` is an item key (kudos/id.h). */
typedef struct {
    kd_bytes item, user;
    uint64_t time_us; /* the stamp */
    uint8_t counter;  /* wire id */
    bool liked;
} kd_compare_row;

/* Writes the row's key, in the order above, to the cleared *out. */
void kd_compare_key(const kd_compare_row *row, kd_buf *out);
/* Adds one row; `key` is that of kd_compare_key. */
void kd_range_digest_add(kd_range_digest *d, kd_bytes key, uint64_t time_us, bool liked);

/* What central holds of an edge's row. */
typedef enum {
    KD_ROW_SAME = 0,
    KD_ROW_LATER, /* central holds a later operation: the user went on at another edge */
    /* no row, and stamped below the floor: its user has withdrawn the like, here or elsewhere, and the tombstone was collected */
    KD_ROW_FORGOTTEN,
    KD_ROW_PENDING, /* no row or an earlier one, but stamped above the edge's watermark: it need not be merged yet */
    KD_ROW_MISSING, /* no row: the operation is lost */
    KD_ROW_OLDER,   /* a row with an earlier stamp: the operation is lost */
    KD_ROW_OTHER,   /* a row with the same stamp and the other state */
} kd_row_verdict;

static inline bool kd_row_verdict_good(kd_row_verdict v)
{
    return v <= KD_ROW_PENDING;
}
/* Static text, as printed: "same", "later", ...; "unknown" for any other value. */
const char *kd_row_verdict_name(kd_row_verdict v);

#endif
