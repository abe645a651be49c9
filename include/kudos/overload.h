/*
 * overload.h - what an edge gives up under overload, in which order, and when.
 *
 *     level   entered while work waits for      given up, besides what the levels below give up
 *     0                                         nothing
 *     1       overload.level_1 or longer        questions to central whether a user likes an item
 *     2       overload.level_2                  fresh numbers: an old one is shown without asking central, and caches keep `display` longer
 *     3       overload.level_3                  all questions to central, and reads of the disk for readers: what is not in memory is unknown
 *     4       overload.level_4                  all reads
 *
 * Likes are given up at no level. They are refused last, where the way of a like itself is full (edge.in_flight_max, edge.outbox_max) or its disk
 * hangs (group_commit.h).
 *
 * What is measured is how old the oldest work is that waits, by two measures:
 * - the loop: how late a shard's thread comes to work that is ready. Everything that a shard does waits for this.
 * - the disk: how long the oldest answer to a like has waited for its sync. A like's answer waits for this, and a read that goes to the disk may.
 * The disk counts for levels 1 to 3 alone. Reads from memory take nothing from it, so refusing them would not give likes anything.
 * Questions to central are not measured: how old they get is the distance to central, and central.read_deadline bounds it.
 *
 * Invariants
 * - A measurement changes the level by one at most.
 * - A step up comes enter_after_us after the step before it or later, a step down leave_after_us or later. So a level is not entered, left and
 *   entered again within enter_after_us + leave_after_us.
 * - Ages that are nowhere smaller lead to levels that are nowhere lower.
 *
 * Pure: times are arguments, monotonic. One thread uses an object.
 */
#ifndef KUDOS_OVERLOAD_H
#define KUDOS_OVERLOAD_H

#include "kudos/base.h"

/* The levels by what each gives up first. */
typedef enum {
    KD_LEVEL_ALL = 0,
    KD_LEVEL_NO_DETAIL = 1,
    KD_LEVEL_OLDER = 2,
    KD_LEVEL_MEMORY = 3,
    KD_LEVEL_NO_READS = 4,
} kd_level;

enum {
    KD_LEVELS = 4,                       /* above KD_LEVEL_ALL */
    KD_LEVEL_OF_DISK = KD_LEVEL_MEMORY,  /* the highest that the disk alone leads to */
    KD_LEVEL_OLDER_TIMES = 10,           /* so much longer caches may keep `display` from KD_LEVEL_OLDER on */
    KD_OVERLOAD_SAMPLE_US = 50 * 1000,   /* the shell measures so often */
    KD_OVERLOAD_TRUSTED_US = 200 * 1000, /* most time that two neighbouring measurements stand for */
};

typedef struct {
    uint64_t
        enter_us[KD_LEVELS]; /* ascending: level n + 1 is entered at enter_us[n], and left below its half */
    uint64_t enter_after_us; /* for so long the age must not fall below enter_us */
    uint64_t leave_after_us; /* for so long the age must stay below half of enter_us */
} kd_overload_bounds;

/* How old the oldest work is that waits; 0: none waits. */
typedef struct {
    uint64_t loop_us, disk_us;
} kd_overload_ages;

/* What measurements without a gap have said; begun anew at each step. */
typedef struct {
    bool said;
    uint64_t us;
} kd_overload_run;

typedef struct {
    kd_overload_bounds bounds;
    uint32_t level;   /* kd_level */
    uint64_t last_us; /* of the last measurement; 0: there was none */
    kd_overload_run above, below;
    uint64_t spent_us[KD_LEVELS + 1]; /* time at each level, up to the last measurement */
} kd_overload;

/* At level 0. */
void kd_overload_init(kd_overload *o, const kd_overload_bounds *bounds);
/* Takes a measurement that was made at now_us, monotonic and not 0. Returns whether it changed the level. After a pause of the process two
 * measurements count as KD_OVERLOAD_TRUSTED_US apart: what lay between them was not measured. */
bool kd_overload_measure(kd_overload *o, uint64_t now_us, const kd_overload_ages *ages);

/* Whether central is asked for an item's counts at this level. `known`: there is a number of central here, though not a fresh one. */
bool kd_level_asks_counts(uint32_t level, bool known);
/* For how long caches may keep `display` at this level, where they may keep it for max_age_us at level 0. */
uint64_t kd_level_display_age_us(uint32_t level, uint64_t max_age_us);

#endif
