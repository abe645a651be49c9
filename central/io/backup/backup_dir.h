/*
 * backup_dir.h - a backup in a directory:
 *
 *     DIR/BACKUP            what it is (backup_manifest.h)
 *     DIR/partition-NNNN    a database of its own
 *
 * It is made beside its place, as DIR.partial, and moved there when all of it is on stable storage.
 */
#ifndef KUDOS_CENTRAL_IO_BACKUP_BACKUP_DIR_H
#define KUDOS_CENTRAL_IO_BACKUP_BACKUP_DIR_H

#include "central/io/backup/backup_set.h"

#define KD_BACKUP_MANIFEST "BACKUP"

/* A sink that makes the backup at `dir`, an absolute path that is borrowed. */
void kd_backup_dir_sink(kd_backup_sink *sink, const char *dir);
/* Reads the file BACKUP: KD_OK; KD_ENOTFOUND: there is none; KD_EMALFORMED; KD_EIO; each with `error`. kd_backup_set_finish in any case. libsodium is
 * initialised. */
int kd_backup_dir_read(const char *dir, kd_backup_set *set, char *error);
/* Copies the rows of a partition into DIR/partition-NNNN, durably; fills in its sums. `dir` is there. KD_OK, or a kd_err with `error`. */
int kd_backup_dir_copy(const char *dir, const kd_backup_rows *rows, kd_backup_set *set, char *error);

#endif
