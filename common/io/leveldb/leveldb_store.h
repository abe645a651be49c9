/*
 * leveldb_store.h - kd_store on LevelDB.
 *
 * Fail-stop: after the first failed write or sync the handle is poisoned, and every later write answers
 * KD_EIO without touching the disk. LevelDB itself goes on acknowledging: after one ENOSPC it answers OK to
 * synced puts which it has appended behind a torn record and will drop at the next open. Reads go on, for
 * what is stored is still true.
 *
 * One thread writes; any thread may read (get, scan) at the same time. A scan sees the state at its
 * beginning.
 */
#ifndef KUDOS_COMMON_IO_LEVELDB_LEVELDB_STORE_H
#define KUDOS_COMMON_IO_LEVELDB_LEVELDB_STORE_H

#include "kudos/store.h"

typedef struct kd_leveldb kd_leveldb;

/* A zero stands for the default in brackets. */
typedef struct {
    size_t write_buffer_bytes; /* [32 MiB] memory up to twice this */
    size_t cache_bytes;        /* [64 MiB] LRU cache of uncompressed blocks */
    int max_open_files;        /* [500] */
    bool create;               /* make the directory, its parents and an empty database when missing */
} kd_leveldb_options;

/*
 * Opens the database in `dir`; options NULL: the defaults, without creating. On failure *db is NULL and `err`
 * (which may be NULL with size 0) names directory and cause:
 *
 *     KD_ENOTFOUND     there is no database, and `create` is false
 *     KD_EUNAVAILABLE  another process, or another handle of this one, has it open
 *     KD_EMALFORMED    it is corrupted, or holds less than was acknowledged (ACKED, leveldb_acked.h)
 *     KD_EIO           anything else
 */
int kd_leveldb_open(kd_leveldb **db, const char *dir, const kd_leveldb_options *options, char *err,
                    size_t size);
/* As kd_leveldb_open, for one of several databases that belong together, others of which hold rows: without `create` a missing one is a loss,
 * KD_EMALFORMED. */
int kd_leveldb_open_beside(kd_leveldb **db, const char *dir, const kd_leveldb_options *options, char *err,
                           size_t size);
/* As kd_leveldb_open of a database that must be there, with small buffers: for the commands of an operator. */
int kd_leveldb_open_existing(kd_leveldb **db, const char *dir, char *err, size_t size);
/* Syncs ACKED and closes; no other thread may be inside a call. NULL is fine. */
void kd_leveldb_close(kd_leveldb *db);

/* get and scan of the present state, valid until close. A read that fails, or whose checksum does not fit, is KD_EIO, never
 * KD_ENOTFOUND. */
kd_store kd_leveldb_store(kd_leveldb *db);

/* The state of the database at one moment; later writes are not in it. */
typedef struct kd_leveldb_snapshot kd_leveldb_snapshot;
/* Takes the present state. A group of writes is in it as a whole or not at all, and only when its sync (if it asked for one) has succeeded. Any
 * thread, also while another one writes. The caller releases it before the database is closed. */
kd_leveldb_snapshot *kd_leveldb_snapshot_take(kd_leveldb *db);
/* get and scan of that state, valid until the release. Any thread. */
kd_store kd_leveldb_snapshot_store(kd_leveldb_snapshot *s);
/* Any thread. About how many bytes of the disk rows in front of that key take; what was not written to tables yet counts nothing. */
uint64_t kd_leveldb_snapshot_size(const kd_leveldb_snapshot *s, kd_bytes to);
/* Any thread. NULL is fine. */
void kd_leveldb_snapshot_release(kd_leveldb_snapshot *s);
/* Any thread. Whether a snapshot is out, so that the database must not be closed. NULL: false. */
bool kd_leveldb_is_read(const kd_leveldb *db);

/* Applies the group atomically; with `sync` it is on stable storage, and ACKED tells so, before KD_OK. KD_EIO poisons the handle. The writing thread
 * only. */
int kd_leveldb_write(kd_leveldb *db, const kd_writes *writes, bool sync);

/* Whether a write has failed. Any thread. */
bool kd_leveldb_poisoned(const kd_leveldb *db);
/* Cause of the first failed write; empty while there is none. Any thread; valid until close. */
const char *kd_leveldb_error(const kd_leveldb *db);
/* Reads that failed so far. Any thread. */
uint64_t kd_leveldb_read_errors(const kd_leveldb *db);

#endif
