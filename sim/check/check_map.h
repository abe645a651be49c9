/*
 * check_map.h - a table from 64-bit hashes to two numbers, for the checkers: what was seen of a row, a position, a member.
 *
 * The hash is the key: a collision among the 2^64 would be a false alarm once in some million runs of a day each.
 */
#ifndef KUDOS_SIM_CHECK_CHECK_MAP_H
#define KUDOS_SIM_CHECK_CHECK_MAP_H

#include "kudos/base.h"

typedef struct {
    uint64_t key; /* 0: empty */
    uint64_t a, b;
} sim_check_cell;

/* Zero-initialise. */
typedef struct {
    sim_check_cell *cells;
    uint32_t count, cap;
} sim_check_map;

/* A key from bytes, never 0; different seeds give unrelated keys. */
uint64_t sim_check_hash(uint64_t seed, kd_bytes bytes);
/* A key from two numbers. May return 0, which is no valid key: the caller must then use 1 instead. */
uint64_t sim_check_mix(uint64_t x, uint64_t y);

sim_check_cell *sim_check_map_find(const sim_check_map *m, uint64_t key); /* NULL: not there */
/* The cell of the key, with a and b 0 when it is new; the pointer is valid until the next call. */
sim_check_cell *sim_check_map_obtain(sim_check_map *m, uint64_t key);
/* Forgets all cells and keeps their memory. */
void sim_check_map_clear(sim_check_map *m);
/* Frees the cells; the map is as zero-initialised again. */
void sim_check_map_finish(sim_check_map *m);

#endif
