/*
 * leveldb_dir.h - the directory of a database, before LevelDB touches it.
 */
#ifndef KUDOS_COMMON_IO_LEVELDB_LEVELDB_DIR_H
#define KUDOS_COMMON_IO_LEVELDB_LEVELDB_DIR_H

#include <stdbool.h>
#include <stddef.h>

/*
 * For leveldb_store.c: KD_OK when LevelDB may open `dir`; with `create`, it has been made. KD_ENOTFOUND: no database, and
 * `create` is false; KD_EMALFORMED: data without its CURRENT file, which LevelDB would take for an empty directory and start
 * anew; KD_EIO. `err` gets the cause without the directory's name.
 */
int kd_leveldb_dir_prepare(const char *dir, bool create, char *err, size_t size);
/* Whether there is a database; to be asked after kd_leveldb_dir_prepare. */
bool kd_leveldb_dir_has(const char *dir);
/* LevelDB tells of its compactions in LOG, for as long as the database is open: empties it when it has grown large. It is appended to, so what is
 * told next stands at its beginning. */
void kd_leveldb_dir_trim_log(const char *dir);

enum { KD_LEVELDB_LOG_MAX = 8 * 1024 * 1024 };

/* Whether anything was ever written and acknowledged in any directory of `parent` whose name begins so: one that is missing
 * beside it was lost, and is not to be made anew. At a first start that was broken off nothing was acknowledged yet. */
bool kd_leveldb_any_holds_rows(const char *parent, const char *prefix);

#endif
