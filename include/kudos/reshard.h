/*
 * reshard.h - the stores of an edge for another number of shards: every row goes to the store of the shard that owns it afterwards. Pure: reads the old
 * stores, which nobody writes meanwhile, and hands out the rows of each new one.
 *
 *     open (reads all rows once, checks them) -> tally -> write of each new shard -> complete? -> close
 *
 * A partition has the same rows before and after: its batches keep their positions, so nothing is sent under another one. What a store keeps for all its
 * partitions together is joined from all old stores (edge/core/reshard_store.h), and the number of a remembered idempotency key changes.
 */
#ifndef KUDOS_RESHARD_H
#define KUDOS_RESHARD_H

#include "kudos/edge.h"

typedef struct kd_reshard kd_reshard;

/* Where kd_reshard_open and kd_reshard_write met an error. */
typedef struct {
    uint32_t shard; /* number of the old store */
    char kind;      /* first byte of the row's key; 0: the store as a whole */
} kd_reshard_fault;

/*
 * `from` are the stores of all `count` shards, in their order; they are borrowed until the close. `life` is a random number, not 0. `plant` is a bit set
 * of kd_edge_plant, 0 in production.
 * KD_OK; or *out is NULL, and *fault tells where: KD_ENOTFOUND: a store that belongs to no edge yet. KD_EMISMATCH: they are not the stores of one edge with
 * `count` shards. KD_EMALFORMED: a row that is damaged, of no known kind, or of another shard's partition. KD_EIO.
 */
int kd_reshard_open(kd_reshard **out, const kd_store *from, uint32_t count, uint32_t life, uint64_t plant,
                    kd_reshard_fault *fault);
void kd_reshard_close(kd_reshard *r); /* NULL is fine */
/* Whose stores these are; `shard` is 0. The object's. */
const kd_edge_stored *kd_reshard_is(const kd_reshard *r);

/* Rows of one kind in all old stores. */
typedef struct {
    const char *name; /* as an operator is told it; static */
    uint64_t rows, bytes;
} kd_reshard_tally;
enum { KD_RESHARD_KINDS = 6 };
/* How many rows there are: members, counts, journal, keys, aside, partitions. */
void kd_reshard_tell(const kd_reshard *r, kd_reshard_tally out[KD_RESHARD_KINDS]);
/* Remembered keys that go to all new shards, because an older program stored them without their partition. */
uint64_t kd_reshard_unplaced(const kd_reshard *r);

/* Hands all rows of new shard `shard` of `to` to `put`, each once. KD_OK; KD_EIO, KD_EMALFORMED with *fault; or the value with which `put` stopped it. */
int kd_reshard_write(kd_reshard *r, uint32_t to, uint32_t shard, kd_scan_fn put, void *arg,
                     kd_reshard_fault *fault);
/* Whether the new shards written since the opening, all `to` of them, have exactly the rows of the old ones. */
bool kd_reshard_complete(const kd_reshard *r, uint32_t to);

#endif
