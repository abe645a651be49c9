/*
 * backoff.h - how long to wait before the next attempt at something that failed: exponential, with jitter, bounded.
 *
 * Many clients fail together when a broker or central goes away. Without jitter they would all come back in the same moment, and again in step after each
 * further failure.
 */
#ifndef KUDOS_BACKOFF_H
#define KUDOS_BACKOFF_H

#include "kudos/base.h"

/* Zero-initialised but for its bounds: {.min_us = ..., .max_us = ...}, 0 < min_us <= max_us. */
typedef struct {
    uint64_t min_us, max_us;
    uint64_t current_us; /* before jitter; 0: the last attempt was successful */
} kd_backoff;

/* The wait after one more failure, from half to one and a half of: min_us after the first failure, twice as much after each further one, max_us at most.
 * `random` is any 64 random bits. */
static inline uint64_t kd_backoff_next(kd_backoff *b, uint64_t random)
{
    b->current_us = KD_MIN(KD_MAX(2 * b->current_us, b->min_us), b->max_us);
    return b->current_us / 2 + random % b->current_us;
}

/* An attempt was successful: the next failure waits min_us again. */
static inline void kd_backoff_reset(kd_backoff *b)
{
    b->current_us = 0;
}

#endif
