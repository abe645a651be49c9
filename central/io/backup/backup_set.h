/*
 * backup_set.h - a backup: what it is, and how one is made, whatever keeps it (the sink): a directory (backup_dir.h), or an object store
 * (backup_objects.h).
 *
 * The digests are of rows, not of files: opening a database, as an audit of a backup does, writes its files anew. The rows of a partition are those of
 * one snapshot, hence of one version: counts, redo, applied and log position belong together.
 */
#ifndef KUDOS_CENTRAL_IO_BACKUP_BACKUP_SET_H
#define KUDOS_CENTRAL_IO_BACKUP_BACKUP_SET_H

#include "central/io/backup/backup_rows.h"
#include "common/io/daemon/files.h"
#include "central/io/operator/order.h"

enum { KD_BACKUP_MADE_MAX = 24 };

typedef struct {
    char name[KD_NAME_MAX + 1];
    char made[KD_BACKUP_MADE_MAX]; /* 2026-01-02T03:04:05Z */
    uint32_t partitions;
    kd_backup_sums *at; /* by partition; freed with kd_backup_set_finish */
    /* Of an object store: the digest of each partition's list; NULL: of a directory. */
    uint8_t (*lists)[KD_BACKUP_DIGEST];
    /* Of directories that several members wrote: the member that wrote each partition; NULL: one central wrote all. */
    char (*parts)[KD_NAME_MAX + 1];
    uint64_t objects, new_objects,
        sent_bytes; /* of an object store, when it was made here: all; those that were not there yet; what they took */
} kd_backup_set;

/* Where the rows of a backup come from, and how its partitions are told of it: a central that runs, or the stores of one that is stopped. */
typedef struct {
    void *arg;
    uint32_t partitions;
    const char *name;
    /* Carries a step out on all partitions, durable when it returns: KD_ORDER_BACKUP_ABSENT, _BEGIN, _COMPLETE, _FORGET. */
    int (*order)(void *arg, kd_order_kind kind, char *error);
    /* Calls `use` with the partition's store, which stands still meanwhile; returns its kd_err. */
    int (*with_store)(void *arg, uint32_t partition,
                      int (*use)(void *arg, const kd_store *store, char *error), void *use_arg, char *error);
    bool (*progress)(void *arg, uint32_t partition, uint64_t rows); /* false: the backup is to be given up */
} kd_backup_source;

/* What keeps the backup. Its calls come in this order, from one thread; each returns KD_OK or a kd_err with `error`. */
typedef struct {
    void *arg;
    /* Whether a backup may be made there; KD_EINVAL: no. Central has not heard of it yet. */
    int (*check)(void *arg, char *error);
    int (*begin)(void *arg, char *error);
    /* Instead of `begin`, in a process that copies a part of a backup which was begun before. Of a sink for parts alone. */
    int (*join)(void *arg, char *error);
    /* Takes the rows of a partition, of all in their order. */
    int (*copy)(void *arg, const kd_backup_rows *rows, kd_backup_set *set, char *error);
    /* The backup is whole: on stable storage, and found by a restore. */
    int (*end)(void *arg, kd_backup_set *set, char *error);
    /* After an error since `begin`: nothing shall be left that a restore would find. False: that may not be so. */
    bool (*abandon)(void *arg);
    /* In any case. */
    void (*close)(void *arg);
} kd_backup_sink;

/* Partitions, a name, the present time, and sums that are all 0. kd_backup_set_finish in any case. */
void kd_backup_set_begin(kd_backup_set *set, uint32_t partitions, const char *name);

/* Makes a backup. KD_OK and *set; KD_EINVAL: the sink is no place for one; or another kd_err; with `error`, and nothing of it is left that could be
 * restored, neither in the sink nor in the list of backups (as far as the partitions and the sink can be told). Only when KD_ORDER_BACKUP_COMPLETE fails
 * does the copy stay, in its place and in the lists, not complete in some of them. kd_backup_set_finish in any case. libsodium is initialised. */
int kd_backup_make(const kd_backup_source *source, const kd_backup_sink *sink, kd_backup_set *set,
                   char *error);

/* Appends `backup name= partitions= rows= bytes= verdict=done` and a line's end; of an object store with objects=, new_objects= and sent_bytes=. */
void kd_backup_set_line(const kd_backup_set *set, kd_buf *out);
/* Frees the sums; *set is empty. */
void kd_backup_set_finish(kd_backup_set *set);

#endif
