/*
 * seeding.h - which partitions of a member are made from a copy of another member's, of whom they are asked, and when again. Pure: what is wanted, who has it
 * and times go in; central/io/seed asks.
 *
 *     wanted -> waits -> copied from a source -> put in place -> agrees: wanted no more
 *
 * - One partition is copied at a time: so memory, disk and network are bounded, whatever is wanted.
 * - A source is a living member that leads the partition or agrees with its leader. Followers come before the leader, which has more to do.
 * - A follower that agreed may lack what the leader has read that came since, and differ a moment later: two that differ would copy each other for ever. So
 *   where a store differs, or a copy did not help, the leader alone is asked, if there is one.
 * - A source that failed is left for a while that doubles with each failure, with jitter; so is a partition that nobody could give.
 * - A copy that was put in place, and is wanted again all the same (its place in the log is gone, or it differs), is made KD_SEEDING_PLACED_MAX times at
 *   most: what differs again each time is for an operator to find. A copy that was good for KD_SEEDING_GOOD_US begins that count anew.
 */
#ifndef KUDOS_SEEDING_H
#define KUDOS_SEEDING_H

#include "kudos/limits.h"
#include "kudos/wire.h"

enum {
    KD_SEEDING_PLACED_MAX = 4,
    KD_SEEDING_AGAIN_US = 500000, /* the first wait; twice as long after each further failure */
    KD_SEEDING_AGAIN_MAX_US = 60000000,
    KD_SEEDING_PLACED_AGAIN_US = 5000000, /* the first wait behind a copy that did not help */
    KD_SEEDING_PLACED_AGAIN_MAX_US = 600000000,
    KD_SEEDING_LEFT_US = 1000000, /* a source that failed is left for so long at first */
    KD_SEEDING_LEFT_MAX_US = 120000000,
};
#define KD_SEEDING_GOOD_US 3600000000ull

typedef enum {
    KD_SEED_UNKNOWN,
    KD_SEED_UNWANTED,
    KD_SEED_WANTED,
    KD_SEED_WANTED_OF_LEADER, /* the store differs from what the leader has */
} kd_seed_want;

/* A member that has a partition; views are borrowed. */
typedef struct {
    kd_bytes name, url;
    bool leads;
} kd_seed_source;

/* How an attempt ended. */
typedef enum {
    KD_SEED_PLACED,  /* the copy is whole, and was put in place */
    KD_SEED_DROPPED, /* it is not wanted any more */
    KD_SEED_BROKEN, /* the source died, stopped, or let go of its copy: what is here stays, and the copy goes on from it */
    KD_SEED_BUSY,    /* the source gives as many copies as it may */
    KD_SEED_REFUSED, /* the source does not know how, or does not let us, or has nothing that fits: nothing that passes by itself */
    KD_SEED_UNTAKEN, /* it failed here: no room, a disk */
} kd_seed_end;

/* How far the copy of a partition is. */
typedef struct {
    char from[KD_NAME_MAX + 1];
    uint32_t percent;
    uint64_t rate; /* bytes a second that come */
} kd_seed_progress;

typedef struct kd_seeding kd_seeding;

kd_seeding *kd_seeding_create(uint32_t partitions, uint64_t seed);
void kd_seeding_destroy(kd_seeding *s); /* NULL is fine */

/* What the worker of the partition says; as often as wanted. `mono_us`, here and below: a clock that does not go back. */
void kd_seeding_want(kd_seeding *s, uint32_t partition, kd_seed_want want, uint64_t mono_us);
/* The partition to be copied next: of those whose wait is over the one that waits longest. UINT32_MAX: none, or one is under way. */
uint32_t kd_seeding_due(const kd_seeding *s, uint64_t mono_us);
/* Begins an attempt at a partition that is due, with one of the members that have it: its index. UINT32_MAX: there is none that could be asked now, and
 * the partition waits. */
uint32_t kd_seeding_begin(kd_seeding *s, uint32_t partition, const kd_seed_source *sources, uint32_t count,
                          uint64_t mono_us);
/* The partition of the attempt that is under way; UINT32_MAX: none is. */
uint32_t kd_seeding_under_way(const kd_seeding *s);
/* The attempt gets on: what failed before counts no more. */
void kd_seeding_went_on(kd_seeding *s);
/* The attempt ends. */
void kd_seeding_ended(kd_seeding *s, kd_seed_end end, uint64_t mono_us);
/* Whether no further copy of the partition is made, as so many did not help. */
bool kd_seeding_given_up(const kd_seeding *s, uint32_t partition);

#endif
