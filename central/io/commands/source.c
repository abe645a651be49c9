/* source.c - the settings of a command, and the stores of a directory. */
#include "central/io/commands/source.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "central/io/commands/member_line.h"
#include "central/io/partition/tenure.h"
#include "common/io/loop/clock.h"
#include "common/io/daemon/options_file.h"

enum { PAGE_ROWS = 4096 };

int kd_source_load(kd_source *s, const char *file, const char **sets, size_t set_count, char *error)
{
    s->configured = file != NULL;
    if (file != NULL)
        return kd_options_load_file(&kd_central_options, file, sets, set_count, &s->settings, error);
    sets[set_count++] = "central.data_dir=/"; /* required of a daemon; --dir stands for it here */
    const kd_options_input input = {"defaults", kd_bytes_of("", 0), "/", sets, set_count};
    return kd_options_load(&kd_central_options, &input, &s->settings, error);
}

void kd_source_finish(kd_source *s)
{
    kd_options_finish(&kd_central_options, &s->settings);
}

/* ---- stores ---- */

/* The partitions that are there: 0 to n-1 without a gap, else KD_EMISMATCH. */
static int count_partitions(const char *dir, uint32_t *count, char *error)
{
    uint32_t n = 0, highest = 0, number;
    DIR *d = opendir(dir);
    if (d == NULL) {
        snprintf(error, KD_OPTIONS_ERROR_MAX, "%s cannot be read", dir);
        return KD_ENOTFOUND;
    }
    for (const struct dirent *e; (e = readdir(d)) != NULL;) {
        if (sscanf(e->d_name, "partition-%u", &number) != 1 || number >= KD_PARTITIONS_MAX) continue;
        n++;
        highest = KD_MAX(highest, number);
    }
    closedir(d);
    *count = n;
    if (n > 0 && highest == n - 1) return KD_OK;
    snprintf(error, KD_OPTIONS_ERROR_MAX,
             n == 0 ? "%s holds no partition-NNNN" : "%s lacks some of its partitions", dir);
    return n == 0 ? KD_ENOTFOUND : KD_EMISMATCH;
}

static int open_partition(const kd_source *s, uint32_t partition, uint32_t partitions, uint64_t epoch_hint,
                          kd_leveldb **db, kd_central **core, char *error)
{
    char path[4096];
    kd_tenure_path(path, sizeof(path), s->dir, partition);
    *core = NULL;
    int rc = kd_leveldb_open_existing(db, path, error, KD_OPTIONS_ERROR_MAX);
    if (rc != KD_OK) return rc;
    kd_store store = kd_leveldb_store(*db);
    uint64_t now = kd_clock_wall_us();
    const kd_central_config config = {
        .name = kd_bytes_str(s->settings.name),
        .partition = partition,
        .partitions = partitions,
        .counters = &s->settings.counters,
        .drift_us = s->settings.drift_bound_us,
        .expected_edges = (const char *const *)s->settings.edges.at,
        .expected_edge_count = s->settings.edges.count,
        .redo_bytes_max = s->settings.redo_bytes,
        .counts_cached_max = 4096,
        .publish_changes = s->settings.publish_changes,
        .seed = now,
    };
    rc = kd_central_open(&config, &store, epoch_hint, now, core);
    if (rc != KD_OK)
        snprintf(error, KD_OPTIONS_ERROR_MAX, "partition %u in %s: %s", partition, s->dir,
                 rc == KD_EMISMATCH ? "another partition, partition count or storage version is stored"
                                    : kd_strerror(rc));
    return rc;
}

static int source_exit_code(int err)
{
    if (err == KD_OK) return KD_EXIT_OK;
    if (err == KD_ENOTFOUND || err == KD_EMISMATCH) return KD_EXIT_USAGE;
    return err == KD_EUNAVAILABLE ? KD_EXIT_UNAVAILABLE : KD_EXIT_FAILED;
}

static int check_directory(const kd_source *s, uint32_t *n, char *error)
{
    int rc = count_partitions(s->dir, n, error);
    if (rc != KD_OK || !s->configured || *n == s->settings.partitions) return rc;
    snprintf(error, KD_OPTIONS_ERROR_MAX, "%s holds %u partitions, kafka.partitions is %llu", s->dir, *n,
             (unsigned long long)s->settings.partitions);
    return KD_EMISMATCH;
}

int kd_source_each_partition(const kd_source *s, kd_source_partition fn, void *arg, char *error)
{
    uint32_t n;
    int rc = check_directory(s, &n, error);
    for (uint32_t p = 0; rc == KD_OK && p < n; p++) {
        kd_leveldb *db = NULL;
        kd_central *core;
        rc = open_partition(s, p, n, 1, &db, &core, error);
        if (rc == KD_OK && fn(arg, core, p) != KD_OK) {
            snprintf(error, KD_OPTIONS_ERROR_MAX, "partition %u could not be read to its end", p);
            rc = KD_EIO;
        }
        if (core != NULL) kd_central_close(core);
        kd_leveldb_close(db);
    }
    return source_exit_code(rc);
}

