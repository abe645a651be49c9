/*
 * follow.h - the side of a follower in the core; kudos/follow.h has the contract.
 *
 * While a central follows, its versions are its own: it cuts the log into other commits than the leader. So edges must not take a version of the leader
 * for one of these, when the follower leads one day. The store notes up to where its versions are those of its epoch:
 *
 *     i     version be64: of the copy that it began from; epoch be64 and name of the last claim that it read. While there is no such row, all versions
 *           are.
 *
 * The next start that leads ends the epoch in the store with that version (epoch.c), and deletes the row.
 */
#ifndef KUDOS_CENTRAL_CORE_FOLLOW_H
#define KUDOS_CENTRAL_CORE_FOLLOW_H

#include "kudos/follow.h"

typedef struct {
    bool noted;     /* the store has the row */
    uint64_t since; /* its version */
    uint64_t leader_epoch;
    uint8_t leader_len; /* 0: no claim was read */
    char leader[KD_NAME_MAX];
    uint64_t *digests;  /* behind record n at n modulo KD_FOLLOW_DIGESTS; NULL: this central leads */
    uint64_t from;      /* records read at the start: digests before it are not known */
    kd_history awaited; /* of a snapshot that is ahead of us; read 0: none */
    uint64_t awaited_epoch;
    kd_following told;
} kd_follower;

/* After kd_history_load. KD_OK, KD_EIO, KD_EMALFORMED. */
int kd_follow_load(kd_central *c);
/* The last version of the epoch in the store that edges may have heard of. This start leads: the row goes with its first commit. */
uint64_t kd_follow_end(kd_central *c);
/* A claim was read, which is believed. */
void kd_follow_claimed(kd_central *c, const kd_claim *claim);
/* A record was read: behind kd_history_read. */
void kd_follow_read(kd_central *c);
/* A commit is durable: nothing of it is kept for the topics. */
void kd_follow_committed(kd_central *c);
void kd_follow_finish(kd_follower *f);

#endif
