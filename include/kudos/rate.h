/*
 * rate.h - how many operations each of many users has made lately: sliding windows in fixed memory, however many users there are.
 *
 * Windows. A window is cut into eleven panes (Li, Maier, Tufte, Papadimos, Tucker: "No pane, no gain", SIGMOD Record 34, 2005). For each user there is
 * a count for each of the last twelve panes, of which the newest is not over yet; what counts is their sum. An operation so counts for one window at
 * least, and for twelve elevenths of a window at most. Hence the error, in one direction only:
 *
 *     - within one window there are never more operations than the quota;
 *     - an operation that is refused would be refused by an exact log of the last 12/11 windows, too.
 *
 * Memory. Users have slots in sets of eight; a 64-bit key chooses the set and is compared whole. A user who finds no slot takes that of the user of his
 * set who counted least, whose operations are then forgotten (so does Space-Saving: Metwally, Agrawal, El Abbadi, ICDT 2005; but a newcomer does not
 * inherit the count, so that nobody has to answer for others). Two errors follow:
 *
 *     - a user whose slot was taken begins anew: he may make more than the quota, never less;
 *     - two users with one key share their counts. This is the only way in which somebody is refused for what others do. With a keyed hash and n users
 *       that have slots the chance of it is n / 2^64 for a user: 6e-14 for a million.
 *
 * Users fall into the sets by chance. Where half as many users as slots act within their windows, 0.8 % of them find their set full; where as many, 14 %.
 *
 * Pure. One object is used by one thread at a time: the shell keeps several, each behind a lock (edge/io/shard/limiter.h). Times are monotonic us; a time
 * that is somewhat older than that of the call before does no harm.
 */
#ifndef KUDOS_RATE_H
#define KUDOS_RATE_H

#include "kudos/base.h"

enum { KD_RATE_WINDOWS = 2, KD_RATE_PANES = 12, KD_RATE_WAYS = 8 };

/* At most `quota` operations, at least 1, in window_us, at least KD_RATE_PANES. */
typedef struct {
    uint64_t quota, window_us;
} kd_rate_window;

/* All of `count` windows hold; 0: there is no limit. */
typedef struct {
    uint32_t count;
    kd_rate_window at[KD_RATE_WINDOWS];
} kd_rate_rule;

/* Of one window, after the call. */
typedef struct {
    uint64_t used;    /* operations that count */
    uint64_t left;    /* operations that still fit */
    uint64_t more_us; /* until the oldest that count cease to; 0: none counts */
} kd_rate_told;

typedef struct {
    uint32_t fits;    /* operations that were let through, and count from now on */
    uint64_t wait_us; /* until one more fits; 0: it does now */
    kd_rate_told at[KD_RATE_WINDOWS];
} kd_rate_answer;

typedef struct {
    uint64_t slots;   /* that there are */
    uint64_t used;    /* of them those that have had a user */
    uint64_t evicted; /* users who were forgotten before their time */
} kd_rate_stats;

typedef struct kd_rate kd_rate;

/* With at least slots_min slots of 128 bytes, the next power of two. Never NULL. */
kd_rate *kd_rate_create(uint64_t slots_min);
/* NULL is fine. */
void kd_rate_destroy(kd_rate *r);
/* Lets as many of `want` operations through as fit all windows of the rule. `want` 0 asks for the state alone, and takes no slot. `key`: a keyed hash of
 * the user and of the rule, as one key has one rule. A rule without windows lets all through. */
kd_rate_answer kd_rate_take(kd_rate *r, uint64_t key, const kd_rate_rule *rule, uint32_t want,
                            uint64_t now_us);
/* Counts n operations that nobody asked for, beyond the quota, too. */
void kd_rate_add(kd_rate *r, uint64_t key, const kd_rate_rule *rule, uint32_t n, uint64_t now_us);
/* Takes back n operations that began to count at at_us, as far as they still do. */
void kd_rate_give_back(kd_rate *r, uint64_t key, const kd_rate_rule *rule, uint32_t n, uint64_t at_us);
kd_rate_stats kd_rate_get_stats(const kd_rate *r); /* a copy */

#endif
