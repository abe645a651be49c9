/*
 * walk.h - a place in a range of rows of a store, to be moved on one row at a time: several ranges can be walked side by
 * side, which one scan cannot. Rows are read in pages, so a walk holds a page and no more.
 */
#ifndef KUDOS_CENTRAL_CORE_WALK_H
#define KUDOS_CENTRAL_CORE_WALK_H

#include "kudos/store.h"

typedef struct {
    const kd_store *store;
    kd_buf from, to; /* what is not in the page yet */
    kd_buf page;
    size_t at;           /* of the row behind the present one */
    kd_bytes key, value; /* the present row, until the next call */
    bool there;          /* there is one */
    bool last;           /* nothing is left behind the page */
} kd_walk;

/* The rows that begin with `prefix`; the first one is the present one. KD_OK or KD_EIO. Finish it in any case. */
int kd_walk_start(kd_walk *w, const kd_store *store, kd_bytes prefix);
int kd_walk_next(kd_walk *w);
void kd_walk_finish(kd_walk *w);

#endif
