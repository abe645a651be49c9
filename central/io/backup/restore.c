/*
 * restore.c - `kudos-central restore`: puts a backup where a central can start on it. It is copied and verified
 * beside its place and moved there as a whole, so there is never a half of it under the name; what is there before is there until that moment.
 * The backup is only read.
 */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "central/io/backup/backup_set.h"
#include "central/io/commands/commands.h"
#include "central/io/commands/order_run.h"
#include "central/io/backup/restore.h"
#include "central/io/partition/tenure.h"
#include "common/io/loop/point.h"
#include "common/io/daemon/progress.h"

#define PARTIAL ".restoring"

static const char *to;
static bool force;
static const kd_argument options[] = {
    {"to", "DIR", &to, NULL, "the data directory; must be empty or not there"},
    {"force", NULL, NULL, &force,
     "a directory that is not empty is moved aside, to DIR.replaced-TIME; nothing is deleted"},
};

static const kd_command_line line = {
    .usage = "BACKUP --to DIR [--force] [-c FILE] [--set section.key=value]...",
    .about = "Copies a backup into a data directory, after its digests were found right. The central that "
             "starts on it begins a new\n"
             "epoch; it reads the log from where the backup stood, and the edges send again what it lacks. "
             "Of two that are\n"
             "restored only one may run. Last line: restore name= partitions= rows= to= verdict=done.\n"
             "Exit codes: 0 done, 1 damaged or it could not be copied, 2 usage or the directory is not "
             "empty, 4 it is in use.",
    .options = options,
    .option_count = KD_COUNT(options),
    .words_min = 1,
    .words_max = 1,
    .settings = true,
};

typedef struct {
    const char *from;
    char place[KD_PATH_MAX / 2]; /* without a slash at its end */
    char partial[KD_PATH_MAX];   /* where it is made */
    kd_backup_set set;
    uint64_t rows;
    kd_progress progress;
} restoring;

static bool restore_go_on(void *arg, uint32_t partition, uint64_t rows)
{
    restoring *r = arg;
    kd_progress_show(&r->progress, "restore", partition, r->set.partitions, rows);
    return true;
}

static int verify(restoring *r, const char *path, uint32_t p, char *error)
{
    kd_leveldb *db;
    kd_backup_sums sums;
    int rc = kd_leveldb_open_existing(&db, path, error, KD_OPTIONS_ERROR_MAX);
    if (rc != KD_OK) return rc;
    const kd_store store = kd_leveldb_store(db);
    rc = kd_backup_sum(&store, p, restore_go_on, r, &sums);
    kd_leveldb_close(db);
    const kd_backup_sums *wanted = &r->set.at[p];
    bool same = rc == KD_OK && sums.rows == wanted->rows &&
                memcmp(sums.digest, wanted->digest, KD_BACKUP_DIGEST) == 0;
    if (same) return KD_OK;
    snprintf(error, KD_OPTIONS_ERROR_MAX,
             "%.400s is damaged: partition %u holds %" PRIu64 " rows with another digest than the %" PRIu64
             " that were saved",
             r->from, p, sums.rows, wanted->rows);
    return KD_EMALFORMED;
}

static int restore_copy_partitions(restoring *r, char *error)
{
    char from[KD_PATH_MAX + 32], path[KD_PATH_MAX + 32];
    int rc = KD_OK;
    for (uint32_t p = 0; rc == KD_OK && p < r->set.partitions; p++) {
        kd_tenure_path(from, sizeof(from), r->from, p);
        kd_tenure_path(path, sizeof(path), r->partial, p);
        rc = kd_dir_copy_database(from, path, error);
        if (rc == KD_OK) rc = verify(r, path, p, error);
        KD_POINT(RESTORE_PARTITION);
        r->rows += r->set.at[p].rows;
    }
    return rc;
}

/* In the copy the backup is one that was begun. That it can be restored is proved. */
static int note_complete(restoring *r, const kd_source *source, char *error)
{
    kd_source there = *source;
    kd_order order = {.kind = KD_ORDER_BACKUP_COMPLETE};
    kd_buf text = {0};
    uint32_t found;
    there.dir = r->partial;
    kd_order_set_name(&order, r->set.name);
    int code = kd_source_act(&there, &order, &text, &found, error);
    kd_buf_finish(&text);
    return code == KD_EXIT_OK ? KD_OK : KD_EIO;
}

/* Without slashes at its end: other names stand behind it. */
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

static bool any_held(const restoring *r)
{
    char path[KD_PATH_MAX + 32];
    bool held = false;
    for (uint32_t p = 0; p < r->set.partitions; p++) {
        kd_tenure_path(path, sizeof(path), r->place, p);
        held = held || kd_database_is_held(path);
    }
    return held;
}

static int in_use(const restoring *r, char *error)
{
    snprintf(error, KD_OPTIONS_ERROR_MAX, "%.500s is in use by another process", r->place);
    return KD_EXIT_UNAVAILABLE;
}

