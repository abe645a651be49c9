/*
 * restore.h - puts a backup where a central can start on it. The backup is copied and verified beside its place, as DIR.restoring,
 * and moved there as a whole: there is never half a copy under the name of the place, and what is there before stays there until that moment.
 */
#ifndef KUDOS_CENTRAL_IO_BACKUP_RESTORE_H
#define KUDOS_CENTRAL_IO_BACKUP_RESTORE_H

#include "central/io/backup/backup_set.h"

/* Where the backup is: a directory (backup_dir.h) or an object store (backup_objects.h). It is only read. */
typedef struct {
    void *arg;
    const char *shown; /* for messages */
    const char *dir;   /* NULL: it is no directory */
    /* What it is: KD_OK; KD_ENOTFOUND: there is no backup; KD_EINVAL, KD_EUNAVAILABLE: of an object store; or another kd_err; each with `error`. */
    int (*read)(void *arg, kd_backup_set *set, char *error);
    /* Makes the database of a partition at `path`, durably. KD_OK, or a kd_err with `error`. */
    int (*fetch)(void *arg, const kd_backup_set *set, uint32_t partition, const char *path, char *error);
} kd_restore_origin;

typedef struct {
    const kd_restore_origin *from;
    const char *to; /* the place: a data directory */
    bool force;     /* what is at the place is moved aside, to DIR.replaced-TIME */
    void *arg;
    /* In the copy at `dir`, which is verified, the backup of that name is to be listed as complete. KD_OK, or a kd_err with `error`. */
    int (*complete)(void *arg, const char *dir, const char *name, char *error);
    /* Rows of this partition verified so far; false: the restore is to be given up. */
    bool (*progress)(void *arg, uint32_t partition, uint32_t partitions, uint64_t rows);
} kd_restore_source;

typedef struct {
    kd_backup_set set; /* of the backup; freed with kd_backup_set_finish in any case */
    uint64_t rows;
    char to[KD_PATH_MAX / 2]; /* the place, without a slash at its end */
    char aside[KD_PATH_MAX];  /* where what was there is now; empty: nothing was */
} kd_restored;

/* Returns an exit code, with `error` (KD_OPTIONS_ERROR_MAX bytes) unless it is KD_EXIT_OK; unless the move itself failed, the place is then as it
 * was. libsodium is initialised. */
int kd_restore_run(const kd_restore_source *source, kd_restored *restored, char *error);

/* For the start of a central. KD_EUNAVAILABLE with `error` when there is nothing at `data_dir` because a restore to it is under way or was broken
 * off: a central that began anew there would stand in its way. Else KD_OK. */
int kd_restore_awaited(const char *data_dir, char *error);

#endif
