/* backup_set.c - making a backup; reading one is in backup_manifest.c. */
#include "central/io/backup/backup_set.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "central/io/backup/backup_manifest.h"
#include "central/io/backup/place.h"
#include "central/io/partition/tenure.h"
#include "common/io/leveldb/leveldb_store.h"
#include "common/io/loop/point.h"

enum { GROUP_BYTES = 1024 * 1024, PROGRESS_ROWS = 4096 };

/* The rows of one partition on their way into the sums, and into the copy. */
typedef struct {
    const kd_backup_source *source;
    bool (*progress)(void *arg, uint32_t partition, uint64_t rows);
    void *progress_arg;
    uint32_t partition;
    kd_leveldb *to; /* the copy; NULL: the rows are only summed up */
    kd_writes writes;
    crypto_generichash_state hash;
    kd_backup_sums *sums;
} backup_set_rows;

static void backup_set_hash_number(backup_set_rows *r, size_t n)
{
    const uint8_t be[] = {(uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};
    crypto_generichash_update(&r->hash, be, sizeof(be));
}

static int backup_set_take_row(void *arg, kd_bytes key, kd_bytes value)
{
    backup_set_rows *r = arg;
    backup_set_hash_number(r, key.len);
    backup_set_hash_number(r, value.len);
    crypto_generichash_update(&r->hash, key.data, key.len);
    crypto_generichash_update(&r->hash, value.data, value.len);
    r->sums->bytes += key.len + value.len;
    if (++r->sums->rows % PROGRESS_ROWS == 0 && !r->progress(r->progress_arg, r->partition, r->sums->rows))
        return KD_EAGAIN;
    if (!r->to) return 0;
    kd_writes_put(&r->writes, key, value);
    if (r->writes.buf.len < GROUP_BYTES) return 0; /* not synced: all is in the end, by kd_dir_sync_files */
    int err = kd_leveldb_write(r->to, &r->writes, false);
    kd_writes_clear(&r->writes);
    return err;
}

static int backup_set_take_all(backup_set_rows *r, const kd_store *store)
{
    *r->sums = (kd_backup_sums){.rows = 0};
    crypto_generichash_init(&r->hash, NULL, 0, KD_BACKUP_DIGEST);
    int err = store->scan(store->ctx, (kd_bytes){0}, (kd_bytes){0}, backup_set_take_row, r);
    crypto_generichash_final(&r->hash, r->sums->digest, KD_BACKUP_DIGEST);
    if (err == KD_OK && r->to) err = kd_leveldb_write(r->to, &r->writes, true);
    kd_writes_finish(&r->writes);
    return err;
}

int kd_backup_sum(const kd_store *store, uint32_t partition,
                  bool (*progress)(void *arg, uint32_t partition, uint64_t rows), void *arg,
                  kd_backup_sums *sums)
{
    backup_set_rows r = {.partition = partition, .progress = progress, .progress_arg = arg, .sums = sums};
    return backup_set_take_all(&r, store);
}

/* ---- one partition ---- */

static void backup_set_partial(const kd_backup_source *s, char *out, size_t size)
{
    snprintf(out, size, "%s.partial", s->dir);
}

static int backup_set_copy_partition(void *arg, const kd_store *store, char *error)
{
    backup_set_rows *r = arg;
    char partial[KD_PATH_MAX], path[KD_PATH_MAX + 32];
    const kd_leveldb_options options = {
        .write_buffer_bytes = 8 << 20, .cache_bytes = 1 << 20, .create = true};
    backup_set_partial(r->source, partial, sizeof(partial));
    kd_tenure_path(path, sizeof(path), partial, r->partition);
    int err = kd_leveldb_open(&r->to, path, &options, error, KD_OPTIONS_ERROR_MAX);
    if (err != KD_OK) return err;
    err = backup_set_take_all(r, store);
    if (err != KD_OK)
        snprintf(error, KD_OPTIONS_ERROR_MAX, "partition %u: %s", r->partition,
                 err == KD_EAGAIN             ? "given up, since central is stopping"
                 : kd_leveldb_poisoned(r->to) ? kd_leveldb_error(r->to)
                                              : "the store could not be read");
    kd_leveldb_close(r->to);
    r->to = NULL;
    return err == KD_OK ? kd_dir_sync_files(path, error) : err;
}

static int backup_set_copy_partitions(const kd_backup_source *s, kd_backup_set *set, char *error)
{
    int err = KD_OK;
    for (uint32_t p = 0; err == KD_OK && p < s->partitions; p++) {
        backup_set_rows r = {.source = s,
                             .progress = s->progress,
                             .progress_arg = s->arg,
                             .partition = p,
                             .sums = &set->at[p]};
        err = s->progress(s->arg, p, 0) ? s->with_store(s->arg, p, backup_set_copy_partition, &r, error)
                                        : KD_EAGAIN;
        KD_POINT(BACKUP_PARTITION);
    }
    return err;
}

/* ---- all of it ---- */

static int backup_set_check_place(const kd_backup_source *s, const char *partial, char *error)
{
    char found[KD_PATH_MAX];
    if (s->dir[0] != '/')
        snprintf(error, KD_OPTIONS_ERROR_MAX, "%.500s is no absolute path", s->dir);
    else if (kd_place_lies_in(s->dir, found))
        snprintf(
            error, KD_OPTIONS_ERROR_MAX,
            "%.300s lies in %.300s, a database, a data directory or a backup; a backup wants a directory "
            "of its own",
            s->dir, found);
    else if (!kd_dir_is_free(s->dir))
        snprintf(error, KD_OPTIONS_ERROR_MAX, "%.500s is not empty; a backup wants a directory of its own",
                 s->dir);
    else if (kd_path_exists(partial))
        snprintf(error, KD_OPTIONS_ERROR_MAX,
                 "%.500s is there, of a backup that was broken off or is under way", partial);
    else
        return KD_OK;
    return KD_EINVAL;
}

static int copy_to_place(const kd_backup_source *s, const char *partial, kd_backup_set *set, char *error)
{
    int err = kd_dir_make(partial, error);
    if (err != KD_OK) return err;
    err = backup_set_copy_partitions(s, set, error);
    if (err == KD_OK) err = kd_backup_manifest_write(partial, set, error);
    if (err == KD_OK) err = kd_dir_rename(partial, s->dir, error);
    if (err != KD_OK) kd_dir_remove(partial);
    return err;
}

/*
 * The backup is in the list of each partition, durably, before the first row is read: from then on no edge forgets a row that a restore of it needs.
 * It is noted as complete only when it is in its place: then `stable` may rest on it.
 */
int kd_backup_make(const kd_backup_source *s, kd_backup_set *set, char *error)
{
    char partial[KD_PATH_MAX], ignored[KD_OPTIONS_ERROR_MAX];
    *set =
        (kd_backup_set){.partitions = s->partitions, .at = kd_alloc(sizeof(kd_backup_sums) * s->partitions)};
    snprintf(set->name, sizeof(set->name), "%s", s->name);
    backup_set_partial(s, partial, sizeof(partial));
    int err = backup_set_check_place(s, partial, error);
    if (err != KD_OK) return err;
    err = s->order(s->arg, KD_ORDER_BACKUP_ABSENT, error);
    if (err != KD_OK) return err;
    err = s->order(s->arg, KD_ORDER_BACKUP_BEGIN, error);
    if (err == KD_OK) err = copy_to_place(s, partial, set, error);
    if (err != KD_OK) {
        s->order(s->arg, KD_ORDER_BACKUP_FORGET, ignored);
        return err;
    }
    return s->order(s->arg, KD_ORDER_BACKUP_COMPLETE, error);
}
