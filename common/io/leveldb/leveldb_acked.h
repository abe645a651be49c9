/*
 * leveldb_acked.h - the file ACKED in a database's directory: up to which operation its writer was told that it is
 * on stable storage. Used by leveldb_store.c alone.
 *
 *     acked 00000000000000000042
 *
 * The file is written in place after each synced write, and synced
 * itself only at opening and closing: a power cut may leave an older number, never a larger one than what is stored. A kill
 * leaves the last one. So a database that holds less than ACKED has lost what it had acknowledged.
 *
 * It is made, filled and synced before there is a database. So an empty one beside a database was emptied, and is refused; one
 * without a database is what a kill left while it was made, and is filled.
 *
 * Its lock (by open file, so that it tells two handles of one process apart, too) is held as long as it is open.
 */
#ifndef KUDOS_COMMON_IO_LEVELDB_LEVELDB_ACKED_H
#define KUDOS_COMMON_IO_LEVELDB_LEVELDB_ACKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KD_LEVELDB_ACKED "ACKED"

typedef struct {
    int fd; /* -1: not open */
    uint64_t acked;
} kd_leveldb_acked;

/* Opens and locks, or makes it with zeros; one that somebody removed counts as such, too. KD_EUNAVAILABLE: somebody has it
 * open; KD_EMALFORMED: it is empty beside a database, or does not decode; KD_EIO. `err` gets the cause without the directory's name. */
int kd_leveldb_acked_open(kd_leveldb_acked *a, const char *dir, char *err, size_t size);
/* 0, or -1 with errno. */
int kd_leveldb_acked_write(kd_leveldb_acked *a);
int kd_leveldb_acked_sync(const kd_leveldb_acked *a);
void kd_leveldb_acked_close(kd_leveldb_acked *a);

/* Whether anything was ever acknowledged in this directory, as far as can be told without locking it. */
bool kd_leveldb_acked_any(const char *dir);

#endif
