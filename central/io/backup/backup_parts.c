/* backup_parts.c - see the header. */
#include "central/io/backup/backup_parts.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "central/io/backup/backup_dir.h"
#include "central/io/backup/backup_manifest.h"
#include "central/io/backup/place.h"
#include "central/io/partition/tenure.h"
#include "common/base/text.h"

typedef struct {
    const char *dir, *member;
    char prefix[KD_NAME_MAX + 8]; /* NAME.part-: what all parts of this backup begin with */
    char part[KD_PATH_MAX];       /* of this member */
} backup_parts;

/* ---- its place ---- */

/* The first name in the directory that is no part of this backup; empty: there is none. */
static void backup_parts_stranger(const backup_parts *b, char *found, size_t size)
{
    DIR *d = opendir(b->dir);
    found[0] = '\0';
    if (!d) return;
    for (const struct dirent *e; found[0] == '\0' && (e = readdir(d)) != NULL;) {
        bool own = strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
                   strncmp(e->d_name, b->prefix, strlen(b->prefix)) == 0 ||
                   strncmp(e->d_name, KD_BACKUP_MANIFEST, sizeof(KD_BACKUP_MANIFEST) - 1) == 0;
        if (!own) snprintf(found, size, "%s", e->d_name);
    }
    closedir(d);
}

/* What lies there may be of this backup only: parts, and the index that an earlier round wrote. */
static int backup_parts_place(const backup_parts *b, char *error)
{
    char found[KD_PATH_MAX];
    if (b->dir[0] != '/')
        snprintf(error, KD_OPTIONS_ERROR_MAX, "%.500s is no absolute path", b->dir);
    else if (kd_place_lies_in(b->dir, found))
        snprintf(error, KD_OPTIONS_ERROR_MAX, KD_PLACE_LIES_IN, b->dir, found);
    else if (backup_parts_stranger(b, found, sizeof(found)), found[0] != '\0')
        snprintf(error, KD_OPTIONS_ERROR_MAX,
                 "%.300s holds %.100s; a backup wants a directory of its own, on the machine of each member",
                 b->dir, found);
    else
        return KD_OK;
    return KD_EINVAL;
}

/* Before the backup is begun anywhere. */
static int backup_parts_check(void *arg, char *error)
{
    const backup_parts *b = arg;
    int err = backup_parts_place(b, error);
    if (err != KD_OK || kd_dir_is_free(b->dir)) return err;
    snprintf(error, KD_OPTIONS_ERROR_MAX, "%.500s is not empty; a backup wants a directory of its own",
             b->dir);
    return KD_EINVAL;
}

static int backup_parts_begin(void *arg, char *error)
{
    (void)arg, (void)error;
    return KD_OK; /* nothing is noted in the directory: its members may have one each */
}

static int backup_parts_join(void *arg, char *error)
{
    const backup_parts *b = arg;
    int err = backup_parts_place(b, error);
    if (err == KD_OK && !kd_path_exists(b->dir)) err = kd_dir_make(b->dir, error);
    if (err == KD_OK && !kd_path_exists(b->part)) err = kd_dir_make(b->part, error);
    return err;
}

/* ---- copying ---- */

/* A copy that is there already was made before the partition moved, or was broken off. */
static int backup_parts_copy(void *arg, const kd_backup_rows *rows, kd_backup_set *set, char *error)
{
    const backup_parts *b = arg;
    char path[KD_PATH_MAX + 32];
    kd_tenure_path(path, sizeof(path), b->part, rows->partition);
    kd_dir_remove(path);
    if (!set->parts) set->parts = kd_alloc(sizeof(*set->parts) * set->partitions);
    snprintf(set->parts[rows->partition], sizeof(*set->parts), "%s", b->member);
    return kd_backup_dir_copy(b->part, rows, set, error);
}

/* Written beside its place, and moved there: an index that an earlier round wrote is there as a whole until then. */
static int backup_parts_end(void *arg, kd_backup_set *set, char *error)
{
    const backup_parts *b = arg;
    char path[KD_PATH_MAX + 16], beside[KD_PATH_MAX + KD_NAME_MAX + 16];
    kd_buf text = {0};
    int err = kd_path_exists(b->dir) ? KD_OK : kd_dir_make(b->dir, error);
    kd_backup_manifest_put(&text, set);
    snprintf(path, sizeof(path), "%s/%s", b->dir, KD_BACKUP_MANIFEST);
    snprintf(beside, sizeof(beside), "%s.%s", path, b->member);
    unlink(beside);
    if (err == KD_OK) err = kd_file_write(beside, kd_buf_view(&text), error);
    if (err == KD_OK) err = kd_dir_rename(beside, path, error);
    kd_buf_finish(&text);
    return err;
}

static bool backup_parts_abandon(void *arg)
{
    const backup_parts *b = arg;
    kd_dir_remove(b->part);
    rmdir(b->dir); /* unless parts of others are in it */
    return true;
}

