/*
 * follow.h - a central that follows (kd_central_config.follows): it merges what the leader merges, from the same log, and publishes nothing. It claims
 * no epoch, no claim fences it, and what the topics would get is not kept for them.
 *
 * It compares its history with that which the leader's snapshots tell (rule 31). Once they differ they differ for good: the follower has lost its way,
 * and its counts may be wrong. It is made anew from a copy of the leader's store.
 */
#ifndef KUDOS_FOLLOW_H
#define KUDOS_FOLLOW_H

#include "kudos/central.h"

enum {
    /* digests that a follower remembers, of the last records: a snapshot further behind is not compared */
    KD_FOLLOW_DIGESTS = 8192,
};

typedef enum {
    KD_FOLLOWS_UNPROVEN, /* nothing was compared since the start */
    KD_FOLLOWS_AGREED,
    KD_FOLLOWS_DIFFERS,
    KD_FOLLOWS_LOST, /* the log cannot be read on (kd_central_lose) */
} kd_follows;

typedef struct {
    bool follows;
    kd_bytes name;         /* of this central; views live until the object is closed */
    kd_bytes leader;       /* whose claim was read last; empty: none since the store began to follow */
    uint64_t leader_epoch; /* of that claim */
    kd_follows state;
    kd_history ours;    /* of all records that were fed */
    kd_history heard;   /* of the newest snapshot of the highest epoch that was heard of; read 0: none */
    uint64_t epoch;     /* of that snapshot */
    uint64_t version;   /* likewise */
    uint64_t compared;  /* snapshots, since the start */
    kd_history differs; /* while it differs: what the leader told */
} kd_following;

/* A snapshot of the leader, of this partition: compared now, or when as many records are read. One without a history, of a lower epoch than another that
 * was heard, or further behind than the digests reach, is passed over. */
void kd_central_compare(kd_central *c, const kd_snapshot *s);
/* At a central that leads `name` and `ours` alone are told. */
void kd_central_get_following(const kd_central *c, kd_following *out);
/* The record behind the last one fed is gone or cannot be read. A follower does not read its log again: it is lost for good. */
void kd_central_lose(kd_central *c);
/* "unproven", "agreed", "differs", "lost". */
const char *kd_follows_name(kd_follows state);

#endif
