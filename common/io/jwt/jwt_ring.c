/* jwt_ring.c - see the header. */
#include "common/io/jwt/jwt_ring.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct kd_jwt_ring {
    pthread_mutex_t
        lock; /* of `current` and of the holders of all sets; held for a few instructions, when keys change */
    kd_jwt_set *current;
    _Atomic uint64_t generation;
    _Atomic bool wanted;
};

kd_jwt_ring *kd_jwt_ring_create(void)
{
    kd_jwt_ring *ring = kd_alloc(sizeof *ring);
    kd_jwt_keys none = {.count = 0};
    pthread_mutex_init(&ring->lock, NULL);
    kd_jwt_ring_publish(ring, &none);
    return ring;
}

static void ring_release(kd_jwt_set *set)
{
    if (!set || --set->holders > 0) return;
    kd_jwt_keys_finish(&set->keys);
    free(set);
}

void kd_jwt_ring_destroy(kd_jwt_ring *ring)
{
    if (!ring) return;
    KD_ASSERT(ring->current->holders == 1);
    ring_release(ring->current);
    pthread_mutex_destroy(&ring->lock);
    free(ring);
}

void kd_jwt_ring_publish(kd_jwt_ring *ring, kd_jwt_keys *keys)
{
    kd_jwt_set *set = kd_alloc(sizeof *set);
    set->keys = *keys;
    set->holders = 1;
    *keys = (kd_jwt_keys){.count = 0};
    pthread_mutex_lock(&ring->lock);
    kd_jwt_set *old = ring->current;
    set->generation = atomic_load(&ring->generation) + 1;
    ring->current = set;
    atomic_store(&ring->generation, set->generation);
    ring_release(old);
    pthread_mutex_unlock(&ring->lock);
}

uint64_t kd_jwt_ring_generation(const kd_jwt_ring *ring)
{
    return atomic_load_explicit(&ring->generation, memory_order_relaxed);
}

kd_jwt_set *kd_jwt_ring_take(kd_jwt_ring *ring)
{
    pthread_mutex_lock(&ring->lock);
    kd_jwt_set *set = ring->current;
    set->holders++;
    pthread_mutex_unlock(&ring->lock);
    return set;
}

void kd_jwt_ring_drop(kd_jwt_ring *ring, kd_jwt_set *set)
{
    pthread_mutex_lock(&ring->lock);
    ring_release(set);
    pthread_mutex_unlock(&ring->lock);
}

void kd_jwt_ring_want(kd_jwt_ring *ring)
{
    if (!atomic_load_explicit(&ring->wanted, memory_order_relaxed)) atomic_store(&ring->wanted, true);
}

bool kd_jwt_ring_wanted(const kd_jwt_ring *ring)
{
    return atomic_load(&ring->wanted);
}

void kd_jwt_ring_sought(kd_jwt_ring *ring)
{
    atomic_store(&ring->wanted, false);
}