void kd_backup_parts_sink(kd_backup_sink *sink, const char *dir, const char *name, const char *member)
{
    backup_parts *b = kd_alloc(sizeof(*b));
    b->dir = dir;
    b->member = member;
    snprintf(b->prefix, sizeof(b->prefix), "%s.part-", name);
    snprintf(b->part, sizeof(b->part), "%s/%s%s", dir, b->prefix, member);
    *sink = (kd_backup_sink){.arg = b,
                             .check = backup_parts_check,
                             .begin = backup_parts_begin,
                             .join = backup_parts_join,
                             .copy = backup_parts_copy,
                             .end = backup_parts_end,
                             .abandon = backup_parts_abandon,
                             .close = free};
}

/* ---- reading ---- */

/* The directory of a partition in one of the backup's; false: it is not there. */
static bool backup_parts_find(const kd_backup_dirs *dirs, const kd_backup_set *set, uint32_t partition,
                              char *path, size_t size)
{
    char part[KD_PATH_MAX];
    for (size_t i = 0; i < dirs->count; i++) {
        snprintf(part, sizeof(part), "%s/%s.part-%s", dirs->at[i], set->name, set->parts[partition]);
        kd_tenure_path(path, size, part, partition);
        if (kd_path_exists(path)) return true;
    }
    return false;
}

/* All that is missing is named at once, so that an operator fetches it in one go. */
static int backup_parts_whole(const kd_backup_dirs *dirs, const kd_backup_set *set, char *error)
{
    char path[KD_PATH_MAX + 32];
    kd_buf missing = {0};
    uint32_t count = 0;
    for (uint32_t p = 0; p < set->partitions; p++) {
        if (backup_parts_find(dirs, set, p, path, sizeof(path))) continue;
        if (count++ < 8)
            kd_text_printf(&missing, "%s%u (in %s.part-%s)", count > 1 ? ", " : "", p, set->name,
                           set->parts[p]);
    }
    if (count > 0)
        snprintf(
            error, KD_OPTIONS_ERROR_MAX,
            "of backup %s %u of %u partitions are missing: %.*s%s. Name the directories of these members, "
            "too",
            set->name, count, set->partitions, KD_PRINT(kd_buf_view(&missing)), count > 8 ? ", ..." : "");
    kd_buf_finish(&missing);
    return count > 0 ? KD_EINVAL : KD_OK;
}

static bool backup_parts_same(const kd_backup_set *a, const kd_backup_set *b)
{
    kd_buf left = {0}, right = {0};
    kd_backup_manifest_put(&left, a);
    kd_backup_manifest_put(&right, b);
    bool same = kd_bytes_eq(kd_buf_view(&left), kd_buf_view(&right));
    kd_buf_finish(&left);
    kd_buf_finish(&right);
    return same;
}

/* Takes over what the file of a further directory says, or finds that it says the same. A directory may have parts and no file. */
static int backup_parts_read_one(kd_backup_set *set, const char *dir, const char **first, char *error)
{
    kd_backup_set found;
    int err = kd_backup_dir_read(dir, &found, error);
    if (err == KD_OK && !*first) {
        kd_backup_set_finish(set);
        *set = found;
        *first = dir;
        return KD_OK;
    }
    if (err == KD_OK && !backup_parts_same(set, &found)) {
        snprintf(error, KD_OPTIONS_ERROR_MAX, "%.250s and %.250s hold two backups, %s and %s", *first, dir,
                 set->name, found.name);
        err = KD_EINVAL;
    }
    kd_backup_set_finish(&found);
    return err;
}

static int backup_parts_read(void *arg, kd_backup_set *set, char *error)
{
    const kd_backup_dirs *dirs = arg;
    const char *first = NULL;
    int err = KD_OK;
    *set = (kd_backup_set){.partitions = 0};
    for (size_t i = 0; (err == KD_OK || err == KD_ENOTFOUND) && i < dirs->count; i++)
        err = backup_parts_read_one(set, dirs->at[i], &first, error);
    if (err == KD_ENOTFOUND && first) err = KD_OK;
    if (err == KD_OK && !set->parts && dirs->count > 1) {
        snprintf(error, KD_OPTIONS_ERROR_MAX, "%.500s holds all partitions: name this directory alone",
                 first);
        return KD_EINVAL;
    }
    return err == KD_OK && set->parts ? backup_parts_whole(dirs, set, error) : err;
}

/* The files are copied, not the rows: to open the backup's database would write to it. */
static int backup_parts_fetch(void *arg, const kd_backup_set *set, uint32_t partition, const char *path,
                              char *error)
{
    const kd_backup_dirs *dirs = arg;
    char from[KD_PATH_MAX + 32];
    if (!set->parts)
        kd_tenure_path(from, sizeof(from), dirs->at[0], partition);
    else if (!backup_parts_find(dirs, set, partition, from, sizeof(from))) {
        snprintf(error, KD_OPTIONS_ERROR_MAX, "partition %u is not there any more", partition);
        return KD_EIO;
    }
    return kd_dir_copy_database(from, path, error);
}

void kd_backup_parts_origin(kd_restore_origin *origin, kd_backup_dirs *dirs)
{
    *origin = (kd_restore_origin){.arg = dirs,
                                  .shown = dirs->at[0],
                                  .dir = dirs->at[0],
                                  .read = backup_parts_read,
                                  .fetch = backup_parts_fetch};
}
