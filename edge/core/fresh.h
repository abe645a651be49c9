/*
 * fresh.h - a table of membership rows in memory: put, find, and walk in nearly the order of their keys.
 *
 * Rows lie one behind the other as the store wants them, an open-addressed index finds them, and runs of them are sorted as
 * they fill, so that no call sorts more than one run. A walk merges the runs. The order is for speed only: rows whose keys
 * are neighbours cost LevelDB half when they come one after the other; where it is wrong nothing else is.
 */
#ifndef KUDOS_EDGE_CORE_FRESH_H
#define KUDOS_EDGE_CORE_FRESH_H

#include "common/base/rank.h"
#include "kudos/base.h"

enum { KD_ROW_VALUE = 9, KD_FRESH_RUN = 4096, KD_FRESH_RANKED = 8 };

typedef struct {
    bool known, liked;
    uint64_t stamp_us;
} kd_fresh_row;

/* value: liked:1 stamp:8; KD_EMALFORMED */
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
    uint32_t ref_cap, count;          /* refs */
    uint32_t sorted;                  /* refs in sorted runs */
    uint16_t ranked[KD_FRESH_RANKED]; /* the first places at which keys of the first run differ */
    uint8_t ranked_count;
} kd_fresh;

/* The hash is kd_hash of the key. */
bool kd_fresh_find(const kd_fresh *f, kd_bytes key, uint64_t hash, kd_fresh_row *row);
/* A row with the same key is overwritten. */
void kd_fresh_put(kd_fresh *f, kd_bytes key, uint64_t hash, const kd_fresh_row *row);
void kd_fresh_prefetch(const kd_fresh *f, uint64_t hash);
/* Sorts runs that are full and not sorted yet; with `all` what is left behind them, too. */
void kd_fresh_sort(kd_fresh *f, bool all);
/* Empties it. Its memory stays for the next rows, unless it held more than `usual`. */
void kd_fresh_clear(kd_fresh *f, uint32_t usual);
void kd_fresh_finish(kd_fresh *f);

typedef struct {
    uint64_t rank;
    uint32_t next; /* index into refs */
} kd_fresh_head;

/* A walk over a table that is sorted and does not change meanwhile. Zero-initialised: at its end. */
typedef struct {
    const kd_fresh *fresh;
    kd_fresh_head *heads; /* of the runs that have not ended */
    uint32_t runs, left;
} kd_fresh_walk;

void kd_fresh_walk_begin(kd_fresh_walk *w, const kd_fresh *f);
/* False at the end. Key and value point into the table. */
bool kd_fresh_walk_next(kd_fresh_walk *w, kd_bytes *key, kd_bytes *value);
void kd_fresh_walk_finish(kd_fresh_walk *w);

#endif