int kd_source_each_store(const kd_source *s, kd_source_store fn, void *arg, char *error)
{
    char path[4096];
    uint32_t n;
    int rc = check_directory(s, &n, error);
    for (uint32_t p = 0; rc == KD_OK && p < n; p++) {
        kd_leveldb *db = NULL;
        kd_tenure_path(path, sizeof(path), s->dir, p);
        rc = kd_leveldb_open_existing(&db, path, error, KD_OPTIONS_ERROR_MAX);
        if (rc == KD_OK) rc = fn(arg, db, p, n, error);
        kd_leveldb_close(db);
    }
    return source_exit_code(rc);
}

/* ---- orders ---- */

/* Commits until the version is in the store. */
static int commit_until(kd_leveldb *db, kd_central *core, uint64_t version)
{
    while (kd_central_version(core) < version) {
        const kd_writes *writes;
        uint64_t begun;
        int rc = kd_central_commit_begin(core, kd_clock_wall_us(), &writes, &begun);
        if (rc == KD_OK) rc = kd_leveldb_write(db, writes, true);
        if (rc == KD_OK) rc = kd_central_commit_end(core, begun, KD_OK);
        if (rc != KD_OK) return rc;
    }
    return KD_OK;
}

/* *found is raised where the partition knows what is named. */
static int act_on_partition(const kd_source *s, const kd_order *order, uint32_t p, uint32_t n, kd_buf *text,
                            uint32_t *found, char *error)
{
    kd_leveldb *db = NULL;
    kd_core_act act = {
        .counters = &s->settings.counters, .partition = p, .order = *order, .now_us = kd_clock_wall_us()};
    int rc = open_partition(s, p, n, kd_tenure_epoch_hint(act.now_us), &db, &act.core, error);
    if (rc == KD_OK) {
        rc = kd_core_act_run(&act);
        kd_buf_put(text, act.text.data, act.text.len);
        if (rc == KD_OK && act.version > 0) rc = commit_until(db, act.core, act.version);
        *found += rc == KD_OK;
        if (rc == KD_ENOTFOUND) rc = KD_OK;
        if (rc != KD_OK)
            snprintf(error, KD_OPTIONS_ERROR_MAX, "%s", act.error[0] ? act.error : kd_strerror(rc));
    }
    kd_central_close(act.core);
    kd_leveldb_close(db);
    kd_buf_finish(&act.text);
    return rc;
}

int kd_source_act(const kd_source *s, const kd_order *order, kd_buf *text, uint32_t *found, char *error)
{
    uint32_t n;
    int rc = check_directory(s, &n, error);
    *found = 0;
    for (uint32_t p = 0; rc == KD_OK && p < n; p++) rc = act_on_partition(s, order, p, n, text, found, error);
    if (rc != KD_OK) return source_exit_code(rc);
    if (*found > 0) return KD_EXIT_OK;
    snprintf(error, KD_OPTIONS_ERROR_MAX, "no partition knows it");
    return KD_EXIT_FAILED;
}

/* ---- members ---- */

typedef struct {
    const kd_counters *counters;
    kd_source_lines fn;
    void *arg;
    kd_buf page, cursor, next;
} reading;

static int source_write_line(void *arg, const kd_member *m)
{
    reading *r = arg;
    kd_member_line(&r->page, r->counters, m);
    return 0;
}

static int source_read_partition(void *arg, kd_central *core, uint32_t partition)
{
    reading *r = arg;
    (void)partition;
    kd_buf_clear(&r->cursor);
    do {
        kd_buf_clear(&r->page);
        kd_buf_clear(&r->next);
        int rc = kd_central_members(core, 0, kd_bytes_of(NULL, 0), kd_buf_view(&r->cursor), PAGE_ROWS,
                                    source_write_line, r, &r->next);
        if (rc == KD_OK) rc = r->fn(r->arg, kd_buf_view(&r->page));
        if (rc != KD_OK) return rc;
        kd_buf_clear(&r->cursor);
        kd_buf_put(&r->cursor, r->next.data, r->next.len);
    } while (r->cursor.len > 0);
    return KD_OK;
}

int kd_source_each(const kd_source *s, kd_source_lines fn, void *arg, char *error)
{
    if (s->url != NULL) return kd_source_url_each(s, fn, arg, error);
    reading r = {.counters = &s->settings.counters, .fn = fn, .arg = arg};
    int code = kd_source_each_partition(s, source_read_partition, &r, error);
    kd_buf_finish(&r.page);
    kd_buf_finish(&r.cursor);
    kd_buf_finish(&r.next);
    return code;
}
