/*
 * audit.h - are the counts of a partition those of its membership? Sans-IO, over a store that stands still: a
 * snapshot of a running one, or one that nobody has open.
 *
 * In the store alone, at its version V, the count of an item is its row and the redo rows above the version that the
 * row is accurate at. A running central shows counts from memory besides: a copy of some, taken in the same moment on
 * the thread that owns the core, is held against the store as of the copy's version. So nothing has to be stopped, and
 * no commit on its way is ever taken for a mistake.
 *
 * Counters with membership are counted again from it, in total, by region and by day. Of sums nothing is left to count
 * again: that their regions and their days add up to the total is all that can be asked.
 */
#ifndef KUDOS_AUDIT_H
#define KUDOS_AUDIT_H

#include "kudos/central.h"

typedef enum {
    KD_AUDIT_TOTAL,
    KD_AUDIT_REGION,
    KD_AUDIT_DAY,
} kd_audit_part;

typedef enum {
    KD_AUDIT_STORED, /* the store says one thing, membership another: `stored`, `recomputed` */
    KD_AUDIT_SHOWN,  /* memory says `stored`, the store `recomputed` */
    KD_AUDIT_SUM,    /* of a sum: the total is `stored`, its regions or days add up to `recomputed` */
} kd_audit_kind;

/* Views live during the call. */
typedef struct {
    kd_audit_kind kind;
    kd_audit_part part;
    kd_bytes item;
    kd_bytes region; /* KD_AUDIT_REGION; empty with KD_AUDIT_SUM */
    uint32_t day;    /* KD_AUDIT_DAY */
    uint8_t counter; /* wire id */
    int64_t stored, recomputed;
} kd_audit_mismatch;

/* Counts that a core holds in memory, with its version: at most `max` items, so that it takes a bounded time; the next copy
 * goes on where this one ended, and begins anew behind the last one. */
typedef struct kd_counts_copy kd_counts_copy;
kd_counts_copy *kd_central_counts_copy(kd_central *c, uint32_t max);
void kd_counts_copy_destroy(kd_counts_copy *copy); /* NULL is fine */

typedef struct {
    const kd_counters *counters;
    kd_counts_copy *shown; /* or NULL; is sorted here */
    void *arg;
    void (*mismatch)(void *arg, const kd_audit_mismatch *m);
    /* Now and then, with the rows read so far; false ends the audit with KD_EAGAIN. */
    bool (*progress)(void *arg, uint64_t rows);
    /* NULL, or it gets the writes that mend the partition: one group, to be applied as a whole to the store that was
     * read, which nobody may have written since. Empty when nothing is wrong. The rows that it mends are named to the
     * edges with the first snapshot of the next epoch. */
    kd_writes *mend;
} kd_audit_config;

typedef struct {
    uint32_t partition, partitions; /* as stored; 0 of 0: nothing was ever committed here */
    uint64_t epoch, version;
    uint64_t items;      /* with a count that is not 0, stored or recomputed */
    uint64_t members;    /* liked rows */
    uint64_t mismatches; /* as they were reported */
    uint64_t sums_wrong; /* of these, what no membership can mend */
    uint64_t items_mended;
    char broken[96]; /* with KD_EMALFORMED: which rows */
} kd_audit_result;

/* KD_OK with any verdict; KD_EIO; KD_EMALFORMED (a row that does not decode); KD_EMISMATCH (another storage schema);
 * KD_EAGAIN (ended by progress); KD_ETOOBIG (more to mend than one group of writes should hold). */
int kd_audit_run(const kd_store *store, const kd_audit_config *config, kd_audit_result *result);

#endif
