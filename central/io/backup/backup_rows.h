/* backup_rows.h - the rows of one partition's store, one after the other, and their sums: of a backup that is made, and of a copy that is verified. */
#ifndef KUDOS_CENTRAL_IO_BACKUP_BACKUP_ROWS_H
#define KUDOS_CENTRAL_IO_BACKUP_BACKUP_ROWS_H

#include "common/backup/backup_list.h"
#include "kudos/store.h"

typedef struct {
    uint64_t rows, bytes;
    uint8_t digest[KD_BACKUP_DIGEST]; /* BLAKE2b of klen be32, vlen be32, key, value of each row in order */
} kd_backup_sums;

typedef struct {
    const kd_store *store; /* stands still meanwhile */
    uint32_t partition;
    bool (*progress)(void *arg, uint32_t partition, uint64_t rows); /* false: to be given up */
    void *progress_arg;
} kd_backup_rows;

/* Sums up the rows, and gives each to `take` (NULL: to nobody) first. KD_OK, KD_EIO, KD_EAGAIN (`progress` returned false), or what `take` returned.
 * libsodium is initialised. */
int kd_backup_rows_each(const kd_backup_rows *rows, kd_scan_fn take, void *arg, kd_backup_sums *sums);

#endif
