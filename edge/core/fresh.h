/*
 * fresh.h - a table of membership rows in memory: put, find, and walk in nearly the order of their keys.
 *
 * Rows lie one behind the other, encoded as in the store. An open-addressed index finds them. Runs of rows are sorted as they fill, so that no call
 * sorts more than one run; a walk merges the runs. The order is for speed alone: LevelDB takes rows in key order at half the cost. It is not exact,
 * since keys are ranked by a few of their bytes.
 */
#ifndef KUDOS_EDGE_CORE_FRESH_H
#define KUDOS_EDGE_CORE_FRESH_H

#include "common/base/rank.h"
#include "kudos/base.h"

enum {
    KD_ROW_VALUE = 9,    /* bytes of a row's value: liked:1 stamp:8 */
    KD_FRESH_RUN = 4096, /* rows of a run */
};

typedef struct {
    bool known, liked; /* known is false: there is no row */
    uint64_t stamp_us;
} kd_fresh_row;

/* Decodes the value of a stored row; row->known is true then. KD_EMALFORMED: it is not a row's. */
int kd_fresh_row_parse(kd_bytes value, kd_fresh_row *row);

typedef struct {
    uint32_t tag;   /* high half of the hash */
    uint32_t place; /* of the row, plus 1; 0: empty */
} kd_fresh_slot;

typedef struct {
    kd_buf rows; /* value:9 klen:2 key */
    kd_fresh_slot *slots;
    kd_ranked *refs;   /* places in rows, in the order of their coming; in runs, the sorted ones first */
    uint32_t slot_cap; /* 0 or a power of two, at least twice count */
    uint32_t ref_cap, count; /* refs */
    uint32_t sorted;         /* refs in sorted runs */
    kd_rank_places ranked;   /* chosen by the first run */
} kd_fresh;

/* False: no row with this key. In these three, `hash` is kd_hash of the key. */
bool kd_fresh_find(const kd_fresh *f, kd_bytes key, uint64_t hash, kd_fresh_row *row);
/* Adds a row, or overwrites the one with the same key. The key is copied. The table must not be walked meanwhile. */
void kd_fresh_put(kd_fresh *f, kd_bytes key, uint64_t hash, const kd_fresh_row *row);
/* Begins to fetch the slot of a key that kd_fresh_find will want in a moment. */
void kd_fresh_prefetch(const kd_fresh *f, uint64_t hash);
/* Sorts the runs that have filled since the last call; with `all` also the last one, which is not full. */
void kd_fresh_sort(kd_fresh *f, bool all);
/* Empties the table. Its memory stays for the next rows, unless it held more than `usual` rows. */
void kd_fresh_clear(kd_fresh *f, uint32_t usual);
void kd_fresh_finish(kd_fresh *f); /* frees the memory; the table is empty then */

typedef struct {
    uint64_t rank;
    uint32_t next; /* index into refs */
} kd_fresh_head;

/* A walk over a table that does not change meanwhile. Zero-initialised: at its end. */
typedef struct {
    const kd_fresh *fresh;
    kd_fresh_head *heads; /* of the runs that have not ended */
    uint32_t runs, left;
} kd_fresh_walk;

/* The table must be sorted whole (kd_fresh_sort with `all`). Finish the walk with kd_fresh_walk_finish. */
void kd_fresh_walk_begin(kd_fresh_walk *w, const kd_fresh *f);
/* Gives the next row; false at the end. Key and value point into the table. */
bool kd_fresh_walk_next(kd_fresh_walk *w, kd_bytes *key, kd_bytes *value);
void kd_fresh_walk_finish(kd_fresh_walk *w); /* also before its end, and twice */

#endif
