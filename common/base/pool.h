/*
 * pool.h - many small pieces of one size, taken and given back in any order.
 *
 * Memory comes in chunks and goes back when the pool ends: it is as large as its busiest moment was, so what
 * bounds the pieces bounds the pool.
 */
#ifndef KUDOS_COMMON_BASE_POOL_H
#define KUDOS_COMMON_BASE_POOL_H

#include "kudos/base.h"

typedef struct {
    size_t size;       /* of a piece, in whole pointers */
    void *given;       /* pieces to use again; each holds the next */
    void *chunks;      /* each begins with the next */
    uint8_t *at, *end; /* what was never taken of the newest chunk */
} kd_pool;

void kd_pool_init(kd_pool *p, size_t size);
/* Zeroed, aligned for any pointer or 64-bit number. */
void *kd_pool_take(kd_pool *p);
void kd_pool_give(kd_pool *p, void *piece);
/* All pieces go, also those not given back. */
void kd_pool_finish(kd_pool *p);

#endif
