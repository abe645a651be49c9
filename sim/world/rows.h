/*
 * rows.h - the rows of a simulated disk: each found in one step by a hash of its key, and walked in the order of keys.
 *
 * Most rows are written, read and overwritten by key and never walked, so a row finds its place in the order only when somebody walks over
 * rows of its kind. The owner keeps the table in memory of its own; one thread.
 */
#ifndef KUDOS_SIM_WORLD_ROWS_H
#define KUDOS_SIM_WORLD_ROWS_H

#include "kudos/store.h"

typedef struct sim_rows sim_rows;

sim_rows *sim_rows_create(void);
/* NULL is fine. */
void sim_rows_destroy(sim_rows *r);
void sim_rows_clear(sim_rows *r);
size_t sim_rows_count(const sim_rows *r);

void sim_rows_put(sim_rows *r, kd_bytes key, kd_bytes value);
void sim_rows_delete(sim_rows *r, kd_bytes key);
/* False: no such row. The value is valid until the row is written again. */
bool sim_rows_get(const sim_rows *r, kd_bytes key, kd_bytes *value);

/* Puts all rows of `from`, in no order. */
void sim_rows_copy(sim_rows *to, const sim_rows *from);

/* A walk over from <= key < to, `to` empty: to the end. No writes meanwhile; `to` stays the caller's. */
typedef struct {
    sim_rows *rows;
    const struct sim_row *next;
    kd_bytes to;
    uint32_t shelf;
} sim_rows_walk;

sim_rows_walk sim_rows_between(sim_rows *r, kd_bytes from, kd_bytes to);
/* False at the end. */
bool sim_rows_next(sim_rows_walk *w, kd_bytes *key, kd_bytes *value);

#endif
