/*
 * restore.c - see the header. At every moment one whole data directory is at the place, or none and DIR.restoring beside it, of which a start hears
 * by kd_restore_awaited.
 */
#include "central/io/backup/restore.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <time.h>

#include "central/io/backup/place.h"
#include "central/io/partition/tenure.h"
#include "common/io/leveldb/leveldb_store.h"
#include "common/io/loop/point.h"

#define PARTIAL ".restoring"

typedef struct {
    const kd_restore_source *source;
    kd_restored *restored;
    char partial[KD_PATH_MAX]; /* where the copy is made */
} restoring;

static bool restore_go_on(void *arg, uint32_t partition, uint64_t rows)
{
    const restoring *r = arg;
    return r->source->progress(r->source->arg, partition, r->restored->set.partitions, rows);
}

static int restore_verify(restoring *r, const char *path, uint32_t p, char *error)
{
    kd_leveldb *db;
    kd_backup_sums sums = {.rows = 0};
    int err = kd_leveldb_open_existing(&db, path, error, KD_OPTIONS_ERROR_MAX);
    if (err != KD_OK) return err;
    const kd_store store = kd_leveldb_store(db);
    const kd_backup_rows rows = {
        .store = &store, .partition = p, .progress = restore_go_on, .progress_arg = r};
    err = kd_backup_rows_each(&rows, NULL, NULL, &sums);
    kd_leveldb_close(db);
    const kd_backup_sums *wanted = &r->restored->set.at[p];
    bool same = err == KD_OK && sums.rows == wanted->rows &&
                memcmp(sums.digest, wanted->digest, KD_BACKUP_DIGEST) == 0;
    if (same) return KD_OK;
    snprintf(error, KD_OPTIONS_ERROR_MAX,
             "%.400s is damaged: partition %u holds %" PRIu64 " rows with another digest than the %" PRIu64
             " that were saved",
             r->source->from->shown, p, sums.rows, wanted->rows);
    return KD_EMALFORMED;
}

static int restore_copy_partitions(restoring *r, char *error)
{
    const kd_restore_origin *from = r->source->from;
    char path[KD_PATH_MAX + 32];
    int err = KD_OK;
    for (uint32_t p = 0; err == KD_OK && p < r->restored->set.partitions; p++) {
        kd_tenure_path(path, sizeof(path), r->partial, p);
        err = from->fetch(from->arg, &r->restored->set, p, path, error);
        if (err == KD_OK) err = restore_verify(r, path, p, error);
        KD_POINT(RESTORE_PARTITION);
        r->restored->rows += r->restored->set.at[p].rows;
    }
    return err;
}

/* Length without slashes at the end, as suffixes are put behind it. */
static size_t path_len(const char *dir)
{
    size_t len = strlen(dir);
    while (len > 1 && dir[len - 1] == '/') len--;
    return len;
}

int kd_restore_awaited(const char *data_dir, char *error)
{
    char partial[KD_PATH_MAX];
    int len = (int)path_len(data_dir);
    snprintf(partial, sizeof(partial), "%.*s" PARTIAL, len, data_dir);
    if (!kd_path_exists(partial) || !kd_dir_is_free(data_dir)) return KD_OK;
    snprintf(error, KD_OPTIONS_ERROR_MAX,
             "a restore to %.*s is under way or was broken off: %.300s is there. Remove it, and restore "
             "again; what was in its place before, if anything, is %.*s.replaced-TIME",
             KD_MIN(len, 150), data_dir, partial, KD_MIN(len, 150), data_dir);
    return KD_EUNAVAILABLE;
}

/* KD_EXIT_OK when nothing at the place would be moved away that is not its own, or an exit code with `error`. */
static int restore_check_content(const restoring *r, char *error)
{
    char found[KD_PATH_MAX];
    const char *to = r->restored->to;
    kd_place_content content = kd_place_look_through(to, found);
    if (content == KD_PLACE_OWN) return KD_EXIT_OK;
    if (content == KD_PLACE_HELD && strcmp(found, to) == 0)
        snprintf(error, KD_OPTIONS_ERROR_MAX, "%.500s is in use by another process", to);
    else
        snprintf(error, KD_OPTIONS_ERROR_MAX, "%.300s holds %.300s, which %s", to, found,
                 content == KD_PLACE_HELD    ? "is in use by another process"
                 : content == KD_PLACE_HOLDS ? "is a database: restore to a directory of its own"
                                             : "cannot be read");
    return content == KD_PLACE_HELD ? KD_EXIT_UNAVAILABLE : KD_EXIT_USAGE;
}

/* The same of the directories above the place. */
static int restore_check_above(const restoring *r, char *error)
{
    char found[KD_PATH_MAX], ignored[KD_PATH_MAX];
    if (!kd_place_lies_in(r->restored->to, found)) return KD_EXIT_OK;
    bool held = kd_place_look_through(found, ignored) == KD_PLACE_HELD;
    snprintf(error, KD_OPTIONS_ERROR_MAX, "%.300s lies in %.300s, which %s", r->restored->to, found,
             held ? "is in use by another process"
                  : "is a database, a data directory or a backup: restore to a directory of its own");
    return held ? KD_EXIT_UNAVAILABLE : KD_EXIT_USAGE;
}

