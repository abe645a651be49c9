/* backup_dir.c - see the header. */
#include "central/io/backup/backup_dir.h"

#include <stdio.h>
#include <stdlib.h>

#include "central/io/backup/backup_manifest.h"
#include "central/io/backup/place.h"
#include "central/io/partition/tenure.h"
#include "common/io/daemon/file_read.h"
#include "common/io/leveldb/leveldb_store.h"

enum { GROUP_BYTES = 1024 * 1024 };

typedef struct {
    const char *dir;
    char partial[KD_PATH_MAX];
    bool made; /* the partial one is ours to remove */
} backup_dir;

/* ---- its place ---- */

static int backup_dir_check(void *arg, char *error)
{
    const backup_dir *d = arg;
    char found[KD_PATH_MAX];
    if (d->dir[0] != '/')
        snprintf(error, KD_OPTIONS_ERROR_MAX, "%.500s is no absolute path", d->dir);
    else if (kd_place_lies_in(d->dir, found))
        snprintf(error, KD_OPTIONS_ERROR_MAX, KD_PLACE_LIES_IN, d->dir, found);
    else if (!kd_dir_is_free(d->dir))
        snprintf(error, KD_OPTIONS_ERROR_MAX, "%.500s is not empty; a backup wants a directory of its own",
                 d->dir);
    else if (kd_path_exists(d->partial))
        snprintf(error, KD_OPTIONS_ERROR_MAX,
                 "%.500s is there, of a backup that was broken off or is under way", d->partial);
    else
        return KD_OK;
    return KD_EINVAL;
}

static int backup_dir_begin(void *arg, char *error)
{
    backup_dir *d = arg;
    int err = kd_dir_make(d->partial, error);
    d->made = err == KD_OK;
    return err;
}

static int backup_dir_end(void *arg, kd_backup_set *set, char *error)
{
    const backup_dir *d = arg;
    char path[KD_PATH_MAX + 16];
    kd_buf text = {0};
    kd_backup_manifest_put(&text, set);
    snprintf(path, sizeof(path), "%s/%s", d->partial, KD_BACKUP_MANIFEST);
    int err = kd_file_write(path, kd_buf_view(&text), error);
    kd_buf_finish(&text);
    return err == KD_OK ? kd_dir_rename(d->partial, d->dir, error) : err;
}

static bool backup_dir_abandon(void *arg)
{
    const backup_dir *d = arg;
    if (d->made) kd_dir_remove(d->partial);
    return true;
}

/* ---- one partition ---- */

typedef struct {
    kd_leveldb *to;
    kd_writes writes;
} backup_dir_copy;

static int backup_dir_take_row(void *arg, kd_bytes key, kd_bytes value)
{
    backup_dir_copy *c = arg;
    kd_writes_put(&c->writes, key, value);
    if (c->writes.buf.len < GROUP_BYTES) return 0; /* not synced: all is in the end, by kd_dir_sync_files */
    int err = kd_leveldb_write(c->to, &c->writes, false);
    kd_writes_clear(&c->writes);
    return err;
}

int kd_backup_dir_copy(const char *dir, const kd_backup_rows *rows, kd_backup_set *set, char *error)
{
    backup_dir_copy c = {.to = NULL};
    char path[KD_PATH_MAX + 32];
    const kd_leveldb_options options = {
        .write_buffer_bytes = 8 << 20, .cache_bytes = 1 << 20, .create = true};
    kd_tenure_path(path, sizeof(path), dir, rows->partition);
    int err = kd_leveldb_open(&c.to, path, &options, error, KD_OPTIONS_ERROR_MAX);
    if (err != KD_OK) return err;
    err = kd_backup_rows_each(rows, backup_dir_take_row, &c, &set->at[rows->partition]);
    if (err == KD_OK) err = kd_leveldb_write(c.to, &c.writes, true);
    kd_writes_finish(&c.writes);
    if (err != KD_OK)
        snprintf(error, KD_OPTIONS_ERROR_MAX, "partition %u: %s", rows->partition,
                 err == KD_EAGAIN            ? "given up, since central is stopping"
                 : kd_leveldb_poisoned(c.to) ? kd_leveldb_error(c.to)
                                             : "the store could not be read");
    kd_leveldb_close(c.to);
    return err == KD_OK ? kd_dir_sync_files(path, error) : err;
}

static int backup_dir_copy_partition(void *arg, const kd_backup_rows *rows, kd_backup_set *set, char *error)
{
    const backup_dir *d = arg;
    return kd_backup_dir_copy(d->partial, rows, set, error);
}

void kd_backup_dir_sink(kd_backup_sink *sink, const char *dir)
{
    backup_dir *d = kd_alloc(sizeof(*d));
    d->dir = dir;
    snprintf(d->partial, sizeof(d->partial), "%s.partial", dir);
    *sink = (kd_backup_sink){.arg = d,
                             .check = backup_dir_check,
                             .begin = backup_dir_begin,
                             .copy = backup_dir_copy_partition,
                             .end = backup_dir_end,
                             .abandon = backup_dir_abandon,
                             .close = free};
}

/* ---- reading ---- */

int kd_backup_dir_read(const char *dir, kd_backup_set *set, char *error)
{
    char path[KD_PATH_MAX + 16];
    kd_buf text = {0};
    *set = (kd_backup_set){.partitions = 0};
    snprintf(path, sizeof(path), "%s/%s", dir, KD_BACKUP_MANIFEST);
    int err = kd_file_read(path, KD_BACKUP_MANIFEST_MAX, &text);
    if (err == KD_OK) err = kd_backup_manifest_read(&text, set);
    if (err == KD_OK && set->lists) err = KD_EMALFORMED; /* of an object store: its rows are not here */
    kd_buf_finish(&text);
    if (err == KD_ENOTFOUND)
        snprintf(error, KD_OPTIONS_ERROR_MAX, "%.500s is no backup: it holds no file " KD_BACKUP_MANIFEST,
                 dir);
    else if (err != KD_OK)
        snprintf(error, KD_OPTIONS_ERROR_MAX, "%.500s is damaged: %s", path, kd_strerror(err));
    return err;
}
