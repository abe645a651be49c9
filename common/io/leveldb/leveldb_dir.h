/*
 * leveldb_dir.h - the directory of a database, before LevelDB touches it.
 */
#ifndef KUDOS_COMMON_IO_LEVELDB_LEVELDB_DIR_H
#define KUDOS_COMMON_IO_LEVELDB_LEVELDB_DIR_H

#include <stdbool.h>
#include <stddef.h>

/* For leveldb_store.c. KD_OK: LevelDB may open `dir`; with `create` the directory has been made. KD_ENOTFOUND: no database, and `create` is false.
 * KD_EMALFORMED: data without its CURRENT file, which LevelDB would take for an empty directory in which to begin anew. KD_EIO. `err` gets the cause
 * without the directory's name. */
int kd_leveldb_dir_prepare(const char *dir, bool create, char *err, size_t size);
/* Whether there is a database (a file CURRENT). Ask after kd_leveldb_dir_prepare. */
bool kd_leveldb_dir_has(const char *dir);
/* Empties LevelDB's file LOG, a diary of compactions that grows for as long as the database is open, when it is larger than KD_LEVELDB_LOG_MAX.
 * LevelDB appends to it, so the next line stands at its beginning. */
void kd_leveldb_dir_trim_log(const char *dir);

enum { KD_LEVELDB_LOG_MAX = 8 * 1024 * 1024 };

/* Whether anything was ever acknowledged in any database below `parent` whose name begins with `prefix` (shard-, partition-). If so, a missing
 * sibling was lost and must not be made anew. After a first start that was broken off nothing was acknowledged yet, so it may be repeated. */
bool kd_leveldb_any_holds_rows(const char *parent, const char *prefix);

#endif
