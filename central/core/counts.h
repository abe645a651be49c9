/*
 * counts.h - counts of items: total, by region and by UTC day of each counter; a cache in front of the store.
 *
 * Counts live in memory and are written back later: what a commit did to them is in its redo row. Every
 * stored row says the version it is accurate at, and a redo row of a later version is applied to it at open.
 * An entry is
 *
 *     pinned   somebody holds it: a commit under way, the queue of dirty ones, a write under way,
 *              the next snapshot
 *     clean    nobody does: it equals its row, waits at its place in order of use, and is dropped
 *              when there are too many
 *
 * The queue of dirty entries is in the order of the version that first made them dirty; what its head says is
 * the oldest redo row still needed. An entry's row is
 *
 *     version be64, then for each part that is not 0: counter << 2 | kind, id varint, value varint
 *
 * ascending by counter, kind (total, region, day), id (region index, day; 0 of a total).
 */
#ifndef KUDOS_CENTRAL_CORE_COUNTS_H
#define KUDOS_CENTRAL_CORE_COUNTS_H

#include "central/core/effect.h"
#include "common/base/bloom.h"
#include "common/base/table.h"
#include "kudos/store.h"

typedef enum { KD_PART_TOTAL = 0, KD_PART_REGION = 1, KD_PART_DAY = 2 } kd_part_kind;

typedef struct {
    uint64_t where; /* counter << 40 | kind << 32 | id */
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

/* One part of a row: KD_OK or KD_EMALFORMED. A part that is 0 is not written. */
int kd_count_part_read(kd_reader *r, kd_count_part *part);
void kd_count_part_put(const kd_count_part *p, kd_buf *out);
/* Index of the first of these, ascending by where, that is at or above it. */
uint32_t kd_count_part_seek(const kd_count_part *at, uint32_t count, uint64_t where);

typedef struct kd_count_entry {
    kd_table_entry hashed;
    struct kd_count_entry *prev, *next; /* in the dirty queue or among the clean */
    kd_count_part *parts;               /* ascending by where */
    uint32_t part_count, part_cap;
    uint64_t accurate;    /* version of the row it was read from */
    uint64_t dirty_since; /* version of the first effect that is in no row; 0: not in the queue */
    uint32_t pins;
    bool unsent; /* changed since the last snapshot */
    uint8_t key_len;
    uint8_t key[];
} kd_count_entry;

typedef struct {
    kd_count_entry *head, *tail;
} kd_count_list;

typedef struct {
    kd_table table;
    const kd_store *store; /* borrowed */
    kd_bloom *filter;      /* borrowed; knows every item that may have a row */
    uint64_t seed;
    kd_count_list dirty, clean;
    uint32_t clean_count, clean_max;
    kd_count_entry **unsent;
    uint32_t unsent_count, unsent_cap;
    bool unsent_lost; /* more than a snapshot can hold: the edges must read anew */
    bool forgiving;   /* a planted bug may take what is not there */
    kd_buf scratch;
} kd_counts;

static inline kd_bytes kd_count_key(const kd_count_entry *e)
{
    return kd_bytes_of(e->key, e->key_len);
}
uint64_t kd_counts_hash(const kd_counts *c, kd_bytes item); /* as the filter knows it */

void kd_counts_init(kd_counts *c, const kd_store *store, kd_bloom *filter, uint64_t seed, uint32_t clean_max);
void kd_counts_finish(kd_counts *c);

/* Pins the entry of an item, from memory or the store; *out is NULL, or the entry itself where it is known.
 * KD_ENOTFOUND when it has none and `create` is false; KD_EIO, KD_EMALFORMED. */
int kd_counts_acquire(kd_counts *c, kd_bytes item, bool create, kd_count_entry **out);
void kd_counts_release(kd_counts *c, kd_count_entry *e);

/* Applies an effect of that version; a count that would be negative is our own bug. */
void kd_counts_apply(kd_counts *c, kd_count_entry *e, const kd_effect *effect, uint64_t version);
/* Lists the entry for the next snapshot. */
void kd_counts_mark_unsent(kd_counts *c, kd_count_entry *e);
void kd_counts_clear_unsent(kd_counts *c);
uint64_t kd_counts_value(const kd_count_entry *e, uint64_t where);

/* The oldest version whose redo row is still needed; `after` when none is. */
uint64_t kd_counts_floor(const kd_counts *c, uint64_t after);
/* Takes the head of the dirty queue, writes its row as of `version` and leaves it pinned until the write is
 * durable and the caller releases it. NULL when the queue is empty. */
kd_count_entry *kd_counts_write_back(kd_counts *c, uint64_t version, kd_writes *writes);

#endif
