/*
 * jwt_ring.h - the key set in use, from the thread that reads keys to those that verify. A set is never changed: a new one takes its place, and the
 * old one goes when the last verifier has let it go.
 */
#ifndef KUDOS_COMMON_IO_JWT_JWT_RING_H
#define KUDOS_COMMON_IO_JWT_JWT_RING_H

#include "common/jwt/jwt_keys.h"

typedef struct kd_jwt_ring kd_jwt_ring;

typedef struct {
    kd_jwt_keys keys;
    uint64_t generation; /* 1 for the first set of a ring, ascending */
    uint32_t holders;    /* behind the ring's lock */
} kd_jwt_set;

/* With an empty set. The caller frees it by kd_jwt_ring_destroy. */
kd_jwt_ring *kd_jwt_ring_create(void);
/* After all sets were let go. NULL is fine. */
void kd_jwt_ring_destroy(kd_jwt_ring *ring);
/* Puts a set in the place of the old one, and takes over what is in *keys, which is empty then. Any thread. */
void kd_jwt_ring_publish(kd_jwt_ring *ring, kd_jwt_keys *keys);
/* The number of the set in use, without a lock. Any thread. */
uint64_t kd_jwt_ring_generation(const kd_jwt_ring *ring);
/* The set in use, which stays as it is until kd_jwt_ring_drop. Any thread. */
kd_jwt_set *kd_jwt_ring_take(kd_jwt_ring *ring);
/* Lets a set go. NULL is fine. Any thread. */
void kd_jwt_ring_drop(kd_jwt_ring *ring, kd_jwt_set *set);
/* A token names a key that the set lacks. Any thread; costs nothing when it was said already. */
void kd_jwt_ring_want(kd_jwt_ring *ring);
/* Whether that was said since keys were last sought. Any thread. */
bool kd_jwt_ring_wanted(const kd_jwt_ring *ring);
/* Keys are sought from now on: only what is said afterwards counts. Any thread. */
void kd_jwt_ring_sought(kd_jwt_ring *ring);

#endif