/* KD_EXIT_OK when the place may be taken, or an exit code with `error`. */
static int restore_check_place(const restoring *r, char *error)
{
    int code = restore_check_above(r, error);
    if (code == KD_EXIT_OK) code = restore_check_content(r, error);
    if (code != KD_EXIT_OK) return code;
    if (kd_path_is_link(
            r->restored->to)) { /* it would be moved, and what it leads to would stay where it is */
        snprintf(error, KD_OPTIONS_ERROR_MAX,
                 "%.500s is a symbolic link: name the directory that it leads to", r->restored->to);
        return KD_EXIT_USAGE;
    }
    if (r->source->from->dir && kd_path_same(r->source->from->dir, r->restored->to)) {
        snprintf(error, KD_OPTIONS_ERROR_MAX,
                 "%.500s is the backup itself: restore a copy of it, so that the backup stays",
                 r->restored->to);
        return KD_EXIT_USAGE;
    }
    if (kd_restore_awaited(r->restored->to, error) != KD_OK) return KD_EXIT_USAGE;
    if (kd_path_exists(r->partial)) {
        snprintf(error, KD_OPTIONS_ERROR_MAX, "%.500s is there, of a restore that was broken off; remove it",
                 r->partial);
        return KD_EXIT_USAGE;
    }
    if (kd_dir_is_free(r->restored->to) || r->source->force) return KD_EXIT_OK;
    snprintf(error, KD_OPTIONS_ERROR_MAX, "%.500s is not empty; --force moves what is there aside",
             r->restored->to);
    return KD_EXIT_USAGE;
}

/* On a file system that cannot exchange two names. Between the steps nothing is at the place: a central that starts then is stopped by
 * kd_restore_awaited. */
static int restore_replace_in_steps(const restoring *r, const char *aside, char *error)
{
    char ignored[KD_OPTIONS_ERROR_MAX];
    int err = kd_dir_rename(r->restored->to, aside, error);
    if (err != KD_OK) return err;
    err = kd_dir_rename(r->partial, r->restored->to, error);
    if (err != KD_OK && !kd_path_exists(r->restored->to)) kd_dir_rename(aside, r->restored->to, ignored);
    return err;
}

/*
 * First the copy takes the name that the directory it replaces is to have in the end, DIR.replaced-TIME; then the two exchange names. So at every
 * moment a whole directory is at the place, and the one that was there before is never under DIR.restoring, which an operator may be told to remove.
 */
static int restore_replace(const restoring *r, char *error)
{
    char *aside = r->restored->aside;
    long long at = time(NULL);
    do {
        snprintf(aside, KD_PATH_MAX, "%s.replaced-%lld", r->restored->to, at++);
    } while (kd_path_exists(aside));
    int err = kd_dir_rename(r->partial, aside, error);
    if (err == KD_OK) err = kd_dir_exchange(aside, r->restored->to, error);
    if (err == KD_EUNAVAILABLE) {
        err = kd_dir_rename(aside, r->partial, error);
        if (err == KD_OK) err = restore_replace_in_steps(r, aside, error);
    }
    return err;
}

static int restore_put_in_place(const restoring *r, char *error)
{
    int code = restore_check_content(r, error); /* a central may have started since the place was checked */
    if (code != KD_EXIT_OK) return code;
    int err = kd_dir_is_free(r->restored->to) ? kd_dir_rename(r->partial, r->restored->to, error)
                                              : restore_replace(r, error);
    return err == KD_OK ? KD_EXIT_OK : KD_EXIT_FAILED;
}

static int restore_exit_code(int err)
{
    return err == KD_EUNAVAILABLE || err == KD_EUNTRUSTED ? KD_EXIT_UNAVAILABLE : KD_EXIT_FAILED;
}

static int restore_make(restoring *r, char *error)
{
    const kd_restore_source *s = r->source;
    int code = restore_check_place(r, error);
    if (code != KD_EXIT_OK) return code;
    /* If this fails, another restore may have made the directory since the place was checked: it is not ours to remove. */
    if (kd_dir_make(r->partial, error) != KD_OK) return KD_EXIT_FAILED;
    int err = restore_copy_partitions(r, error);
    /* In the copy the backup is one that was begun; now it is proved that it can be restored. */
    if (err == KD_OK) err = s->complete(s->arg, r->partial, r->restored->set.name, error);
    code = err == KD_OK ? restore_put_in_place(r, error) : restore_exit_code(err);
    if (code != KD_EXIT_OK) kd_dir_remove(r->partial);
    return code;
}

int kd_restore_run(const kd_restore_source *source, kd_restored *restored, char *error)
{
    restoring r = {.source = source, .restored = restored};
    size_t len = source->to ? path_len(source->to) : 0;
    *restored = (kd_restored){.rows = 0};
    if (len == 0 || len >= sizeof(restored->to)) {
        snprintf(error, KD_OPTIONS_ERROR_MAX, "--to DIR is missing or too long");
        return KD_EXIT_USAGE;
    }
    snprintf(restored->to, sizeof(restored->to), "%.*s", (int)len, source->to);
    snprintf(r.partial, sizeof(r.partial), "%s" PARTIAL, restored->to);
    int err = source->from->read(source->from->arg, &restored->set, error);
    if (err == KD_ENOTFOUND || err == KD_EINVAL) return KD_EXIT_USAGE;
    return err == KD_OK ? restore_make(&r, error) : restore_exit_code(err);
}
