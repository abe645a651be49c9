/*
 * object_files.h - objects as files of a directory, which may be mounted from elsewhere. The name of an object is FOLDER/NAME.
 *
 * A file is written and synced as DIR/new/CHANCE, and then renamed: so an object is there as a whole or not at all, also where the power fails. What a writer
 * that was killed left in DIR/new is removed by a later one, when it is old. Ages are by the clock that stamps the files, once one was put: it is not ours where
 * the directory is mounted. Waits for the system without a limit.
 */
#ifndef KUDOS_COMMON_IO_OBJECTS_OBJECT_FILES_H
#define KUDOS_COMMON_IO_OBJECTS_OBJECT_FILES_H

#include "common/io/daemon/files.h"
#include "common/io/objects/object_each.h"

enum { KD_OBJECT_FILE_NAME_MAX = 128, KD_OBJECT_FILES_ROOT_MAX = KD_PATH_MAX - KD_OBJECT_FILE_NAME_MAX };

typedef struct kd_object_files kd_object_files;

/* `root` is an absolute path; slashes at its end mean nothing. Nothing is touched yet. What is left in DIR/new is removed when it is older than `old_s`.
 * NULL: the path is too long. */
kd_object_files *kd_object_files_create(const char *root, int64_t old_s);
void kd_object_files_destroy(kd_object_files *files); /* NULL is fine */
/* The path, without slashes at its end. */
const char *kd_object_files_root(const kd_object_files *files);
/* Bytes that were put so far. */
uint64_t kd_object_files_sent_bytes(const kd_object_files *files);

/*
 * These return KD_OK or, with `error` (KD_OPTIONS_ERROR_MAX bytes), which names the path and the reason: KD_EINVAL, what does not pass by itself, such as a right; KD_EIO,
 * a disk. libsodium is initialised.
 */

/* Puts an object, over one of that name. Makes DIR where its parent is there. */
int kd_object_files_put(kd_object_files *files, const char *name, kd_bytes body, char *error);
/* Gets an object. Also KD_ENOTFOUND; KD_ETOOBIG: it is longer than `max`. */
int kd_object_files_get(const kd_object_files *files, const char *name, size_t max, kd_buf *body,
                        char *error);
/* Removes an object. One that is not there is fine. */
int kd_object_files_remove(const kd_object_files *files, const char *name, char *error);
/* Calls `each` for the regular files of a folder (with a slash at its end), in the order of the bytes of their names. A folder that is not there is
 * empty; where DIR is not there, KD_EINVAL. */
int kd_object_files_list(const kd_object_files *files, const char *folder, const kd_object_each *each,
                         char *error);

#endif
