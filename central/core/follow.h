/*
 * follow.h - the side of a follower in the core; kudos/follow.h has the contract.
 *
 * While a central follows, its versions are its own: it cuts the log into other commits than the leader. So edges must not take a version of the leader
 * for one of these, when the follower leads one day. The store notes up to where its versions are those of its epoch:
 *
 *     i     version be64: of the copy that it began from; epoch be64 and name of the last claim that it read. While there is no such row, all versions
 *           are.
 *
 * A start that leads is promoted (promote.h): the row goes when that is settled.
 *
 * A digest is kept for each of the last records, so that a snapshot that is heard late, or after a restart, is compared all the same:
 *
 *     i | 2 | be64          version be64 of a commit, then the digests be64 behind the records that it holds; the number of the first one is in the key
 */
#ifndef KUDOS_CENTRAL_CORE_FOLLOW_H
#define KUDOS_CENTRAL_CORE_FOLLOW_H

#include "kudos/follow.h"

struct kd_commit;

enum { KD_FOLLOW_PLACES = 512 }; /* commits whose digests are kept */

/* A commit with records. */
typedef struct {
    uint64_t version, first, last; /* records */
} kd_follow_place;

/* A leader's snapshot that is not compared yet, or not heard whole. */
typedef struct {
    uint64_t epoch, version;
    kd_history history; /* read 0: none */
    uint64_t told;      /* records whose changes and milestones its leader has told */
    kd_chain_link chain[KD_CHAIN_MAX];
    int64_t offset;                     /* in the counts topic; -1: not told */
    uint32_t chain_count, parts, heard; /* parts that were heard */
    uint8_t part[KD_SNAPSHOT_PARTS_MAX / 8];
} kd_follow_heard;

typedef struct {
    bool noted;     /* the store has the row */
    uint64_t since; /* its version */
    uint64_t leader_epoch;
    uint8_t leader_len; /* 0: no claim was read */
    char leader[KD_NAME_MAX];
    uint64_t *digests;       /* behind record n at n modulo KD_FOLLOW_DIGESTS; NULL: this central leads */
    uint64_t from;           /* records read at the start: digests before it are not known */
    kd_follow_heard awaited; /* a snapshot that is ahead of us */
    kd_follow_heard newest;  /* the one that was heard last, of which parts may be missing */
    uint64_t claim_epoch,
        claim_at; /* of the newest claim in force that was read since the start, and its number among our records; 0: none */
    uint64_t short_us;      /* when at the end of the log `short_of` was heard already */
    uint64_t short_epoch;   /* of that snapshot */
    kd_history short_of;    /* read 0: at the last end the leader had told of nothing more */
    int64_t offset;         /* in the counts topic, of the record that is being heard; -1: none is */
    uint64_t heard_version; /* the largest that the counts topic told, of whatever epoch */
    uint64_t heard_epoch;   /* the largest that a claim, a snapshot or an envelope told, and is believed */
    /* The largest of a marker: edges pass over snapshots of lower ones that stand behind it. */
    uint64_t marked_epoch, marked_at_us; /* by its author's clock */
    uint64_t put;                        /* records whose digests are in the store, or on their way there */
    kd_follow_place *places;             /* a ring, NULL where `digests` is: of commits begun, ascending */
    uint32_t place_first, place_count;
    kd_following told;
} kd_follower;

/* After kd_history_load. KD_OK, KD_EIO, KD_EMALFORMED. */
int kd_follow_load(kd_central *c, uint64_t hint);
/* The last version of the epoch in the store that edges may have heard of. This start leads: the row goes with its first commit. */
uint64_t kd_follow_end(kd_central *c);
/* A claim was read, which is believed; `force`: it came into force. */
void kd_follow_claimed(kd_central *c, const kd_claim *claim, bool force);
/* Somebody named this epoch, which is believed. */
void kd_follow_told(kd_central *c, uint64_t epoch);
/* The counts topic tells of this version. */
void kd_follow_heard_version(kd_central *c, uint64_t version);
/* Whether a snapshot tells of the counts of this partition. */
bool kd_follow_concerns(const kd_central *c, const kd_snapshot *s);
/* kd_central_hear of a snapshot, at a store that does not lead, or not yet. */
void kd_follow_hear(kd_central *c, const kd_snapshot *s, int64_t offset);
/* A record was read: behind kd_history_read. */
void kd_follow_read(kd_central *c);
/* kd_central_at_end of a follower. */
void kd_follow_at_end(kd_central *c, uint64_t mono_us);
/* At the begin of a commit: puts the digests of its records. */
void kd_follow_put(kd_central *c, struct kd_commit *k);
/* A commit is durable. */
void kd_follow_committed(kd_central *c);
/* It leads: what a follower remembers goes, with the open commit. */
void kd_follow_over(kd_central *c);
void kd_follow_finish(kd_follower *f);

#endif
