/*
 * trending.h - which items gain likes fastest: the answer of a partition (kd_central_trending), and of several, for the shell that merges them.
 *
 * The velocity of an item over a window is the number of users whose last operation on it is a like that is stamped within the window.
 *
 * The window ends at `now_us`, central's clock at the read: so an item cools down also where nothing is merged any more, and all partitions mean the
 * same time. It begins at least `window_us` earlier; the numbers reach back to the beginning of the step in which that lies (since_us). Stamps ahead of
 * the clock are in.
 */
#ifndef KUDOS_TRENDING_H
#define KUDOS_TRENDING_H

#include "kudos/id.h"
#include "kudos/limits.h"

/* Whether a list of texts has the velocities of this collection and set counter kept: "*" (all), "counter" (in all collections), "collection/counter". */
bool kd_trending_wants(const char *const *texts, uint32_t count, const kd_counter *counter,
                       kd_bytes collection);

/* True velocities lie between `least` and `most`; both are the same where the number is exact. */
typedef struct {
    kd_item item;
    uint64_t least, most;
} kd_trending_item;

/* The velocity of an item that somebody names. */
typedef struct {
    uint64_t least,
        most;   /* most: KD_VELOCITY_UNBOUNDED where velocities were not kept for the whole window */
    bool known; /* false: nothing is kept of this counter, or nobody has said */
} kd_velocity;
#define KD_VELOCITY_UNBOUNDED UINT64_MAX

typedef struct {
    kd_trending_item at[KD_TRENDING_ITEMS_MAX]; /* by least, then most, then item; the largest first */
    uint32_t count;
    uint64_t missing;  /* no item that is not listed has more */
    uint64_t since_us; /* no like before it is counted */
    uint64_t as_of_us; /* kd_central_as_of_us: every like acknowledged anywhere before it is in, 0: unknown */
    bool complete;     /* velocities were kept for the whole window */
} kd_trending;

typedef struct {
    uint8_t counter; /* wire id */
    kd_bytes collection;
    uint64_t window_us, now_us;
    uint32_t limit; /* at most KD_TRENDING_ITEMS_MAX */
} kd_trending_query;

/* Before the first merge: nothing is listed, nothing is missing. */
void kd_trending_init(kd_trending *into);
/* Adds the answer of another partition, keeping `limit` items. */
void kd_trending_merge(kd_trending *into, const kd_trending *from, uint32_t limit);
/* Lists an item if it is among the first `limit`; the one that is not raises `missing`. */
void kd_trending_offer(kd_trending *into, const kd_trending_item *item, uint32_t limit);

#endif
