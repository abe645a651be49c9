/*
 * audit.h - are the counts of a partition those of its membership rows? Sans-IO, over a store that does not change meanwhile: a snapshot of a running
 * one, or one that no process has open.
 *
 * In the store, the count of an item is its row plus the redo rows above the version at which that row is accurate. A running central shows counts
 * from memory. So a copy of some of these, taken at the same moment on the thread that owns the core, is compared with the store at the copy's
 * version. Nothing has to be stopped, and no commit on its way is taken for a mistake.
 *
 * Set counters are counted again from their members, in total, by region and by day. Of sums nothing is left to count again: all that can be checked
 * is that their regions and their days add up to the total. An index that is complete (kudos/index.h) is compared with the membership rows.
 */
#ifndef KUDOS_AUDIT_H
#define KUDOS_AUDIT_H

#include "kudos/central.h"

/* Which count of an item and counter is wrong. */
typedef enum {
    KD_AUDIT_TOTAL,
    KD_AUDIT_REGION,
    KD_AUDIT_DAY,
} kd_audit_part;

typedef enum {
    KD_AUDIT_STORED, /* the store's count is `stored`, its members come to `recomputed` */
    KD_AUDIT_SHOWN,  /* the count in memory is `stored`, the store's is `recomputed` */
    KD_AUDIT_ENTRY, /* an entry of an index is there without a like (`stored` 1), or a like lacks its entry (0) */
    KD_AUDIT_SUM, /* the total of a sum is `stored`, its regions or days add up to `recomputed` */
} kd_audit_kind;

/* One wrong count. Views live during the call. */
typedef struct {
    kd_audit_kind kind;
    kd_audit_part part;
    kd_bytes item;
    kd_bytes region; /* of KD_AUDIT_REGION; empty with KD_AUDIT_SUM */
    kd_bytes user;   /* of KD_AUDIT_ENTRY, as is `index`, its name */
    const char *index;
    uint32_t day;    /* of KD_AUDIT_DAY: UTC day */
    uint8_t counter; /* wire id */
    int64_t stored, recomputed;
} kd_audit_mismatch;

/* Counts that a core holds in memory, with its version. */
typedef struct kd_counts_copy kd_counts_copy;
/* Copies the counts of at most `max` items, so that the core is held up for a bounded time. The next copy goes on where this one ended, and behind
 * the last item begins anew. Call it on the thread that owns the core; the copy may go to another one. The caller destroys it. */
kd_counts_copy *kd_central_counts_copy(kd_central *c, uint32_t max);
void kd_counts_copy_destroy(kd_counts_copy *copy); /* NULL is fine */

typedef struct {
    const kd_counters *counters; /* of the configuration; borrowed */
    kd_counts_copy *shown; /* borrowed, and sorted by the audit; NULL: counts in memory are not compared */
    void *arg;             /* first argument of mismatch and progress */
    /* May be NULL. Called for each wrong count. */
    void (*mismatch)(void *arg, const kd_audit_mismatch *m);
    /* May be NULL. Called now and then with the number of rows read so far; false ends the audit with KD_EAGAIN. */
    bool (*progress)(void *arg, uint64_t rows);
    /* NULL: nothing is mended. A wrong index is not mended, but built anew at the next start. Else it gets the writes that mend the partition, none when nothing is wrong. Apply them as one group to the store that
     * was read, which must not have been written since. The first snapshot of the next epoch tells the edges the mended counts. */
    kd_writes *mend;
} kd_audit_config;

typedef struct {
    uint32_t partition, partitions; /* as stored; 0 of 0: nothing was ever committed here */
    uint64_t epoch, version;
    uint64_t items;      /* with a count other than 0, stored or recomputed */
    uint64_t members;    /* rows with a like */
    uint64_t mismatches; /* calls of mismatch */
    uint64_t sums_wrong; /* of these, KD_AUDIT_SUM: they cannot be mended */
    uint64_t items_mended;
    char broken[96]; /* with KD_EMALFORMED: in words, which row does not decode */
} kd_audit_result;

/* Audits a whole partition. KD_OK: it came to its end, whether or not counts are wrong. KD_EMALFORMED: a row does not decode; KD_EMISMATCH: another
 * storage schema; KD_EAGAIN: ended by progress; KD_ETOOBIG: more to mend than one group of writes should hold; KD_EIO. */
int kd_audit_run(const kd_store *store, const kd_audit_config *config, kd_audit_result *result);

#endif
