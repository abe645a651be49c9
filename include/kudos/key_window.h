/*
 * key_window.h - how many idempotency keys the process of an edge remembers.
 *
 * The cores of all shards number their keys from one count, in the order in which the keys are used. The newest `max` are remembered. So the bound is
 * one of the process, and the oldest keys go first, whichever shards they are at: a shard that gets all of the requests may remember all of the keys.
 * The number is stored with the key, so a start goes on where the last process ended.
 *
 * Any thread may ask; nothing here waits.
 */
#ifndef KUDOS_KEY_WINDOW_H
#define KUDOS_KEY_WINDOW_H

#include <stdatomic.h>

#include "kudos/base.h"

typedef struct {
    uint64_t max;          /* keys; UINT64_MAX: no bound */
    _Atomic uint64_t next; /* number of the next key */
} kd_key_window;

/* The number of a key that is used now, above all others. */
static inline uint64_t kd_key_window_number(kd_key_window *w)
{
    return atomic_fetch_add_explicit(&w->next, 1, memory_order_relaxed);
}

/* A stored key has this number. Only before the threads of the shards start. */
static inline void kd_key_window_stored(kd_key_window *w, uint64_t number)
{
    if (number >= w->next) w->next = number + 1;
}

/* Whether so many keys were used since that this one makes room. */
static inline bool kd_key_window_left(const kd_key_window *w, uint64_t number)
{
    return atomic_load_explicit(&w->next, memory_order_relaxed) - number > w->max;
}

#endif
