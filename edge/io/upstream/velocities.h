/*
 * velocities.h - the velocities of items that requests name, as central said them last: a shard's cache, and the question about those that it lacks.
 *
 * A velocity is fresh for as long as that of what is trending (kd_trending_windows). The cache is a table of KD_VELOCITIES_MAX places, made when it is first
 * needed; an item has one place for each window, and takes it from whoever had it. Items that one request lacks are asked for at once, at the cost of one
 * question, paid as any read's (ask.h). Where central cannot be asked the old number stands, with its age.
 */
#ifndef KUDOS_EDGE_IO_UPSTREAM_VELOCITIES_H
#define KUDOS_EDGE_IO_UPSTREAM_VELOCITIES_H

#include "common/api/trending.h"
#include "edge/io/upstream/ask.h"

enum { KD_VELOCITIES_MAX = 4096 };

/* Of one item, by counter index. */
typedef struct {
    kd_velocity at[KD_COUNTERS_MAX];
    uint64_t heard_us; /* monotonic; 0: never */
} kd_item_velocity;

typedef struct {
    kd_asker *asker;
    struct kd_velocity_place *places; /* NULL: nobody has asked so far */
} kd_velocities;

/* Embedded by whoever waits, with all but the first two filled. */
typedef struct kd_velocities_wait kd_velocities_wait;
struct kd_velocities_wait {
    kd_velocities *velocities;   /* the call's to set */
    char path[64];               /* likewise */
    const kd_counters *counters; /* of the program, whose indices are meant */
    uint32_t window;             /* index in kd_trending_windows */
    const kd_bytes *items;       /* keys; the caller's, and stay until fn */
    uint32_t count;
    /* Called once, on the shard's loop, never from within kd_velocities_ask: what central said is in the cache. */
    void (*fn)(kd_velocities_wait *wait);
};

/* Borrows the asker, which need not be initialised yet. */
void kd_velocities_init(kd_velocities *v, kd_asker *asker);
void kd_velocities_finish(kd_velocities *v);
/* What is known of the item, in *out. False: nothing, or it is not fresh. */
bool kd_velocities_find(const kd_velocities *v, kd_bytes item, uint32_t window, kd_item_velocity *out);
/* KD_OK: wait->fn will be called, also when central does not answer. Otherwise it will not: KD_EUNAVAILABLE, KD_EOVERLOADED, KD_EINVAL. */
int kd_velocities_ask(kd_velocities *v, kd_ask_for asks, kd_velocities_wait *wait);

#endif
