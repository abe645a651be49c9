/* check_map.c - open addressing, at most half full; cells are never taken out one by one. */
#include "sim/check/check_map.h"

#include <stdlib.h>

uint64_t sim_check_mix(uint64_t x, uint64_t y)
{
    uint64_t state = x * 0x9e3779b97f4a7c15u ^ y;
    return kd_random_next(&state);
}

uint64_t sim_check_hash(uint64_t seed, kd_bytes bytes)
{
    uint64_t hash = seed;
    for (size_t at = 0; at < bytes.len; at += 8) hash = sim_check_mix(hash, kd_bytes_rank(bytes, at));
    hash = sim_check_mix(hash, bytes.len);
    return hash ? hash : 1;
}

static sim_check_cell *check_map_place(const sim_check_map *m, uint64_t key)
{
    uint32_t at = (uint32_t)key & (m->cap - 1);
    while (m->cells[at].key != 0 && m->cells[at].key != key) at = (at + 1) & (m->cap - 1);
    return &m->cells[at];
}

sim_check_cell *sim_check_map_find(const sim_check_map *m, uint64_t key)
{
    if (m->cap == 0) return NULL;
    sim_check_cell *cell = check_map_place(m, key);
    return cell->key ? cell : NULL;
}

static void check_map_widen(sim_check_map *m)
{
    sim_check_map old = *m;
    m->cap = KD_MAX(2 * old.cap, 64u);
    m->cells = kd_alloc(m->cap * sizeof(m->cells[0]));
    for (uint32_t i = 0; i < old.cap; i++)
        if (old.cells[i].key) *check_map_place(m, old.cells[i].key) = old.cells[i];
    free(old.cells);
}

sim_check_cell *sim_check_map_obtain(sim_check_map *m, uint64_t key)
{
    if (2 * m->count >= m->cap) check_map_widen(m);
    sim_check_cell *cell = check_map_place(m, key);
    if (cell->key == 0) {
        cell->key = key;
        m->count++;
    }
    return cell;
}

void sim_check_map_clear(sim_check_map *m)
{
    if (m->cells) memset(m->cells, 0, m->cap * sizeof(m->cells[0]));
    m->count = 0;
}

void sim_check_map_finish(sim_check_map *m)
{
    free(m->cells);
    *m = (sim_check_map){0};
}
