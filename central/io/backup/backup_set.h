/*
 * backup_set.h - a backup on disk:
 *
 *     DIR/BACKUP            what it is, with a digest of the rows of each partition and one of itself
 *     DIR/partition-NNNN    a database of its own
 *
 * A backup is made beside its place, as DIR.partial, and moved there when all of it is on stable storage. The digests are of rows, not of files:
 * opening a database, as an audit of a backup does, writes its files anew. The rows of a partition are those of one snapshot, hence of one version:
 * counts, redo, applied and log position belong together.
 */
#ifndef KUDOS_CENTRAL_IO_BACKUP_BACKUP_SET_H
#define KUDOS_CENTRAL_IO_BACKUP_BACKUP_SET_H

#include "common/io/daemon/files.h"
#include "central/io/operator/order.h"
#include "kudos/store.h"

enum { KD_BACKUP_DIGEST = 32 };
#define KD_BACKUP_MANIFEST "BACKUP"

typedef struct {
    uint64_t rows, bytes;
    uint8_t digest[KD_BACKUP_DIGEST]; /* BLAKE2b of klen be32, vlen be32, key, value of each row in order */
} kd_backup_sums;

typedef struct {
    char name[KD_NAME_MAX + 1];
    uint32_t partitions;
    kd_backup_sums *at; /* by partition; freed with kd_backup_set_finish */
} kd_backup_set;

/* Where the rows of a backup come from, and how its partitions are told of it: a central that runs, or the stores of one that is stopped. */
typedef struct {
    void *arg;
    uint32_t partitions;
    const char *name, *dir; /* dir: an absolute path */
    /* Carries a step out on all partitions, durable when it returns: KD_ORDER_BACKUP_ABSENT, _BEGIN, _COMPLETE, _FORGET. */
    int (*order)(void *arg, kd_order_kind kind, char *error);
    /* Calls `use` with the partition's store, which stands still meanwhile; returns its kd_err. */
    int (*with_store)(void *arg, uint32_t partition,
                      int (*use)(void *arg, const kd_store *store, char *error), void *use_arg, char *error);
    bool (*progress)(void *arg, uint32_t partition, uint64_t rows); /* false: the backup is to be given up */
} kd_backup_source;

/* Makes a backup. KD_OK and *set; KD_EINVAL: `dir` is no place for one; or another kd_err; with `error`, and nothing of it is left, neither on disk nor in the list of backups (as far as the
 * partitions can be told). Only when KD_ORDER_BACKUP_COMPLETE fails does the copy stay, in its place and in the lists, not complete in some of them.
 * kd_backup_set_finish in any case. libsodium is initialised. */
int kd_backup_make(const kd_backup_source *source, kd_backup_set *set, char *error);

/* Reads the file BACKUP: KD_OK; KD_ENOTFOUND: there is none; KD_EMALFORMED; KD_EIO; each with `error`. kd_backup_set_finish in any case. libsodium is
 * initialised. */
int kd_backup_set_read(const char *dir, kd_backup_set *set, char *error);
/* Appends `backup name= partitions= rows= bytes= verdict=done` and a line's end. */
void kd_backup_set_line(const kd_backup_set *set, kd_buf *out);
/* Frees the sums; *set is empty. */
void kd_backup_set_finish(kd_backup_set *set);

/* Sums up the rows of a store. KD_OK, KD_EIO, KD_EAGAIN (`progress` returned false). libsodium is initialised. */
int kd_backup_sum(const kd_store *store, uint32_t partition,
                  bool (*progress)(void *arg, uint32_t partition, uint64_t rows), void *arg,
                  kd_backup_sums *sums);

#endif
