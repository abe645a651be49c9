/* source.c - see the header. */
#include "central/io/commands/source.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "central/io/api/member_line.h"
#include "central/io/commands/source_url.h"
#include "central/io/partition/tenure.h"
#include "common/base/text.h"
#include "common/io/loop/clock.h"
#include "common/io/daemon/options_file.h"
#include "kudos/follow.h"

enum { PAGE_ROWS = 4096 };

int kd_source_load(kd_source *s, const char *file, const char **sets, size_t set_count, char *error)
{
    s->configured = file != NULL;
    if (file) return kd_options_load_file(&kd_central_options, file, sets, set_count, &s->settings, error);
    sets[set_count++] =
        "central.data_dir=/"; /* an option must have a value; the command uses --dir instead */
    const kd_options_input input = {"defaults", kd_bytes_of("", 0), "/", sets, set_count};
    return kd_options_load(&kd_central_options, &input, &s->settings, error);
}

void kd_source_finish(kd_source *s)
{
    kd_options_finish(&kd_central_options, &s->settings);
}

/* ---- stores ---- */

/* Counts the directories partition-NNNN, which have to be numbered from 0 without a gap. */
static int count_partitions(const char *dir, uint32_t *count, char *error)
{
    uint32_t n = 0, highest = 0, number;
    DIR *d = opendir(dir);
    if (!d) {
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

/*
 * As a central that runs has it, but for two things. The number of partitions is that of the directory, since -c may not be given. And a command's
 * commit collects no tombstones: without -c it does not know how long this central keeps them.
 */
static kd_central_config source_config(const kd_source *s, uint32_t partition, uint32_t partitions,
                                       uint64_t seed)
{
    const kd_central_settings *settings = &s->settings;
    kd_central_config config =
        kd_central_core_config(settings, &settings->counters, &settings->edges, partition, seed);
    config.partitions = partitions;
    config.tombstone_ttl_us = 0;
    config.indices = KD_INDICES_AS_STORED;
    return config;
}

void kd_source_tell_refused(const kd_source *s, const kd_store *store, uint32_t partition,
                            uint32_t partitions, int err, char *error)
{
    char mismatch[KD_TENURE_MISMATCH_MAX];
    if (err == KD_EMISMATCH)
        kd_tenure_put_mismatch(store, partition, partitions, "the directory holds", mismatch,
                               sizeof(mismatch));
    snprintf(error, KD_OPTIONS_ERROR_MAX, "partition %u in %s: %s", partition, s->dir,
             err == KD_EMISMATCH ? mismatch : kd_strerror(err));
}

int kd_source_open(const kd_source *s, uint32_t partition, uint32_t partitions, uint64_t epoch_hint,
                   kd_leveldb **db, kd_central **core, char *error)
{
    char path[4096];
    kd_tenure_path(path, sizeof(path), s->dir, partition);
    *core = NULL;
    int err = kd_leveldb_open_existing(db, path, error, KD_OPTIONS_ERROR_MAX);
    if (err != KD_OK) return err;
    kd_store store = kd_leveldb_store(*db);
    uint64_t now = kd_clock_wall_us();
    const kd_central_config config = source_config(s, partition, partitions, now);
    err = kd_central_open(&config, &store, epoch_hint, now, core);
    if (err != KD_OK) kd_source_tell_refused(s, &store, partition, partitions, err, error);
    return err;
}

int kd_source_exit_code(int err)
{
    if (err == KD_OK) return KD_EXIT_OK;
    if (err == KD_ENOTFOUND || err == KD_EMISMATCH) return KD_EXIT_USAGE;
    return err == KD_EUNAVAILABLE ? KD_EXIT_UNAVAILABLE : KD_EXIT_FAILED;
}

int kd_source_count(const kd_source *s, uint32_t *n, char *error)
{
    int err = count_partitions(s->dir, n, error);
    if (err != KD_OK || !s->configured || *n == s->settings.partitions) return err;
    snprintf(error, KD_OPTIONS_ERROR_MAX, "%s holds %u partitions, kafka.partitions is %llu", s->dir, *n,
             (unsigned long long)s->settings.partitions);
    return KD_EMISMATCH;
}

int kd_source_each_store(const kd_source *s, kd_source_store fn, void *arg, char *error)
{
    char path[4096];
    uint32_t n;
    int err = kd_source_count(s, &n, error);
    for (uint32_t p = 0; err == KD_OK && p < n; p++) {
        kd_leveldb *db = NULL;
        kd_tenure_path(path, sizeof(path), s->dir, p);
        err = kd_leveldb_open_existing(&db, path, error, KD_OPTIONS_ERROR_MAX);
        if (err == KD_OK) err = fn(arg, db, p, n, error);
        kd_leveldb_close(db);
    }
    return kd_source_exit_code(err);
}

int kd_source_stale(const kd_source *s, kd_leveldb *db, uint32_t partition, kd_buf *lines, char *error)
{
    kd_buf leader = {0};
    const kd_store store = kd_leveldb_store(db);
    int err = kd_central_stored_follows(&store, &leader);
    if (err == KD_OK || (err == KD_ENOTFOUND && kd_central_in_group(&s->settings)))
        kd_text_printf(lines, "stale partition=%u leader=%.*s\n", partition, leader.len ? (int)leader.len : 1,
                       leader.len ? (const char *)leader.data : "-");
    kd_buf_finish(&leader);
    if (err == KD_OK || err == KD_ENOTFOUND) return KD_OK;
    snprintf(error, KD_OPTIONS_ERROR_MAX, "partition %u: %s", partition, kd_strerror(err));
    return err;
}

/* ---- export lines of --dir ---- */

typedef struct {
    const kd_counters *counters;
    bool sums;
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

static int source_write_sum(void *arg, const kd_sum_part *s)
{
    reading *r = arg;
    kd_sum_line(&r->page, r->counters, s);
    return 0;
}

static int source_read_page(reading *r, kd_central *core)
{
    if (r->sums)
        return kd_central_sums(core, kd_buf_view(&r->cursor), PAGE_ROWS, source_write_sum, r, &r->next);
    return kd_central_members(core, 0, kd_bytes_of(NULL, 0), kd_buf_view(&r->cursor), PAGE_ROWS,
                              source_write_line, r, &r->next);
}

static int source_read_lines(reading *r, kd_central *core)
{
    kd_buf_clear(&r->cursor);
    do {
        kd_buf_clear(&r->page);
        kd_buf_clear(&r->next);
        int err = source_read_page(r, core);
        if (err == KD_OK) err = r->fn(r->arg, kd_buf_view(&r->page));
        if (err != KD_OK) return err;
        kd_buf_clear(&r->cursor);
        kd_buf_put(&r->cursor, r->next.data, r->next.len);
    } while (r->cursor.len > 0);
    return KD_OK;
}

/* Standard output has the lines of the export alone. */
static int source_warn_stale(const kd_source *s, kd_leveldb *db, uint32_t partition, char *error)
{
    kd_buf line = {0};
    int err = kd_source_stale(s, db, partition, &line, error);
    fprintf(stderr, "%.*s", KD_PRINT(kd_buf_view(&line)));
    kd_buf_finish(&line);
    return err;
}

static int source_read_partition(const kd_source *s, reading *r, uint32_t partition, uint32_t partitions,
                                 char *error)
{
    kd_leveldb *db = NULL;
    kd_central *core;
    int err = kd_source_open(s, partition, partitions, 1, &db, &core, error);
    if (err == KD_OK) err = source_warn_stale(s, db, partition, error);
    if (err == KD_OK && source_read_lines(r, core) != KD_OK) {
        snprintf(error, KD_OPTIONS_ERROR_MAX, "partition %u could not be read to its end", partition);
        err = KD_EIO;
    }
    kd_central_close(core);
    kd_leveldb_close(db);
    return err;
}

int kd_source_each(const kd_source *s, kd_source_lines fn, void *arg, char *error)
{
    if (s->url) return kd_source_url_each(s, fn, arg, error);
    reading r = {.counters = &s->settings.counters, .sums = s->sums, .fn = fn, .arg = arg};
    uint32_t partitions;
    int err = kd_source_count(s, &partitions, error);
    for (uint32_t p = 0; err == KD_OK && p < partitions; p++)
        err = source_read_partition(s, &r, p, partitions, error);
    kd_buf_finish(&r.page);
    kd_buf_finish(&r.cursor);
    kd_buf_finish(&r.next);
    return kd_source_exit_code(err);
}
