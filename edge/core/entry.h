/*
 * entry.h - an item whose counts this edge keeps: central's counts, and the overlay of own operations above them.
 *
 * There are millions of entries, most of them idle, so an entry holds only what an idle item needs, in as few bytes as that takes. What is on its way
 * hangs on it: the overlay, and a query while central is asked about the item or nothing shows that anybody ever liked it (items.c).
 *
 * Invariants
 * - Counts are fresh when `known`, complete (told of each configured counter) and of a version from the partition's floor_version on. Otherwise they
 *   are stale, and central is to be asked.
 * - Counts in the store lack no operation of this edge that the stored applied covers (rule 18).
 * - A counter without a place has the count 0. An entry gets further or wider places by moving, so pointers to entries are kept by its overlay's
 *   nodes, its query, the viral items and `last_found` alone.
 */
#ifndef KUDOS_EDGE_CORE_ENTRY_H
#define KUDOS_EDGE_CORE_ENTRY_H

#include "edge/core/overlay.h"
#include "edge/core/state.h"

/* In a stored row of counts, where the number of a counter stands: the item is closed. */
enum { KD_STORED_CLOSED = 0 };

/* A question about an item, or its probation. */
struct kd_inquiry {
    kd_entry *entry;
    kd_overlay *overlay; /* of the entry */
    union {
        struct {
            uint64_t asked_version; /* the partition's version and epoch when the question to central left */
            uint64_t asked_epoch;
        };
        TAILQ_ENTRY(kd_inquiry) of_probation; /* while on probation, and not asked about */
    };
    bool asked; /* a question to central is under way */
};

struct kd_entry {
    kd_table_entry link;
    uint16_t part : 12; /* index into parts */
    uint16_t told : 4;  /* central's counts cover the counters in front of this index */
    uint8_t key_len;
    bool known : 1;     /* central's counts are here */
    bool recent : 1;    /* looked up since the eviction hand passed */
    bool probation : 1; /* nothing shows that anybody ever liked it (items.c) */
    bool viral : 1;     /* e->virals has it (viral.c) */
    bool watched : 1;   /* streams show it (watch.h) */
    bool stored : 1;    /* the store has counts of it: every change of them goes there too */
    bool wide : 1;      /* a place has 8 bytes, else 4 */
    bool queried : 1;   /* it is on probation or asked about */
    union {
        kd_overlay *overlay; /* NULL: no operation of this edge is on its way */
        kd_inquiry *query;   /* if queried; it has the overlay */
    };
    uint64_t version : 63; /* the partition's version that the counts are of */
    bool closed : 1;       /* those counts say that central counts nothing more of it (rule 27) */
    uint8_t places;        /* bit set of the counters whose counts have a place */
    uint8_t rest[];        /* those counts by counter index, then the item key */
};
_Static_assert(KD_PARTITIONS_MAX <= 1 << 12 && KD_COUNTERS_MAX < 1 << 4 && KD_COUNTERS_MAX <= 8 &&
                   KD_ITEM_KEY_MAX <= UINT8_MAX,
               "they fit their fields");

/* Bytes of the counts in these places: the offset of the item key in entry->rest. Without an instruction for it (x86-64-v1) the compiler calls a
 * function to count the bits. */
static inline size_t kd_entry_counts_size(uint8_t places, bool wide)
{
    uint32_t bits = places - (places >> 1 & 0x55u);
    bits = (bits & 0x33u) + (bits >> 2 & 0x33u);
    bits = (bits + (bits >> 4)) & 0x0fu;
    return (size_t)bits << (wide ? 3 : 2);
}
/* A view into the entry. */
static inline kd_bytes kd_entry_key(const kd_entry *entry)
{
    return kd_bytes_of(entry->rest + kd_entry_counts_size(entry->places, entry->wide), entry->key_len);
}
/* Central's count of the counter with this index. */
static inline uint64_t kd_entry_count(const kd_entry *entry, uint32_t counter)
{
    uint8_t bit = (uint8_t)(1u << counter);
    if (!(entry->places & bit)) return 0;
    const uint8_t *at = entry->rest + kd_entry_counts_size(entry->places & (bit - 1), entry->wide);
    uint64_t count;
    uint32_t narrow;
    if (!entry->wide) return memcpy(&narrow, at, sizeof narrow), narrow;
    return memcpy(&count, at, sizeof count), count;
}
/* NULL: no operation of this edge is on its way, or kept for stale counts. */
static inline kd_overlay *kd_entry_overlay(const kd_entry *entry)
{
    return entry->queried ? entry->query->overlay : entry->overlay;
}
static inline void kd_entry_set_overlay(kd_entry *entry, kd_overlay *overlay)
{
    *(entry->queried ? &entry->query->overlay : &entry->overlay) = overlay;
}
/* Whether a question to central about it is under way. */
static inline bool kd_entry_asked(const kd_entry *entry)
{
    return entry->queried && entry->query->asked;
}
/* Whether operations of it are in a batch that central has not applied yet. */
static inline bool kd_entry_outstanding(const kd_entry *entry)
{
    const kd_overlay *o = kd_entry_overlay(entry);
    return o && o->newest.place > 0;
}

/* Whether the counts follow central's snapshots without a gap and name all configured counters. */
static inline bool kd_entry_fresh(const kd_edge *e, const kd_entry *entry)
{
    return entry->known && entry->told == e->counters.count &&
           entry->version >= e->parts[entry->part].floor_version;
}

/* A new entry, in the table of items. It knows no counts yet. */
kd_entry *kd_entry_create(kd_edge *e, const kd_part *p, kd_bytes item);
/* A new entry, in the table of items, with counts that the store has: one for each configured counter. */
kd_entry *kd_entry_load(kd_edge *e, const kd_part *p, kd_bytes item, const uint64_t *counts, uint64_t version,
                        bool closed);
/* Takes it out of the table and frees it. Nothing points to it any more, and it has neither overlay nor query. */
void kd_entry_free(kd_edge *e, kd_entry *entry);
/* Gives the entry a query, unless it has one; returns it. */
kd_inquiry *kd_entry_need_query(kd_edge *e, kd_entry *entry);
/* Frees the query, unless the entry is on probation or asked about. */
void kd_entry_settle_query(kd_edge *e, kd_entry *entry);
/* Central said these counts at `version`: keeps them unless newer ones are here, and stores them unless they are ahead of the partition's version or
 * those of an item on probation that the store has not.
 * Returns the entry, which may have moved: the old pointer is invalid. */
kd_entry *kd_entry_set(kd_edge *e, kd_entry *entry, const kd_item_counts *counts, uint64_t version);
/* Puts these counts, one for each configured counter, into the open group. */
void kd_entry_put(kd_edge *e, kd_entry *entry, const uint64_t *counts, uint64_t version, bool closed);
/* Stores the counts in memory, unless the store has some, or these are stale or ahead of the partition's version. No operation may be shown above
 * them yet: the probation ends with the first one. */
void kd_entry_store(kd_edge *e, kd_entry *entry);
/* Deletes the stored counts, if there are any, in the open group; those in memory stay. */
void kd_entry_unstore(kd_edge *e, kd_entry *entry);

#endif
