/*
 * redo.h - redo rows: one for each commit that moved a count, until nobody needs it any more.
 *
 * Three need a redo row:
 *   - counts that are dirty in memory: an open replays it onto their stored rows;
 *   - the changes topic, until the record made of it is delivered;
 *   - the first snapshot after a start, which carries all that changed since the last one published, so that a restart makes no gap at the edges.
 *
 * Invariants: versions ascend; first <= needed, first <= owed; a row below both `needed` and `owed` may go.
 */
#ifndef KUDOS_CENTRAL_CORE_REDO_H
#define KUDOS_CENTRAL_CORE_REDO_H

#include "central/core/commit.h"

/* A redo row in the store. */
typedef struct {
    uint64_t version, bytes;
} kd_redo;

typedef struct {
    kd_redo *at; /* at[first..count) exist */
    uint32_t first, count, cap;
    uint32_t needed;       /* index of the first row that a dirty count still needs */
    uint64_t needed_bytes; /* of the rows from `needed` on */
    uint32_t owed;         /* index of the first row that Kafka has not taken, as changes or in a snapshot */
    uint64_t owed_bytes;   /* of the rows from `owed` on */
    uint64_t bytes;        /* of all of them */
} kd_redo_list;

/* Lists the rows and replays them onto the counts: KD_OK, KD_EIO, KD_EMALFORMED. After kd_registry_load and kd_lookup_load, whose names and filter it
 * needs. */
int kd_redo_load(kd_central *c);
/* After `published` or `delivered` has moved: rows up to it are owed no longer. */
void kd_redo_settle(kd_central *c);
/* At the begin of a commit whose effects are decided: puts its redo row, if it moved a count. */
void kd_redo_put(kd_central *c, kd_commit *k);
/* At the end of a commit: lists its redo row. */
void kd_redo_committed(kd_central *c, const kd_commit *k);
/* At the begin of a commit: adds count rows to its writes while there is too much redo, and deletions of redo rows that nobody needs. */
void kd_redo_trickle(kd_central *c, kd_commit *k);
/* Reads a row that is listed. KD_OK, or KD_EIO also where it is not there. */
int kd_redo_read(kd_central *c, uint64_t version, kd_buf *row);

#endif
