/*
 * backup_cut.h - where the rows of a partition are cut into chunks, the objects of a backup in an object store.
 *
 * A chunk is a run of rows in key order, and its object is named by the digest of these rows. So a backup sends only chunks that no earlier one sent,
 * provided that rows which did not change are cut in the same places again. Cuts at fixed sizes would not do: one row more at the front moves all cuts
 * behind it. Nor would table files of LevelDB: the copy's are cut by size, and those of the store itself are written anew by each compaction, whether
 * their rows changed or not. Hence content-defined cuts (Muthitacharoen, Chen, Mazieres: "A low-bandwidth network file system", SOSP 2001), here by the
 * hash of a row's key: a cut moves only where keys near it come or go.
 */
#ifndef KUDOS_COMMON_BACKUP_BACKUP_CUT_H
#define KUDOS_COMMON_BACKUP_BACKUP_CUT_H

#include "kudos/base.h"

enum {
    KD_BACKUP_CHUNK_MIN = 128 * 1024, /* bytes of rows before the first cut is looked for */
    KD_BACKUP_CHUNK_MAX = 2 * 1024 * 1024,
    KD_BACKUP_CUT_ROWS = 4096 /* one key in so many cuts */
};

/* Whether the chunk, of `bytes` with this row, ends behind the row of that key. */
bool kd_backup_cut_after(size_t bytes, kd_bytes key);
/* Whether it ends between rows with these first bytes of their keys: the few rows that change with every commit (identity, edges, backups, redo,
 * velocities) do not share a chunk with members and counts. */
bool kd_backup_cut_between(uint8_t before, uint8_t next);
/* Appends a row to a chunk: klen be32, vlen be32, key, value. The digests of a partition and of its chunks are of this form. */
void kd_backup_row_put(kd_buf *chunk, kd_bytes key, kd_bytes value);
/* Takes the next row. False, and the reader is bad: what is left holds no whole row. */
bool kd_backup_row_take(kd_reader *chunk, kd_bytes *key, kd_bytes *value);

#endif
