/*
 * leveldb_acked.h - the file ACKED in a database's directory: the number of the last operation that the writer was told is on stable storage. Used by
 * leveldb_store.c and leveldb_dir.c; others take it for the lock alone, while the database is closed and moved.
 *
 *     acked 00000000000000000042
 *
 * The file is written in place after each synced write of the database, and is itself synced at opening and closing only. So a power cut may leave an
 * older number, a kill leaves the last number, and neither leaves a number above what is stored: a database that holds less than ACKED has lost
 * acknowledged writes.
 *
 * ACKED is made, filled and synced before there is a database. So an empty ACKED beside a database was emptied by somebody, and is refused. An empty
 * ACKED without a database is left by a kill during its making, and is filled.
 *
 * An flock on the file is held as long as it is open. It belongs to the open file, not to the process, so two handles of one process exclude each
 * other too.
 */
#ifndef KUDOS_COMMON_IO_LEVELDB_LEVELDB_ACKED_H
#define KUDOS_COMMON_IO_LEVELDB_LEVELDB_ACKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KD_LEVELDB_ACKED "ACKED"

typedef struct {
    int fd;         /* -1: not open */
    uint64_t acked; /* number of the last operation on stable storage */
} kd_leveldb_acked;

/* Opens, locks and reads the file; where there is none, also beside a database from which it was removed, makes it with the number 0. KD_OK, and the
 * caller closes it. KD_EUNAVAILABLE: another handle has it open. KD_EMALFORMED: it is empty beside a database, or does not decode. KD_EIO. `err` gets
 * the cause without the directory's name. */
int kd_leveldb_acked_open(kd_leveldb_acked *a, const char *dir, char *err, size_t size);
/* Writes a->acked over the number in the file, without a sync. 0, or -1 with errno. */
int kd_leveldb_acked_write(kd_leveldb_acked *a);
/* Syncs the file. 0, or -1 with errno. */
int kd_leveldb_acked_sync(const kd_leveldb_acked *a);
/* Closes and unlocks; again does nothing. */
void kd_leveldb_acked_close(kd_leveldb_acked *a);

/* Whether anything was ever acknowledged in this directory, without locking it. An ACKED that cannot be read counts as yes; without an ACKED, or with
 * an empty one, a database counts as yes. */
bool kd_leveldb_acked_any(const char *dir);

#endif
