/*
 * reshard_store.h - what a store keeps for all its partitions together (rows I, L, V, E, r), joined from all old stores for a new one. Used by reshard.c alone.
 *
 * - L, the largest time taken from the clock: the largest of all. So no partition stamps below what it has promised.
 * - V, the incarnations minted: those of all, the newest KD_MINTED_MAX. The next start mints above each of them. A shard that has disowned incarnations
 *   (rule 20) does not get them back from another one that minted them in a life when both were one.
 * - E, the lives: what any store knows of a life; the newest is a new one, which took nothing.
 * - r, the places in the journal: they are by partition.
 */
#ifndef KUDOS_EDGE_CORE_RESHARD_STORE_H
#define KUDOS_EDGE_CORE_RESHARD_STORE_H

#include "edge/core/identity.h"
#include "edge/core/spill.h"

/* Incarnations of one store, oldest first. */
typedef struct {
    uint64_t at[KD_MINTED_MAX];
    uint32_t count;
} kd_reshard_minted;

typedef struct {
    kd_edge_stored is; /* shard is 0 */
    uint64_t last_us;
    kd_lives lives;
    kd_reshard_minted minted[KD_SHARDS_MAX];
    kd_journal_place *places; /* by partition; owned */
    uint64_t plant;
} kd_reshard_store;

/* Takes the shared rows of old store `shard` of `count`; in their order, from 0 on. KD_ENOTFOUND, KD_EMISMATCH, KD_EMALFORMED, KD_EIO. */
int kd_reshard_store_read(kd_reshard_store *s, const kd_store *from, uint32_t shard, uint32_t count);
/* Hands rows E, I, L and V of new store `shard` of `to` to `put`, in this order. KD_OK, or put's value. */
int kd_reshard_store_identity(const kd_reshard_store *s, uint32_t to, uint32_t shard, kd_scan_fn put,
                              void *arg);
/* The same with row r. */
int kd_reshard_store_places(const kd_reshard_store *s, uint32_t to, uint32_t shard, kd_scan_fn put,
                            void *arg);
void kd_reshard_store_finish(kd_reshard_store *s);

#endif
