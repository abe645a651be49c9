/*
 * walk.h - a place in a range of rows of a store, moved on one row at a time. A scan runs over one range; walks can go over several side by side.
 * Rows are read in pages, and a walk holds one page.
 */
#ifndef KUDOS_CENTRAL_CORE_WALK_H
#define KUDOS_CENTRAL_CORE_WALK_H

#include "kudos/store.h"

typedef struct {
    const kd_store *store;
    kd_buf from, to; /* the range behind the page */
    kd_buf page;
    size_t at;           /* in the page: the row behind the present one */
    kd_bytes key, value; /* the present row, until the next call */
    bool there;          /* there is a present row */
    bool last;           /* the range ends with the page */
} kd_walk;

/* Over the rows that begin with `prefix`; the first of them is the present row. Borrows the store, which has to stand still. KD_OK or KD_EIO;
 * kd_walk_finish in any case. */
int kd_walk_start(kd_walk *w, const kd_store *store, kd_bytes prefix);
/* Moves on by one row; `there` is false behind the last one. KD_OK or KD_EIO. */
int kd_walk_next(kd_walk *w);
/* Frees the page; the walk may be started again. */
void kd_walk_finish(kd_walk *w);

#endif
