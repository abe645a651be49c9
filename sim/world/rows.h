/*
 * rows.h - the rows of a simulated disk: each is found in one step by a hash of its key, and all can be walked in the order of keys.
 *
 * Most rows are written, read and overwritten by key and never walked. So a row is sorted in only when somebody walks over rows whose keys begin with
 * the same byte. One thread.
 */
#ifndef KUDOS_SIM_WORLD_ROWS_H
#define KUDOS_SIM_WORLD_ROWS_H

#include "kudos/store.h"

typedef struct sim_rows sim_rows;

/* An empty table. Never NULL. */
sim_rows *sim_rows_create(void);
/* NULL is fine. */
void sim_rows_destroy(sim_rows *r);
/* Drops all rows and gives their memory back. */
void sim_rows_clear(sim_rows *r);
/* Number of rows. */
size_t sim_rows_count(const sim_rows *r);

/* Copies key and value; replaces the value that the key has. */
void sim_rows_put(sim_rows *r, kd_bytes key, kd_bytes value);
/* Nothing happens when there is no such row. */
void sim_rows_delete(sim_rows *r, kd_bytes key);
/* False: no such row. The value is valid until the row is written again. */
bool sim_rows_get(const sim_rows *r, kd_bytes key, kd_bytes *value);

/* Puts copies of all rows of `from` into `to`. */
void sim_rows_copy(sim_rows *to, const sim_rows *from);

/* A walk over from <= key < to; `to` empty: to the end. Nothing may be written during the walk, and the bytes of `to` must stay. */
typedef struct {
    sim_rows *rows;
    const struct sim_row *next;
    kd_bytes to;
    uint32_t shelf;
} sim_rows_walk;

/* Begins a walk; sorts in the rows that it needs first, so it takes longer after many puts. */
sim_rows_walk sim_rows_between(sim_rows *r, kd_bytes from, kd_bytes to);
/* The next row; key and value are valid until the next write. False: the walk is at its end. */
bool sim_rows_next(sim_rows_walk *w, kd_bytes *key, kd_bytes *value);

#endif
