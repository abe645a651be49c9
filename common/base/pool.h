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

/* `size` of each piece in bytes. Allocates nothing yet. */
void kd_pool_init(kd_pool *p, size_t size);
/* A zeroed piece, aligned for any pointer or 64-bit number; the pool's until kd_pool_give or kd_pool_finish. */
void *kd_pool_take(kd_pool *p);
/* Gives a piece of this pool back, once; its first bytes are overwritten. */
void kd_pool_give(kd_pool *p, void *piece);
/* Frees all pieces, also those that were not given back, and zeroes *p. */
void kd_pool_finish(kd_pool *p);

#endif
