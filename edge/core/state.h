/*
 * state.h - struct kd_edge, the core of one shard: what its modules share. Each module's own types are in its header.
 *
 *     kd_edge ── parts[] ── outbox: sealed batches, oldest first ── open batch
 *        │                        └── nodes: what each batch adds to the shown counts
 *        ├── items: entries, each with central's counts, and while operations of it are on their way an overlay with their sums
 *        ├── groups: the group of writes that gathers, and the one that is being written
 *        └── spill: membership rows that are not in the store yet, and the journal that stays until they are
 *
 * It is one struct because a group of writes, the store, the identity and the bounds belong to the shard as a whole: an operation touches most
 * modules, and all of that must be in one group.
 *
 * Invariants that span modules
 * - Positions of a partition ascend along its outbox and open batch; only the open batch takes operations.
 * - A batch is handed to Kafka only when the group that sealed it is durable (rule 6).
 * - Membership rows hold operations of this edge alone, never what central said: rule 15 sends them again as this edge's own.
 */
#ifndef KUDOS_EDGE_CORE_STATE_H
#define KUDOS_EDGE_CORE_STATE_H

#include "common/base/bloom.h"
#include "common/base/slab.h"
#include "common/base/table.h"
#include "edge/core/groups.h"
#include "edge/core/idempotency.h"
#include "edge/core/identity.h"
#include "edge/core/items.h"
#include "edge/core/part.h"
#include "edge/core/spill.h"
#include "edge/core/viral.h"
#include "edge/core/watch.h"

enum { KD_EXPECTED = 4 };

struct kd_edge {
    kd_edge_config config; /* its counters are those below */
    kd_counters counters;
    char edge_name[KD_NAME_MAX + 1], region_name[KD_NAME_MAX + 1];
    kd_store store;
    kd_part *parts; /* part_count of them, by id */
    uint32_t part_count;
    kd_table items;         /* of kd_entry (items.h) */
    size_t evict_cursor;    /* the eviction hand: where in `items` the next search for room begins */
    kd_probation probation; /* of the items (items.c) */
    kd_slab slab;           /* entries, their overlays and queries: bounded by items_max and the outbox */
    kd_virals virals;
    kd_watches watches;
    kd_entry *last_found; /* a cache of one: a like looks its item up three times */
    struct {
        uint64_t hash[KD_EXPECTED];
        uint32_t next;
    } expected;      /* items whose place is on its way to the cache (take.c) */
    kd_bloom filter; /* of the keys of all membership rows: says which have surely none (membership.c) */
    struct {
        bool under_way; /* not all rows of the store are in the filter */
        kd_buf next;    /* key of the first row that the start did not read (fill.c) */
    } filling;
    kd_spill spill;
    kd_groups groups;
    bool poisoned; /* a write or a read failed: every call but close gives KD_EIO */
    bool refusing; /* two processes use this edge's name: writes are refused until a restart (rehome.c) */
    uint64_t incarnation;           /* the present one (identity.c) */
    uint64_t last_us;               /* `last`: the largest time taken from the own clock (stamp.c) */
    uint64_t alarm_us;              /* of the last identity alarm; 0: none in this process */
    uint64_t minted[KD_MINTED_MAX]; /* the last incarnations of this edge, oldest first */
    uint32_t minted_count;
    kd_lives lives;
    uint64_t random;                       /* state of kd_random_next */
    uint64_t outbox_bytes, outbox_batches; /* of all partitions, open batches included */
    uint32_t next_part;                    /* where kd_edge_send_next begins to look */
    size_t bodies_bytes;   /* of encoded bodies that wait for their first hand-over (seal.c) */
    size_t assembly_bytes; /* of all assemblies (assembly.c) */
    kd_idempotency idempotency;
    uint64_t expire_due_us; /* when the next piece of a sweep is due (expire.c) */
    uint32_t expire_part;   /* index of the partition that was swept last */
    kd_buf key, value;      /* scratch, overwritten by whatever puts a row */
    kd_edge_stats stats;
};

/* Whether a test has broken this rule on purpose. */
#define KD_PLANTED(e, bug) (((e)->config.plant & (bug)) != 0)

/* The writes of the open group. */
static inline kd_writes *kd_edge_writes(kd_edge *e)
{
    return &e->groups.writes[e->groups.gathering];
}
static inline const kd_counter *kd_edge_counter(const kd_edge *e, uint32_t index)
{
    return &e->config.counters->at[index];
}
static inline kd_bytes kd_edge_name(const kd_edge *e)
{
    return kd_bytes_str(e->edge_name);
}

#endif
