/*
 * zipf.c - the alias table: each slot holds its own rank below a threshold and one other rank above it. So
 * the slots are equally likely while the ranks are not.
 */
#include <math.h>
#include <stdlib.h>

#include "sim/users/zipf.h"

/* Gives each slot whose share is below the average, which is 1, the rest from a slot whose share is above it. */
static void pair(sim_zipf *z, double *share, uint32_t *order)
{
    uint32_t poor = 0, rich = z->n; /* `order`: poor slots from the front, rich slots from the back */
    for (uint32_t i = 0; i < z->n; i++) {
        if (share[i] < 1)
            order[poor++] = i;
        else
            order[--rich] = i;
    }
    while (poor > 0 && rich < z->n) {
        uint32_t p = order[--poor], r = order[rich];
        z->threshold[p] = (uint32_t)KD_MIN(share[p] * 4294967296.0, 4294967295.0);
        z->alias[p] = r;
        share[r] -= 1 - share[p];
        if (share[r] < 1) {
            rich++;
            order[poor++] = r;
        }
    }
}

void sim_zipf_init(sim_zipf *z, uint32_t n, double s)
{
    KD_ASSERT(n > 0);
    *z = (sim_zipf){.n = n};
    if (s <= 0) return;
    double *share = kd_alloc(n * sizeof *share);
    uint32_t *order = kd_alloc(n * sizeof *order);
    double sum = 0;
    for (uint32_t i = 0; i < n; i++) sum += share[i] = pow(i + 1.0, -s);
    for (uint32_t i = 0; i < n; i++) share[i] *= n / sum;
    z->alias = kd_alloc(n * sizeof *z->alias);
    z->threshold = kd_alloc(n * sizeof *z->threshold);
    for (uint32_t i = 0; i < n; i++) {
        z->alias[i] = i;
        z->threshold[i] = UINT32_MAX;
    }
    pair(z, share, order);
    free(share);
    free(order);
}

uint32_t sim_zipf_pick(const sim_zipf *z, uint64_t *random)
{
    uint64_t r = kd_random_next(random);
    uint32_t slot = (uint32_t)(((r >> 32) * z->n) >> 32);
    if (!z->alias) return slot;
    return (uint32_t)r < z->threshold[slot] ? slot : z->alias[slot];
}

void sim_zipf_finish(sim_zipf *z)
{
    free(z->alias);
    free(z->threshold);
}
