/*
 * entry.h - an item whose counts this edge keeps: central's counts, and the overlay of own operations above them.
 *
 * Invariants
 * - `counts` are fresh when `known`, complete (a place for each configured counter) and of a version from the partition's floor_version on. Otherwise
 *   they are stale, and central is to be asked.
 * - Counts in the store lack no operation of this edge that the stored applied covers (rule 18).
 */
#ifndef KUDOS_EDGE_CORE_ENTRY_H
#define KUDOS_EDGE_CORE_ENTRY_H

#include "edge/core/overlay.h"
#include "edge/core/state.h"

/* The counts, and behind them the item key, stand behind the struct. An entry made before a counter was added has no place for that counter's count:
 * it is stale, and is widened when central's next counts come. */
struct kd_entry {
    kd_table_entry link;
    kd_overlay *overlay; /* NULL: no operation of this edge is on its way */
    uint64_t version;    /* the partition's version that the counts are of */
    union {
        struct {
            uint64_t asked_version; /* the partition's version and epoch when the question to central left */
            uint64_t asked_epoch;
        };
        TAILQ_ENTRY(kd_entry) of_probation; /* while on probation, and not asked about */
    };
    uint16_t part;   /* index into parts */
    uint16_t key_at; /* offset of the key from the entry's beginning */
    uint8_t key_len;
    bool known;         /* central's counts are here */
    bool asked;         /* a question to central is under way */
    bool recent : 1;    /* looked up since the eviction hand passed */
    bool probation : 1; /* nothing shows that anybody ever liked it (items.c) */
    bool viral : 1;     /* e->virals has it (viral.c) */
    bool stored : 1;    /* the store has counts of it: every change of them goes there too */
    uint64_t counts[];  /* central's, by counter index */
};

/* A view into the entry. */
static inline kd_bytes kd_entry_key(const kd_entry *entry)
{
    return kd_bytes_of((const uint8_t *)entry + entry->key_at, entry->key_len);
}
/* For how many counters it has a place. */
static inline uint32_t kd_entry_counters(const kd_entry *entry)
{
    return (uint32_t)((entry->key_at - sizeof(kd_entry)) / sizeof(uint64_t));
}
/* The newest node of the entry's overlay; NULL: none. */
static inline kd_node *kd_entry_nodes(const kd_entry *entry)
{
    return entry->overlay ? LIST_FIRST(&entry->overlay->nodes) : NULL;
}

/* Whether the counts follow central's snapshots without a gap and name all configured counters. */
static inline bool kd_entry_fresh(const kd_edge *e, const kd_entry *entry)
{
    return entry->known && kd_entry_counters(entry) == e->counters.count &&
           entry->version >= e->parts[entry->part].floor_version;
}

/* A new entry, in the table of items. It knows no counts yet. */
kd_entry *kd_entry_create(kd_edge *e, const kd_part *p, kd_bytes item);
/* Central said these counts at `version`: keeps them unless newer ones are here, and stores them unless they are ahead of the partition's version or
 * those of an item on probation that the store has not.
 * Returns the entry, which may have moved: the old pointer is invalid. */
kd_entry *kd_entry_set(kd_edge *e, kd_entry *entry, const kd_item_counts *counts, uint64_t version);
/* Stores the counts in memory, unless the store has some, or these are stale or ahead of the partition's version. No operation may be shown above
 * them yet: the probation ends with the first one. */
void kd_entry_store(kd_edge *e, kd_entry *entry);
/* Deletes the stored counts, if there are any, in the open group; those in memory stay. */
void kd_entry_unstore(kd_edge *e, kd_entry *entry);

#endif
