/*
 * seed_take.h - makes partitions of this member from copies of other members' (rule 35 of docs/protocol.md). A thread of its own asks for the chunks and writes
 * them into DATA/seeding-NNNN (seed_copy.h); the worker then puts the copy in place. Which partition, of whom, and when again: kudos/seeding.h.
 *
 *     wanted by its worker -> a source is chosen -> chunk by chunk -> whole, durable -> kd_worker_seeded -> kd_seed_taker_placed
 *
 * At whatever point it breaks off, the next attempt finds what is there and goes on, with the same source or another one.
 */
#ifndef KUDOS_CENTRAL_IO_SEED_SEED_TAKE_H
#define KUDOS_CENTRAL_IO_SEED_SEED_TAKE_H

#include "central/io/members/membership.h"
#include "central/io/worker/worker.h"
#include "kudos/seeding.h"

typedef struct kd_seed_taker kd_seed_taker;

typedef struct {
    uint64_t bytes;        /* that came */
    uint64_t done, failed; /* copies that were put in place; attempts that broke off */
    uint32_t open;         /* copies under way */
    uint32_t waiting;      /* partitions that want one */
} kd_seed_taken;

/* Borrows all. KD_OK, or KD_EIO with `error` and *taker NULL. */
int kd_seed_taker_create(kd_seed_taker **taker, const kd_central_settings *settings,
                         kd_membership *membership, kd_worker *workers, char *error);
/* Starts the thread: when those of the members and the workers run. KD_OK or KD_EIO. */
int kd_seed_taker_start(kd_seed_taker *taker);
/* From any thread, as often as wanted: whether the partition is to be made from a copy. */
void kd_seed_taker_want(kd_seed_taker *taker, uint32_t partition, kd_seed_want want);
/* From a worker's thread: what became of the copy that kd_worker_seeded told it of. `ok`: it is in place. */
void kd_seed_taker_placed(kd_seed_taker *taker, uint32_t partition, bool ok);
/* From any thread: whether a copy of the partition is under way, and how far. `taker` is a kd_seed_taker, or NULL: false. */
bool kd_seed_taker_progress(void *taker, uint32_t partition, kd_seed_progress *out);
/* From any thread. */
kd_seed_taken kd_seed_taker_get(kd_seed_taker *taker);
/* Ends the thread, within the time of one group of writes, and no copy is under way any more; before the workers end. The second time it does nothing. NULL is fine. */
void kd_seed_taker_stop(kd_seed_taker *taker);
/* When no worker runs any more. NULL is fine. */
void kd_seed_taker_destroy(kd_seed_taker *taker);

#endif
