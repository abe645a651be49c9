/*
 * oracle.h - who must like what, and how many likes an item may show: the right answer, from what clients asked and were answered alone.
 *
 * A pair is a user and one counter of an item. Each pair has a verdict: it must be a member in the end, it may be, or it must not. From the verdicts
 * follow, per item and counter, the least and the most that a right count may be. Where every outcome is known both are one number.
 *
 * An oracle does not know in what order a pair's operations came. Its callers do, and say the verdict:
 *
 *     replay       a user's events go one after the other, each until it is acknowledged: the last one in the log decides
 *     load         each like is of a pair of its own, so nothing can overrule it: two additions per like, no row in the table
 *     simulation,  requests overlap, clocks differ and answers get lost: sim/check/journal.h finds the attempts that may win,
 *     drills,      and says a new verdict with each event
 *     torture
 *
 * Independent of what it judges: it uses memory and hashing of common/base, and nothing of the cores of edge and central.
 *
 * The checkers in sim/check stay apart. They look into the cores at each step (a commit's counts against its own rows, positions, what is freed), which
 * no client can see; what only clients can know they ask the journal.
 */
#ifndef KUDOS_SIM_ORACLE_ORACLE_H
#define KUDOS_SIM_ORACLE_ORACLE_H

#include "kudos/base.h"
#include "kudos/limits.h"

typedef enum { ORACLE_MUST_NOT, ORACLE_MAY, ORACLE_MUST } sim_oracle_verdict;

/* The counts that are right. */
typedef struct {
    uint64_t least, most;
} sim_oracle_bounds;

static inline bool sim_oracle_allows(sim_oracle_bounds b, int64_t count)
{
    return count >= 0 && (uint64_t)count >= b.least && (uint64_t)count <= b.most;
}

typedef struct {
    uint32_t counter, item, user; /* by the caller's numbering */
    sim_oracle_verdict verdict;
} sim_oracle_pair;

enum { SIM_ORACLE_NONE = UINT32_MAX };

typedef struct sim_oracle sim_oracle;

/* The caller destroys it. Knows no pair yet: every count must be 0. */
sim_oracle *sim_oracle_create(void);
/* Takes NULL. */
void sim_oracle_destroy(sim_oracle *o);

/* The number of a pair, which is made here when it is new, with ORACLE_MUST_NOT. Pairs are numbered from 0 on in the order in which they are made.
 * counter < KD_COUNTERS_MAX, item < 2^28. */
uint32_t sim_oracle_obtain(sim_oracle *o, uint32_t counter, uint32_t item, uint32_t user);
/* The number of a pair; SIM_ORACLE_NONE where sim_oracle_obtain was never called for it. */
uint32_t sim_oracle_find(const sim_oracle *o, uint32_t counter, uint32_t item, uint32_t user);
sim_oracle_pair sim_oracle_at(const sim_oracle *o, uint32_t pair); /* of a number that obtain or find gave */
uint32_t sim_oracle_count(const sim_oracle *o);                    /* pairs that were made */
/* The numbers of all pairs, in order of (counter, item, user); sim_oracle_count of them, for free(). */
uint32_t *sim_oracle_sorted(const sim_oracle *o);

/* The pair's verdict from now on; the item's bounds follow. */
void sim_oracle_say(sim_oracle *o, uint32_t pair, sim_oracle_verdict verdict);
/* A pair of each of `items` items from `item` on that nobody has named and nobody will name again. It gets no number and no row. */
void sim_oracle_say_alone(sim_oracle *o, uint32_t counter, uint32_t item, uint32_t items,
                          sim_oracle_verdict verdict);
/* For counters that are sums, which have no pairs: adds `least` and `most`, which may be negative, to the item's bounds. */
void sim_oracle_say_sum(sim_oracle *o, uint32_t counter, uint32_t item, int64_t least, int64_t most);
/* Adds the bounds of `from` to those of `to`. No pair may be in both. Pairs of `from` get no number in `to`. */
void sim_oracle_add(sim_oracle *to, const sim_oracle *from);

/* {0, 0} for an item that nobody named. */
sim_oracle_bounds sim_oracle_bounds_of(const sim_oracle *o, uint32_t counter, uint32_t item);

#endif