/* KD_EXIT_OK when the place may be taken. */
static int restore_check_place(const restoring *r, char *error)
{
    if (any_held(r)) return in_use(r, error);
    if (kd_path_same(r->from, r->place)) {
        snprintf(error, KD_OPTIONS_ERROR_MAX,
                 "%.500s is the backup itself: restore a copy of it, so that the backup stays", r->place);
        return KD_EXIT_USAGE;
    }
    if (kd_restore_awaited(r->place, error) != KD_OK) return KD_EXIT_USAGE;
    if (kd_path_exists(r->partial)) {
        snprintf(error, KD_OPTIONS_ERROR_MAX, "%.500s is there, of a restore that was broken off; remove it",
                 r->partial);
        return KD_EXIT_USAGE;
    }
    if (kd_dir_is_free(r->place) || force) return KD_EXIT_OK;
    snprintf(error, KD_OPTIONS_ERROR_MAX, "%.500s is not empty; --force moves what is there aside", r->place);
    return KD_EXIT_USAGE;
}

/* Where two names cannot be exchanged. Between the steps there is nothing at the place: kd_restore_awaited says so to whoever comes. */
static int replace_in_steps(const restoring *r, const char *aside, char *error)
{
    char ignored[KD_OPTIONS_ERROR_MAX];
    int rc = kd_dir_rename(r->place, aside, error);
    if (rc != KD_OK) return rc;
    rc = kd_dir_rename(r->partial, r->place, error);
    if (rc != KD_OK && !kd_path_exists(r->place)) kd_dir_rename(aside, r->place, ignored);
    return rc;
}

/*
 * The copy takes the name that what it replaces is to have, and then the two exchange names. So at every moment the one or the other is
 * in its place, whole; and what was there is never under a name that somebody is told to remove.
 */
static int replace(const restoring *r, char *error)
{
    char aside[KD_PATH_MAX];
    long long at = time(NULL);
    do {
        snprintf(aside, sizeof(aside), "%s.replaced-%lld", r->place, at++);
    } while (kd_path_exists(aside));
    int rc = kd_dir_rename(r->partial, aside, error);
    if (rc == KD_OK) rc = kd_dir_exchange(aside, r->place, error);
    if (rc == KD_EUNAVAILABLE) {
        rc = kd_dir_rename(aside, r->partial, error);
        if (rc == KD_OK) rc = replace_in_steps(r, aside, error);
    }
    if (rc == KD_OK) printf("what was there is now %s\n", aside);
    return rc;
}

static int put_in_place(const restoring *r, char *error)
{
    if (any_held(r)) return in_use(r, error); /* since it was looked at first */
    int rc = kd_dir_is_free(r->place) ? kd_dir_rename(r->partial, r->place, error) : replace(r, error);
    return rc == KD_OK ? KD_EXIT_OK : KD_EXIT_FAILED;
}

static int restore(restoring *r, const kd_source *source, char *error)
{
    int code = restore_check_place(r, error);
    if (code != KD_EXIT_OK) return code;
    /* Another's by now, perhaps: it stays. */
    if (kd_dir_make(r->partial, error) != KD_OK) return KD_EXIT_FAILED;
    int rc = restore_copy_partitions(r, error);
    if (rc == KD_OK) rc = note_complete(r, source, error);
    code = rc == KD_OK ? put_in_place(r, error) : KD_EXIT_FAILED;
    if (code != KD_EXIT_OK) kd_dir_remove(r->partial);
    return code;
}

static int restore_run(const kd_arguments *a, char *error)
{
    restoring r = {.from = a->words[0]};
    size_t len = to ? path_len(to) : 0;
    if (len == 0 || len >= sizeof(r.place)) {
        snprintf(error, KD_OPTIONS_ERROR_MAX, "--to DIR is missing or too long");
        return KD_EXIT_USAGE;
    }
    snprintf(r.place, sizeof(r.place), "%.*s", (int)len, to);
    snprintf(r.partial, sizeof(r.partial), "%s" PARTIAL, r.place);
    KD_ASSERT(sodium_init() >= 0);
    int rc = kd_backup_set_read(r.from, &r.set, error);
    int code = rc == KD_OK          ? restore(&r, &a->source, error)
               : rc == KD_ENOTFOUND ? KD_EXIT_USAGE
                                    : KD_EXIT_FAILED;
    if (code == KD_EXIT_OK)
        printf("restore name=%s partitions=%u rows=%" PRIu64 " to=%s verdict=done\n", r.set.name,
               r.set.partitions, r.rows, r.place);
    kd_backup_set_finish(&r.set);
    return code;
}

int kd_command_restore(int argc, char **argv)
{
    char error[KD_OPTIONS_ERROR_MAX] = "";
    kd_arguments a;
    int code = kd_arguments_read(&a, &line, argc, argv);
    if (code >= 0) return code;
    code = restore_run(&a, error);
    kd_source_finish(&a.source);
    return kd_command_end("kudos-central", argv[0], code, error);
}
