/*
 * seed_give.h - gives copies of partitions to other members, chunk by chunk (rule 35 of docs/protocol.md). A thread of its own reads and packs the chunks; the
 * partition's worker only takes a snapshot of its store.
 *
 *     request on the server's loop -> this thread: a copy that is known, or a place for a new one
 *         new: -> the worker of the partition: leads, or agrees? then a snapshot -> this thread
 *     -> cut, packed, paid for -> the server's loop answers
 *
 * Bounds: KD_SEED_GIVEN_MAX copies at a time, one for each member that asks; together central.seed_rate bytes a second; in memory one chunk. A copy of which
 * nothing is asked for KD_SEED_IDLE_US, or that is older than KD_SEED_HELD_US, is let go of: its snapshot holds what was overwritten since. So is one
 * whose partition this member lets go of. Who asked begins another one then, and is sent only what he does not have.
 */
#ifndef KUDOS_CENTRAL_IO_SEED_SEED_GIVE_H
#define KUDOS_CENTRAL_IO_SEED_SEED_GIVE_H

#include "central/io/worker/worker.h"
#include "common/backup/seed_chunk.h"
#include "common/io/http/server/http_server.h"

enum { KD_SEED_GIVEN_MAX = 2 };
#define KD_SEED_IDLE_US 60000000ull
#define KD_SEED_HELD_US 3600000000ull

typedef struct kd_seed_giver kd_seed_giver;

/* What is asked for; views live as long as the request. */
typedef struct {
    uint32_t partition;
    uint64_t seed; /* 0: a new copy is begun */
    kd_bytes member;
    kd_bytes after; /* the key behind which the chunk begins */
    bool has;       /* the asker has a chunk there, with this digest */
    uint8_t digest[KD_BACKUP_DIGEST];
} kd_seed_question;

typedef struct {
    uint64_t bytes; /* of chunks that were sent */
    uint32_t open;  /* copies that are being given */
} kd_seed_given;

/* Borrows all for its life; answers are given on `home`. KD_OK, or KD_EIO with `error` and *giver NULL. */
int kd_seed_giver_create(kd_seed_giver **giver, const kd_central_settings *settings, kd_worker *workers,
                         kd_loop *home, char *error);
/* On `home`: answers the request, now or later. `done` is called on `home` behind the answer. */
void kd_seed_giver_ask(kd_seed_giver *giver, kd_http_request *req, const kd_seed_question *question,
                       void (*done)(void *arg), void *arg);
/* From any thread: copies of this partition are let go of, since its store is to be closed. */
void kd_seed_giver_let_go(kd_seed_giver *giver, uint32_t partition);
/* From any thread: what is asked from now on is refused, and nothing waits any more. NULL is fine. */
void kd_seed_giver_end(kd_seed_giver *giver);
/* From any thread. */
kd_seed_given kd_seed_giver_get(const kd_seed_giver *giver);
/* Ends the thread, and lets go of all; before the workers end. No request is open. NULL is fine. */
void kd_seed_giver_destroy(kd_seed_giver *giver);

#endif
