/* restore_objects.c - see the header. */
#include "central/io/backup/restore_objects.h"

#include <stdio.h>

#include "central/io/backup/backup_catalogue.h"
#include "common/backup/backup_cut.h"
#include "common/io/leveldb/leveldb_store.h"

static int restore_objects_newest(const kd_restore_objects *from, kd_backup_set *set, char *error)
{
    kd_backup_catalogue all;
    int err = kd_backup_catalogue_read(from->objects, &all, error);
    if (err == KD_OK && all.count == 0) {
        snprintf(error, KD_OPTIONS_ERROR_MAX, "%.300s: there is no backup",
                 kd_objects_address(from->objects));
        err = KD_ENOTFOUND;
    }
    if (err == KD_OK) err = kd_backup_manifest_get(from->objects, all.at[all.count - 1].name, set, error);
    kd_backup_catalogue_finish(&all);
    return err;
}

static int restore_objects_read(void *arg, kd_backup_set *set, char *error)
{
    const kd_restore_objects *from = arg;
    *set = (kd_backup_set){.partitions = 0};
    return from->name ? kd_backup_manifest_get(from->objects, from->name, set, error)
                      : restore_objects_newest(from, set, error);
}

/* The rows of a chunk, whose digest was found right, as one group of writes. */
static bool restore_objects_rows(kd_bytes rows, kd_writes *writes)
{
    kd_reader reader = kd_reader_of(rows);
    kd_bytes key, value;
    kd_writes_clear(writes);
    while (kd_reader_left(&reader) > 0) {
        if (!kd_backup_row_take(&reader, &key, &value)) return false;
        kd_writes_put(writes, key, value);
    }
    return true;
}

/* Not synced: all is in the end, by kd_dir_sync_files. */
static int restore_objects_fill(const kd_restore_objects *from, kd_bytes list, uint32_t partition,
                                kd_leveldb *to, char *error)
{
    kd_reader reader;
    kd_backup_chunk chunk;
    kd_buf packed = {0}, rows = {0};
    kd_writes writes = {.count = 0};
    bool good = kd_backup_list_begin(list, &reader);
    int err = KD_OK;
    while (good && err == KD_OK && kd_backup_list_next(&reader, &chunk)) {
        err = kd_backup_chunk_get(from->objects, partition, &chunk, &packed, &rows, error);
        if (err == KD_OK) good = restore_objects_rows(kd_buf_view(&rows), &writes);
        if (err == KD_OK && good && (err = kd_leveldb_write(to, &writes, false)) != KD_OK)
            snprintf(error, KD_OPTIONS_ERROR_MAX, "%.300s", kd_leveldb_error(to));
    }
    if (err == KD_OK && (!good || reader.bad)) {
        snprintf(error, KD_OPTIONS_ERROR_MAX,
                 "%.300s: partition %u is of a form that this program does not know",
                 kd_objects_address(from->objects), partition);
        err = KD_EVERSION;
    }
    kd_writes_finish(&writes);
    kd_buf_finish(&packed);
    kd_buf_finish(&rows);
    return err;
}

static int restore_objects_fetch(void *arg, const kd_backup_set *set, uint32_t partition, const char *path,
                                 char *error)
{
    const kd_restore_objects *from = arg;
    const kd_leveldb_options options = {
        .write_buffer_bytes = 8 << 20, .cache_bytes = 1 << 20, .create = true};
    const kd_writes nothing = {.count = 0};
    kd_buf list = {0};
    kd_leveldb *to = NULL;
    int err = kd_backup_list_get(from->objects, set, partition, &list, error);
    if (err == KD_OK) err = kd_leveldb_open(&to, path, &options, error, KD_OPTIONS_ERROR_MAX);
    if (err == KD_OK) err = restore_objects_fill(from, kd_buf_view(&list), partition, to, error);
    if (err == KD_OK && (err = kd_leveldb_write(to, &nothing, true)) != KD_OK)
        snprintf(error, KD_OPTIONS_ERROR_MAX, "%.300s", kd_leveldb_error(to));
    kd_leveldb_close(to);
    kd_buf_finish(&list);
    return err == KD_OK ? kd_dir_sync_files(path, error) : err;
}

void kd_restore_objects_origin(kd_restore_origin *origin, kd_restore_objects *from)
{
    *origin = (kd_restore_origin){.arg = from,
                                  .shown = kd_objects_address(from->objects),
                                  .dir = kd_object_place_dir(kd_objects_address(from->objects)),
                                  .read = restore_objects_read,
                                  .fetch = restore_objects_fetch};
}
