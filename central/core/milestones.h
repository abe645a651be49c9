/*
 * milestones.h - which thresholds the counts of items have passed, and the records of the milestones topic.
 *
 * A count passes a threshold where a record of the log lifts it from below the threshold to it or above. So what is passed follows from the records and
 * their order, and not from how they were cut into commits: a count that went over a threshold and back within one commit has passed it, if it stood
 * above behind one of the records. The operations of one record happen at once.
 *
 * A threshold is passed once: the highest one that was passed is stored, and neither it nor a lower one is passed again. A threshold that is configured
 * later is passed silently by items that are above it, unless they fall below it and rise again before a higher one was passed.
 *
 *     k | 0 | counter | item key       the highest threshold passed, be64
 *     k | 1 | version, first be64      a record of the milestones topic (kudos/wire.h), until it is delivered
 *
 * Both rows ride in the commit whose operations passed the threshold. Invariants of the queue: the records ascend by (version, first);
 * gone <= delivered <= taken <= count; gone <= durable; a record leaves the store only when it is delivered.
 *
 * A follower keeps the records, too, and tells them when it is promoted (rule 32): its leader may have died before it told them. They go when a snapshot
 * of the leader says that the milestones of as many records of the log are delivered. A record that a start finds in the store may be of any record of
 * the log that was read before. Of more than `untold_max` bytes the oldest go: a leader keeps no more, but who has no leader may follow for long.
 */
#ifndef KUDOS_CENTRAL_CORE_MILESTONES_H
#define KUDOS_CENTRAL_CORE_MILESTONES_H

#include "central/core/commit.h"

/* A row with a record. */
typedef struct {
    uint64_t version, first, bytes;
    uint64_t read; /* records of the log that were read when it was made, or by the start that found it */
} kd_milestone_row;

typedef struct {
    kd_milestone_row *at; /* at[gone..count) are in the store, or on their way there */
    uint32_t count, cap;
    uint32_t gone;       /* index of the first whose row is not deleted */
    uint32_t delivered;  /* index of the first that Kafka has not taken */
    uint32_t taken;      /* index of the first that was not handed out */
    uint32_t durable;    /* index of the first whose commit is not durable */
    uint64_t owed_bytes; /* of those from `delivered` on */
    uint64_t told;       /* all milestones of so many records of the log are in front of `delivered` */
    kd_buf held;         /* planted: a record that misses its commit */
} kd_milestone_queue;

/* Lists the rows with records: KD_OK, KD_EIO, KD_EMALFORMED. */
int kd_milestones_load(kd_central *c);
void kd_milestones_finish_queue(kd_milestone_queue *q);
/* At the begin of a commit, behind kd_lookup_resolve: puts the rows of what it passes. KD_OK, KD_EIO. */
int kd_milestones_decide(kd_central *c, kd_commit *k);
/* Puts the records of `k->passed`, and the deletions of rows whose records are delivered. */
void kd_milestones_put(kd_central *c, kd_commit *k);
/* Of the records of the log that the committed state holds, so many, the last ones, may have milestones that are not delivered. */
uint64_t kd_milestones_untold(const kd_central *c);
/* The leader has told the milestones of so many records of the history that this store has, too. */
void kd_milestones_vouched(kd_central *c, uint64_t told);
/* At the end of a commit: its records may be handed out. */
void kd_milestones_committed(kd_central *c, const kd_commit *k);

#endif
