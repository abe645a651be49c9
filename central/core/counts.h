/*
 * counts.h - the counts of items: of each counter the total, and its parts by region and by UTC day. A cache in front of the store.
 *
 * A commit changes counts in memory alone; what it did to them is in its redo row (redo.h), and the count rows are written back later. Each count row
 * says the version at which it is accurate, so that an open applies only the redo rows above that version.
 *
 * An entry, which is one item, is
 *
 *     pinned   held by a commit under way, the queue of dirty entries, a write under way, or the next snapshot
 *     clean    not pinned: equals its count row, stands in the list `clean` in the order of use, and is dropped when that has more than clean_max
 *
 * Invariants: an entry that is not clean is never dropped; the dirty queue ascends by dirty_since, so its head says which redo row is the oldest
 * still needed. The count row of an item is
 *
 *     version be64, then for each part that is not 0: counter << 2 | kind, id varint, value varint
 *
 * ascending by counter, kind (total, region, day) and id (region index, day; 0 of a total).
 */
#ifndef KUDOS_CENTRAL_CORE_COUNTS_H
#define KUDOS_CENTRAL_CORE_COUNTS_H

#include <sys/queue.h>

#include "central/core/effect.h"
#include "common/base/bloom.h"
#include "common/base/table.h"
#include "kudos/store.h"

typedef enum { KD_PART_TOTAL = 0, KD_PART_REGION = 1, KD_PART_DAY = 2 } kd_part_kind;

typedef struct {
    uint64_t where; /* which part: counter << 40 | kind << 32 | id */
    uint64_t value;
} kd_count_part;

static inline uint64_t kd_part_where(uint8_t counter, kd_part_kind kind, uint32_t id)
{
    return (uint64_t)counter << 40 | (uint64_t)kind << 32 | id;
}
static inline uint8_t kd_part_counter(uint64_t where)
{
    return (uint8_t)(where >> 40);
}
static inline kd_part_kind kd_part_kind_of(uint64_t where)
{
    return (kd_part_kind)(where >> 32 & 0xff);
}
static inline uint32_t kd_part_id(uint64_t where)
{
    return (uint32_t)where;
}

/* Reads the next part of a count row: KD_OK or KD_EMALFORMED. */
int kd_count_part_read(kd_reader *r, kd_count_part *part);
/* Appends a part to a count row; nothing where its value is 0. */
void kd_count_part_put(const kd_count_part *p, kd_buf *out);
/* Index of the first part whose `where` is at least this one, in an array that ascends by `where`; `count` when there is none. */
uint32_t kd_count_part_seek(const kd_count_part *at, uint32_t count, uint64_t where);

enum { KD_COUNT_PARTS_FIRST = 3 }; /* most items have one counter, region and day */

typedef struct kd_count_entry {
    kd_table_entry hashed;
    TAILQ_ENTRY(kd_count_entry) next; /* in the dirty queue or among the clean */
    kd_count_part *parts; /* ascending by where; `first`, or memory of its own when there are more */
    uint32_t part_count, part_cap;
    uint64_t accurate;    /* version at which the count row that it was read from is accurate */
    uint64_t dirty_since; /* version of the first effect that no count row holds; 0: not in the dirty queue */
    uint32_t pins;
    bool unsent; /* it has changed since the last snapshot, and stands in `unsent` */
    uint8_t key_len;
    kd_count_part first[KD_COUNT_PARTS_FIRST];
    uint8_t key[];
} kd_count_entry;

typedef TAILQ_HEAD(kd_count_list, kd_count_entry) kd_count_list;

typedef struct {
    kd_table table;
    const kd_store *store;      /* borrowed */
    kd_bloom *filter;           /* borrowed; knows every item that may have a count row */
    kd_count_list dirty, clean; /* by dirty_since; by last use, the oldest first */
    uint32_t clean_count, clean_max;
    kd_count_entry **unsent; /* for the next snapshot */
    uint32_t unsent_count, unsent_cap;
    bool unsent_lost; /* more changed than a snapshot can hold: the edges have to read all anew */
    bool forgiving;   /* a planted bug may take from a count of 0 */
    kd_buf scratch;
} kd_counts;

static inline kd_bytes kd_count_key(const kd_count_entry *e)
{
    return kd_bytes_of(e->key, e->key_len);
}
/* Hash by which table and filter know the item. */
uint64_t kd_counts_hash(const kd_counts *c, kd_bytes item);

/* Borrows store and filter for its life; the filter may be filled later. `clean_max`: clean entries kept. */
void kd_counts_init(kd_counts *c, const kd_store *store, kd_bloom *filter, uint64_t seed, uint32_t clean_max);
/* Frees all entries, pinned or not. */
void kd_counts_finish(kd_counts *c);

/* Fetches into the cache what kd_counts_acquire reads first for an item of this kd_counts_hash. Call it some work ahead. */
void kd_counts_prefetch(const kd_counts *c, uint64_t hash);
/* Pins the entry of an item, from memory or the store. *out is NULL, or its entry where the caller has it already (`item` is not looked at then).
 * KD_ENOTFOUND when the item has no counts and `create` is false; KD_EIO, KD_EMALFORMED. kd_counts_release ends the pin. */
int kd_counts_acquire(kd_counts *c, kd_bytes item, bool create, kd_count_entry **out);
/* Ends one pin. With the last one the entry is clean, and it or another clean entry may be freed. */
void kd_counts_release(kd_counts *c, kd_count_entry *e);

/* Applies an effect of that version to the entry, which is dirty and pinned from then on. A count that would fall below 0 is our own bug: it asserts.
 * Versions of successive calls do not fall. */
void kd_counts_apply(kd_counts *c, kd_count_entry *e, const kd_effect *effect, uint64_t version);
/* Pins the entry and lists it for the next snapshot. Where the list is full it is given up, and unsent_lost is set. */
void kd_counts_mark_unsent(kd_counts *c, kd_count_entry *e);
/* The snapshot was made: ends the pins of its list, and unsent_lost. */
void kd_counts_clear_unsent(kd_counts *c);
/* Value of one part; 0 when there is none. */
uint64_t kd_counts_value(const kd_count_entry *e, uint64_t where);

/* The oldest version whose redo row a dirty entry still needs; `after` when nothing is dirty. */
uint64_t kd_counts_floor(const kd_counts *c, uint64_t after);
/* Takes the head off the dirty queue and puts its count row, accurate at `version`. The entry stays pinned; the caller releases it when the write is
 * durable. NULL when nothing is dirty. */
kd_count_entry *kd_counts_write_back(kd_counts *c, uint64_t version, kd_writes *writes);

#endif
