/*
 * files.h - directories and small files, made, moved and removed so that it lasts: each returns KD_OK or KD_EIO
 * with `error` (KD_OPTIONS_ERROR_MAX bytes) that names the path and the reason.
 */
#ifndef KUDOS_CENTRAL_IO_BACKUP_FILES_H
#define KUDOS_CENTRAL_IO_BACKUP_FILES_H

#include "common/io/daemon/options_file.h"

enum { KD_PATH_MAX = 4096 };

/* False when there is something in it, or it is no directory. True also when it is not there. */
bool kd_dir_is_free(const char *path);
bool kd_path_exists(const char *path);
bool kd_path_same(const char *a, const char *b); /* both are there, and one file or directory */
int kd_dir_make(const char *path, char *error);  /* one level; its parent is synced */
/* The files of one directory, synced. */
int kd_dir_sync_files(const char *path, char *error);
int kd_dir_sync(const char *path, char *error);
/* Copies and syncs the files of a database, but not its lock and its info logs. `to` is made. */
int kd_dir_copy_database(const char *from, const char *to, char *error);
/* Both names are in synced directories afterwards. `to` may be an empty directory. */
int kd_dir_rename(const char *from, const char *to, char *error);
/* Each takes the other's name, at one moment. KD_EUNAVAILABLE: it cannot be done here (not every file system can), and nothing was. */
int kd_dir_exchange(const char *a, const char *b, char *error);
/* Removes what is there, as far as that can be done: two levels, as backups and data directories have. */
void kd_dir_remove(const char *path);
int kd_file_write(const char *path, kd_bytes content, char *error); /* synced */
/* Whether another process holds the lock of the database in that directory. */
bool kd_database_is_held(const char *path);

#endif
