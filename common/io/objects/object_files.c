/* object_files.c - see the header. */
#include "common/io/objects/object_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/base/text.h"
#include "common/io/daemon/file_read.h"
#include "common/io/loop/clock.h"

#define NEW_FOLDER "new/"

struct kd_object_files {
    char root[KD_OBJECT_FILES_ROOT_MAX];
    int64_t old_s;
    bool swept; /* DIR/new was looked through */
    uint64_t sent_bytes;
    int64_t stamp_s;   /* when the last file was put, by the clock that stamps files; 0: none was */
    uint64_t stamp_us; /* the same moment by the monotonic clock */
};

kd_object_files *kd_object_files_create(const char *root, int64_t old_s)
{
    size_t len = strlen(root);
    while (len > 1 && root[len - 1] == '/') len--;
    if (len >= KD_OBJECT_FILES_ROOT_MAX) return NULL;
    kd_object_files *f = kd_alloc(sizeof *f);
    memcpy(f->root, root, len);
    f->old_s = old_s;
    return f;
}

void kd_object_files_destroy(kd_object_files *f)
{
    free(f);
}

const char *kd_object_files_root(const kd_object_files *f)
{
    return f->root;
}

uint64_t kd_object_files_sent_bytes(const kd_object_files *f)
{
    return f->sent_bytes;
}

static int files_failed(const char *path, int cause, char *error)
{
    bool refused = cause == EACCES || cause == EPERM || cause == EROFS || cause == ENOTDIR || cause == ENOENT;
    snprintf(error, KD_OPTIONS_ERROR_MAX, "%.400s: %s", path, strerror(cause));
    return refused ? KD_EINVAL : KD_EIO;
}

static const char *files_path(const kd_object_files *f, const char *name, char path[KD_PATH_MAX])
{
    snprintf(path, KD_PATH_MAX, "%s/%s", f->root, name);
    return path;
}

/* The directory in which an object lies. */
static const char *files_folder(const kd_object_files *f, const char *name, char path[KD_PATH_MAX])
{
    files_path(f, name, path);
    *strrchr(path, '/') = '\0';
    return path;
}

/* ---- lists ---- */

static int64_t files_age(const kd_object_files *f, const struct stat *info)
{
    int64_t now = time(NULL);
    if (f->stamp_s > 0) now = f->stamp_s + (int64_t)((kd_clock_mono_us() - f->stamp_us) / 1000000);
    return KD_MAX(now - (int64_t)info->st_mtime, (int64_t)0);
}

/* What is no regular file, or has a longer name than any object, is none of ours. */
static int files_tell(const kd_object_files *f, const char *folder, const char *name,
                      const kd_object_each *each, char *error)
{
    char path[KD_PATH_MAX], object[KD_OBJECT_FILE_NAME_MAX];
    struct stat info;
    if ((size_t)snprintf(object, sizeof object, "%s%s", folder, name) >= sizeof object) return KD_OK;
    if (lstat(files_path(f, object, path), &info) != 0)
        return errno == ENOENT ? KD_OK : files_failed(path, errno, error);
    const kd_object_seen seen = {.name = kd_bytes_str(name), .age_s = files_age(f, &info)};
    return S_ISREG(info.st_mode) ? each->call(each->arg, &seen, error) : KD_OK;
}

/* Whatever the locale. */
static int files_order(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int files_no_folder(const kd_object_files *f, const char *path, int cause, char *error)
{
    struct stat info;
    if (cause != ENOENT) return files_failed(path, cause, error);
    return stat(f->root, &info) == 0 ? KD_OK : files_failed(f->root, errno, error);
}

int kd_object_files_list(const kd_object_files *f, const char *folder, const kd_object_each *each,
                         char *error)
{
    char path[KD_PATH_MAX];
    struct dirent **entries = NULL;
    int count = scandir(files_path(f, folder, path), &entries, NULL, files_order);
    if (count < 0) return files_no_folder(f, path, errno, error);
    int err = KD_OK;
    for (int i = 0; i < count; i++) {
        if (err == KD_OK) err = files_tell(f, folder, entries[i]->d_name, each, error);
        free(entries[i]);
    }
    free(entries);
    return err;
}

/* ---- putting ---- */

static int files_sweep_one(void *arg, const kd_object_seen *seen, char *error)
{
    const kd_object_files *f = arg;
    char object[KD_OBJECT_FILE_NAME_MAX];
    if (seen->age_s <= f->old_s) return KD_OK;
    snprintf(object, sizeof object, NEW_FOLDER "%.*s", KD_PRINT(seen->name));
    return kd_object_files_remove(f, object, error);
}

/* Once, behind a file that told what time it is. */
static int files_sweep(kd_object_files *f, char *error)
{
    const kd_object_each each = {.call = files_sweep_one, .arg = f};
    if (f->swept) return KD_OK;
    f->swept = true;
    return kd_object_files_list(f, NEW_FOLDER, &each, error);
}

/* Two that make it at once both have it. */
static int files_make(const char *path, char *error)
{
    struct stat info;
    if (stat(path, &info) == 0 || kd_dir_make(path, error) == KD_OK) return KD_OK;
    return stat(path, &info) == 0 ? KD_OK : KD_EINVAL;
}

static int files_make_all(const kd_object_files *f, const char *name, char *error)
{
    char path[KD_PATH_MAX];
    int err = files_make(f->root, error);
    if (err == KD_OK) err = files_make(files_folder(f, NEW_FOLDER, path), error);
    return err == KD_OK ? files_make(files_folder(f, name, path), error) : err;
}

/* A file that has just been written tells the time. */
static void files_note_time(kd_object_files *f, const char *path)
{
    struct stat info;
    if (stat(path, &info) != 0) return;
    f->stamp_s = (int64_t)info.st_mtime;
    f->stamp_us = kd_clock_mono_us();
}

static int files_rename(const kd_object_files *f, const char *from, const char *name, char *error)
{
    char path[KD_PATH_MAX];
    if (rename(from, files_path(f, name, path)) != 0) return files_failed(path, errno, error);
    return kd_dir_sync(files_folder(f, name, path), error);
}

int kd_object_files_put(kd_object_files *f, const char *name, kd_bytes body, char *error)
{
    char fresh[KD_OBJECT_FILE_NAME_MAX], from[KD_PATH_MAX];
    snprintf(fresh, sizeof fresh, NEW_FOLDER "%08" PRIx32 "%08" PRIx32, randombytes_random(),
             randombytes_random());
    int err = files_make_all(f, name, error);
    if (err != KD_OK) return err;
    err = kd_file_write(files_path(f, fresh, from), body, error);
    files_note_time(f, from);
    if (err == KD_OK) err = files_rename(f, from, name, error);
    if (err == KD_OK) f->sent_bytes += body.len;
    if (err != KD_OK) unlink(from);
    return err == KD_OK ? files_sweep(f, error) : err;
}

/* ---- the others ---- */

int kd_object_files_get(const kd_object_files *f, const char *name, size_t max, kd_buf *body, char *error)
{
    char path[KD_PATH_MAX];
    int err = kd_file_read(files_path(f, name, path), max, body);
    if (err != KD_OK) snprintf(error, KD_OPTIONS_ERROR_MAX, "%.400s: %s", path, kd_strerror(err));
    return err;
}

int kd_object_files_remove(const kd_object_files *f, const char *name, char *error)
{
    char path[KD_PATH_MAX];
    if (unlink(files_path(f, name, path)) != 0)
        return errno == ENOENT ? KD_OK : files_failed(path, errno, error);
    return kd_dir_sync(files_folder(f, name, path), error);
}
