/*
 * files.h - directories and small files, made, moved and removed durably: a change is on stable storage when the call returns. Unless it says
 * otherwise a call returns KD_OK, or KD_EIO with `error` (KD_OPTIONS_ERROR_MAX bytes), which names the path and the reason.
 */
#ifndef KUDOS_COMMON_IO_DAEMON_FILES_H
#define KUDOS_COMMON_IO_DAEMON_FILES_H

#include "common/io/daemon/options_file.h"

enum { KD_PATH_MAX = 4096 };

/* Whether a directory may be put at this path: nothing is there, or an empty directory. A path that cannot be examined is not free. */
bool kd_dir_is_free(const char *path);
/* Whether something has that name, even a dangling symbolic link. */
bool kd_path_exists(const char *path);
/* Whether the name itself is a symbolic link, dangling or not. */
bool kd_path_is_link(const char *path);
/* Whether both names are there and lead to one file or directory. */
bool kd_path_same(const char *a, const char *b);
/* Makes one directory, in a parent that is there; KD_EIO also when the name is taken. */
int kd_dir_make(const char *path, char *error);
/* Syncs the files of one directory, and the directory. */
int kd_dir_sync_files(const char *path, char *error);
/* Syncs the directory itself, so that the names in it survive a crash. */
int kd_dir_sync(const char *path, char *error);
/* Makes `to` and copies the files of a database into it, but not its lock and its info logs. The database is not open. */
int kd_dir_copy_database(const char *from, const char *to, char *error);
/* Moves a directory and syncs the parents of both names. `to` is not there, or an empty directory. */
int kd_dir_rename(const char *from, const char *to, char *error);
/* The two directories exchange their names atomically. KD_EUNAVAILABLE, with nothing changed, where the file system cannot do that. */
int kd_dir_exchange(const char *a, const char *b, char *error);
/* Removes a directory and its content, two levels deep, as backups and data directories are. Files that cannot be removed stay, without an error. */
void kd_dir_remove(const char *path);
/* Makes and syncs a file; KD_EIO also when the name is taken. */
int kd_file_write(const char *path, kd_bytes content, char *error);
/* Whether another process holds the lock of the database in that directory. */
bool kd_database_is_held(const char *path);

#endif
