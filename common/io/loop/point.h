/*
 * point.h - named moments on the way of a like, at which a torture run ends the process as a power button would.
 *
 * In a build made for that (`make POINTS=1`) a point counts its passes, and KUDOS_KILL_AT=NAME:N in the environment
 * ends the process with SIGKILL at the N-th pass of that point. In every other build a point is nothing at all: no code, no
 * environment variable is read.
 *
 * The last four lie in LevelDB: the library that watches syncs (sim/preload/powercut.c) knows them, where it is preloaded, in every build.
 */
#ifndef KUDOS_COMMON_IO_LOOP_POINT_H
#define KUDOS_COMMON_IO_LOOP_POINT_H

#include "kudos/base.h"

/* name, what has happened and what has not */
#define KD_POINTS(X)                                                                                         \
    X(BEFORE_SYNC, "before-sync", "edge, central: a group is with its committer, nothing of it is on disk")  \
    X(AFTER_SYNC, "after-sync", "edge, central: the group is synced, nobody was told")                       \
    X(AFTER_ANSWER, "after-answer", "edge: the answers of a group are released, not yet on the wire")        \
    X(AFTER_SEAL, "after-seal", "edge: a batch is sealed, durable and due, not yet handed to Kafka")         \
    X(AFTER_PRODUCE, "after-produce", "edge: a batch is handed to the producer, nothing came back")          \
    X(AFTER_DELIVERY, "after-delivery", "edge: Kafka has acknowledged a batch, the core does not know yet")  \
    X(BEFORE_INSTALL, "before-install", "edge: a snapshot was read from Kafka, nothing of it is installed")  \
    X(AFTER_INSTALL, "after-install",                                                                        \
      "edge: a snapshot is installed in memory; its rows and the outbox's deletions wait for their group")   \
    X(BEFORE_COMMIT, "before-commit", "central: batches are merged in memory, their commit is not begun")    \
    X(AFTER_COMMIT, "after-commit", "central: a commit is durable, nothing of it is published")              \
    X(BEFORE_PUBLISH, "before-publish", "central: a snapshot is made, not handed to Kafka")                  \
    X(AFTER_PUBLISH, "after-publish", "central: a snapshot is handed to Kafka, nothing came back")           \
    X(BACKUP_PARTITION, "backup-partition",                                                                  \
      "central: a partition of a backup is copied, the backup is not in its place")                          \
    X(RESTORE_PARTITION, "restore-partition",                                                                \
      "restore: a partition is put back and verified, nothing is in its place")                              \
    X(TABLE_WRITTEN, "table-written", "edge, central: LevelDB has written a table, not synced it")           \
    X(TABLE_SYNCED, "table-synced", "edge, central: a table is synced, no manifest names it")                \
    X(MANIFEST_WRITTEN, "manifest-written", "edge, central: a manifest has an edit more, not synced")        \
    X(CURRENT_WRITTEN, "current-written", "edge, central: CURRENT is about to name a new manifest")

typedef enum {
#define KD_POINT_ENUM(id, name, text) KD_POINT_##id,
    KD_POINTS(KD_POINT_ENUM)
#undef KD_POINT_ENUM
        KD_POINT_COUNT
} kd_point;

#ifdef KUDOS_POINTS
/* Counts a pass, and ends the process when the environment asks for this one. By KD_POINT only; any thread. */
void kd_point_pass(kd_point point);
#define KD_POINT(id) kd_point_pass(KD_POINT_##id)
#else
#define KD_POINT(id) ((void)0)
#endif

#endif
