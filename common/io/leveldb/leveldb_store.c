/*
 * leveldb_store.c - kd_store on LevelDB.
 *
 * Owns the database, its cache, filter and options. Invariants:
 *   - `poisoned` goes from false to true once, and `cause` is complete before that; no write reaches LevelDB
 * after it;
 *   - `acked.acked` is the number of the last operation that is on stable storage, as LevelDB counts them, and is in
 *     the file before a caller hears of it;
 *   - `batch`, `last`, `writes` and `acked` belong to the writing thread; everything else is constant after open or atomic, so reads need
 * no lock.
 */
#include "common/io/leveldb/leveldb_store.h"

#include <errno.h>
#include <leveldb/c.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/io/leveldb/leveldb_acked.h"
#include "common/io/leveldb/leveldb_check.h"
#include "common/io/leveldb/leveldb_dir.h"
#include "common/io/leveldb/leveldb_fault.h"
#include "common/io/loop/log.h"

enum {
    DEFAULT_WRITE_BUFFER = 32 * 1024 * 1024,
    DEFAULT_CACHE = 64 * 1024 * 1024,
    DEFAULT_OPEN_FILES = 500,
    FILE_BYTES = 16 * 1024 * 1024,
    TOOL_BUFFER = 4 * 1024 * 1024,
    BLOOM_BITS = 10,
    CAUSE_MAX = 256,
    TRIM_EVERY = 1024, /* writes between two looks at the size of LOG */
};

struct kd_leveldb {
    leveldb_t *db;
    leveldb_options_t *options;
    leveldb_cache_t *cache;
    leveldb_filterpolicy_t *bloom;
    leveldb_readoptions_t *read;
    leveldb_readoptions_t *scan;
    leveldb_writeoptions_t *write;
    leveldb_writeoptions_t *write_sync;
    leveldb_writebatch_t *batch;
    uint64_t last;   /* number of the last operation written */
    uint64_t writes; /* groups, since the opening */
    kd_leveldb_acked acked;
    atomic_bool poisoned;
    atomic_uint snapshots; /* that are out */
    atomic_uint_fast64_t read_errors;
    char cause[CAUSE_MAX];
    char *dir;
};

static void leveldb_store_set_options(kd_leveldb *db, const kd_leveldb_options *o)
{
    size_t cache = o->cache_bytes ? o->cache_bytes : DEFAULT_CACHE;
    db->options = leveldb_options_create();
    db->cache = leveldb_cache_create_lru(cache);
    db->bloom = leveldb_filterpolicy_create_bloom(BLOOM_BITS);
    leveldb_options_set_create_if_missing(db->options, o->create);
    /* Without it one flipped byte of the log silently drops every row behind it. */
    leveldb_options_set_paranoid_checks(db->options, 1);
    leveldb_options_set_filter_policy(db->options, db->bloom);
    leveldb_options_set_cache(db->options, db->cache);
    leveldb_options_set_write_buffer_size(db->options, o->write_buffer_bytes ? o->write_buffer_bytes
                                                                             : DEFAULT_WRITE_BUFFER);
    leveldb_options_set_max_open_files(db->options,
                                       o->max_open_files ? o->max_open_files : DEFAULT_OPEN_FILES);
    /* LevelDB's 2 MiB make more files than may be open from some ten million rows on, and a read opens one again. */
    leveldb_options_set_max_file_size(db->options, FILE_BYTES);
    leveldb_options_set_compression(db->options, leveldb_no_compression);
    db->read = leveldb_readoptions_create();
    leveldb_readoptions_set_verify_checksums(db->read, 1);
    /* Scans do not fill the cache: a long one would push out the blocks that point reads need. */
    db->scan = leveldb_readoptions_create();
    leveldb_readoptions_set_verify_checksums(db->scan, 1);
    leveldb_readoptions_set_fill_cache(db->scan, 0);
    db->write = leveldb_writeoptions_create();
    db->write_sync = leveldb_writeoptions_create();
    leveldb_writeoptions_set_sync(db->write_sync, 1);
    db->batch = leveldb_writebatch_create();
}

static void finish_options(kd_leveldb *db)
{
    leveldb_writebatch_destroy(db->batch);
    leveldb_writeoptions_destroy(db->write_sync);
    leveldb_writeoptions_destroy(db->write);
    leveldb_readoptions_destroy(db->scan);
    leveldb_readoptions_destroy(db->read);
    leveldb_options_destroy(db->options);
    leveldb_filterpolicy_destroy(db->bloom);
    leveldb_cache_destroy(db->cache);
}

void kd_leveldb_close(kd_leveldb *db)
{
    if (!db) return;
    if (db->db) leveldb_close(db->db);
    if (db->acked.fd >= 0)
        kd_leveldb_acked_sync(&db->acked); /* if it fails, an older number stays, and that is no lie */
    kd_leveldb_acked_close(&db->acked);
    if (db->options) finish_options(db);
    free(db->dir);
    free(db);
}

/* The C interface of LevelDB tells errors as texts only. */
static int classify_open(const char *text)
{
    if (strstr(text, "already held by process") || strstr(text, "Resource temporarily unavailable"))
        return KD_EUNAVAILABLE;
    if (strncmp(text, "Corruption", strlen("Corruption")) == 0) return KD_EMALFORMED;
    return KD_EIO;
}

static int open_failed(const char *dir, char *text, char *err, size_t size)
{
    int rc = classify_open(text);
    const char *cause = rc == KD_EUNAVAILABLE ? "in use by another process or handle: "
                        : rc == KD_EMALFORMED ? "corrupted: "
                                              : "";
    snprintf(err, size, "database %s: %s%s", dir, cause, text);
    leveldb_free(text);
    return rc;
}

/* Every acknowledged operation must be in the files: KD_OK or KD_EMALFORMED. */
static int check_acked(const kd_leveldb_acked *a, const kd_leveldb_state *state, char *err, size_t size)
{
    /* A log is missing. That is a loss if it held acknowledged operations, those above `base`. */
    if (state->gone && a->acked > state->base) {
        snprintf(err, size, "corrupted: %06llu.log: the log of writes is missing",
                 (unsigned long long)state->gone);
        return KD_EMALFORMED;
    }
    /* The logs end before the last acknowledged operation. */
    if (a->acked > state->last) {
        snprintf(err, size,
                 "corrupted: acknowledged writes are missing (the end of the log of writes was lost): it "
                 "holds %llu, "
                 "%llu were acknowledged",
                 (unsigned long long)state->last, (unsigned long long)a->acked);
        return KD_EMALFORMED;
    }
    /* The logs are there and empty, and the tables do not reach up to the last acknowledged operation. */
    if (!state->logged && a->acked > state->base) {
        snprintf(err, size, "corrupted: acknowledged writes are missing (the log of writes is empty)");
        return KD_EMALFORMED;
    }
    return KD_OK;
}

/* LevelDB takes a lost log for an empty one, so the files are checked before it opens them. */
static int leveldb_store_check_files(kd_leveldb *d, const char *dir, bool create, char *err, size_t size)
{
    kd_leveldb_state state = {.last = 0};
    int rc = kd_leveldb_dir_prepare(dir, create, err, size);
    if (rc == KD_OK) rc = kd_leveldb_acked_open(&d->acked, dir, err, size);
    if (rc == KD_OK && kd_leveldb_dir_has(dir)) rc = kd_leveldb_check(dir, &state, err, size);
    if (rc == KD_OK) rc = check_acked(&d->acked, &state, err, size);
    d->last = state.last;
    return rc;
}

/* An ACKED that a power cut left behind the database is brought up to it: all that the files hold counts as acknowledged from here on. */
static int begin_acked(kd_leveldb *d, const char *dir, char *err, size_t size)
{
    d->acked.acked = d->last;
    if (kd_leveldb_acked_write(&d->acked) == 0 && kd_leveldb_acked_sync(&d->acked) == 0) return KD_OK;
    snprintf(err, size, "database %s: %s: %s", dir, KD_LEVELDB_ACKED, strerror(errno));
    return KD_EIO;
}

static int open_checked(kd_leveldb *d, const char *dir, const kd_leveldb_options *o, char *err, size_t size)
{
    char cause[CAUSE_MAX], *text = NULL;
    int rc = leveldb_store_check_files(d, dir, o->create, cause, sizeof(cause));
    if (rc != KD_OK) {
        snprintf(err, size, "database %s: %s", dir, cause);
        return rc;
    }
    leveldb_store_set_options(d, o);
    d->db = leveldb_open(d->options, dir, &text);
    return text ? open_failed(dir, text, err, size) : begin_acked(d, dir, err, size);
}

int kd_leveldb_open(kd_leveldb **db, const char *dir, const kd_leveldb_options *options, char *err,
                    size_t size)
{
    static const kd_leveldb_options none;
    kd_leveldb *d = kd_alloc(sizeof(*d));
    kd_leveldb_fault_install();
    d->acked.fd = -1;
    d->dir = strdup(dir);
    KD_ASSERT(d->dir);
    *db = NULL;
    int rc = open_checked(d, dir, options ? options : &none, err, size);
    if (rc == KD_OK)
        *db = d;
    else
        kd_leveldb_close(d);
    return rc;
}

int kd_leveldb_open_beside(kd_leveldb **db, const char *dir, const kd_leveldb_options *options, char *err,
                           size_t size)
{
    int rc = kd_leveldb_open(db, dir, options, err, size);
    if (rc != KD_ENOTFOUND) return rc;
    snprintf(err, size, "database %s: missing, though others beside it hold rows: it is not begun anew", dir);
    return KD_EMALFORMED;
}

int kd_leveldb_open_existing(kd_leveldb **db, const char *dir, char *err, size_t size)
{
    const kd_leveldb_options o = {.write_buffer_bytes = TOOL_BUFFER, .cache_bytes = TOOL_BUFFER};
    return kd_leveldb_open(db, dir, &o, err, size);
}

static int read_failed(kd_leveldb *db, char *text)
{
    KD_LOG(KD_ERROR, "read-failed", KD_STR("database", db->dir), KD_STR("cause", text));
    leveldb_free(text);
    atomic_fetch_add_explicit(&db->read_errors, 1, memory_order_relaxed);
    return KD_EIO;
}

static int leveldb_store_get_at(kd_leveldb *db, const leveldb_readoptions_t *options, kd_bytes key,
                                kd_buf *value)
{
    char *text = NULL;
    size_t len = 0;
    kd_buf_clear(value);
    char *found = leveldb_get(db->db, options, (const char *)key.data, key.len, &len, &text);
    if (text) return read_failed(db, text);
    if (!found) return KD_ENOTFOUND;
    kd_buf_put(value, found, len);
    leveldb_free(found);
    return KD_OK;
}

static int leveldb_store_get(void *ctx, kd_bytes key, kd_buf *value)
{
    kd_leveldb *db = ctx;
    return leveldb_store_get_at(db, db->read, key, value);
}

static kd_bytes iter_key(const leveldb_iterator_t *it)
{
    size_t len;
    const char *data = leveldb_iter_key(it, &len);
    return kd_bytes_of(data, len);
}

static kd_bytes iter_value(const leveldb_iterator_t *it)
{
    size_t len;
    const char *data = leveldb_iter_value(it, &len);
    return kd_bytes_of(data, len);
}

static int visit_rows(leveldb_iterator_t *it, kd_bytes to, kd_scan_fn fn, void *arg)
{
    for (; leveldb_iter_valid(it); leveldb_iter_next(it)) {
        kd_bytes key = iter_key(it);
        if (to.len > 0 && kd_bytes_cmp(key, to) >= 0) break;
        int rc = fn(arg, key, iter_value(it));
        if (rc != 0) return rc;
    }
    return KD_OK;
}

static int leveldb_store_scan_range(kd_leveldb *db, const leveldb_readoptions_t *options, kd_bytes from,
                                    kd_bytes to, kd_scan_fn fn, void *arg)
{
    leveldb_iterator_t *it = leveldb_create_iterator(db->db, options);
    if (from.len > 0)
        leveldb_iter_seek(it, (const char *)from.data, from.len);
    else
        leveldb_iter_seek_to_first(it);
    int rc = visit_rows(it, to, fn, arg);
    /* An iterator that met an error just becomes invalid. Without this question a damaged range would look like a shorter one. */
    char *text = NULL;
    if (rc == KD_OK) leveldb_iter_get_error(it, &text);
    leveldb_iter_destroy(it);
    return text ? read_failed(db, text) : rc;
}

static int leveldb_store_scan(void *ctx, kd_bytes from, kd_bytes to, kd_scan_fn fn, void *arg)
{
    kd_leveldb *db = ctx;
    return leveldb_store_scan_range(db, db->scan, from, to, fn, arg);
}

/* ---- snapshots ---- */

struct kd_leveldb_snapshot {
    kd_leveldb *db;
    const leveldb_snapshot_t *at;
    leveldb_readoptions_t *options;
};

kd_leveldb_snapshot *kd_leveldb_snapshot_take(kd_leveldb *db)
{
    kd_leveldb_snapshot *s = kd_alloc(sizeof(*s));
    *s = (kd_leveldb_snapshot){db, leveldb_create_snapshot(db->db), leveldb_readoptions_create()};
    leveldb_readoptions_set_verify_checksums(s->options, 1);
    leveldb_readoptions_set_fill_cache(s->options, 0);
    leveldb_readoptions_set_snapshot(s->options, s->at);
    atomic_fetch_add(&db->snapshots, 1);
    return s;
}

uint64_t kd_leveldb_snapshot_size(const kd_leveldb_snapshot *s, kd_bytes to)
{
    const char *from[] = {""}, *until[] = {(const char *)to.data};
    const size_t from_len[] = {0}, until_len[] = {to.len};
    uint64_t size = 0;
    leveldb_approximate_sizes(s->db->db, 1, from, from_len, until, until_len, &size);
    return size;
}

void kd_leveldb_snapshot_release(kd_leveldb_snapshot *s)
{
    if (!s) return;
    leveldb_readoptions_destroy(s->options);
    leveldb_release_snapshot(s->db->db, s->at);
    atomic_fetch_sub(&s->db->snapshots, 1);
    free(s);
}

bool kd_leveldb_is_read(const kd_leveldb *db)
{
    return db && atomic_load(&db->snapshots) > 0;
}

static int snapshot_get(void *ctx, kd_bytes key, kd_buf *value)
{
    const kd_leveldb_snapshot *s = ctx;
    return leveldb_store_get_at(s->db, s->options, key, value);
}

static int snapshot_scan(void *ctx, kd_bytes from, kd_bytes to, kd_scan_fn fn, void *arg)
{
    const kd_leveldb_snapshot *s = ctx;
    return leveldb_store_scan_range(s->db, s->options, from, to, fn, arg);
}

kd_store kd_leveldb_snapshot_store(kd_leveldb_snapshot *s)
{
    return (kd_store){.ctx = s, .get = snapshot_get, .scan = snapshot_scan};
}

/* ---- the database itself ---- */

kd_store kd_leveldb_store(kd_leveldb *db)
{
    return (kd_store){.ctx = db, .get = leveldb_store_get, .scan = leveldb_store_scan};
}

static void batch_put(void *arg, kd_bytes key, kd_bytes value)
{
    leveldb_writebatch_put(arg, (const char *)key.data, key.len, (const char *)value.data, value.len);
}

static void batch_delete(void *arg, kd_bytes key)
{
    leveldb_writebatch_delete(arg, (const char *)key.data, key.len);
}

static int poison(kd_leveldb *db, const char *text)
{
    snprintf(db->cause, sizeof(db->cause), "%s", text);
    atomic_store_explicit(&db->poisoned, true, memory_order_release);
    return KD_EIO;
}

static int leveldb_store_acknowledge(kd_leveldb *db)
{
    db->acked.acked = db->last;
    return kd_leveldb_acked_write(&db->acked) == 0 ? KD_OK : poison(db, strerror(errno));
}

int kd_leveldb_write(kd_leveldb *db, const kd_writes *writes, bool sync)
{
    static const kd_writes_visitor visitor = {.put = batch_put, .del = batch_delete};
    char *text = NULL;
    if (kd_leveldb_poisoned(db)) return KD_EIO;
    leveldb_writebatch_clear(db->batch);
    kd_writes_visit(writes, &visitor, db->batch);
    leveldb_write(db->db, sync ? db->write_sync : db->write, db->batch, &text);
    if (text) {
        poison(db, text);
        leveldb_free(text);
        return KD_EIO;
    }
    db->last += writes->count; /* LevelDB numbers operations without gaps */
    if (++db->writes % TRIM_EVERY == 0) kd_leveldb_dir_trim_log(db->dir);
    return sync ? leveldb_store_acknowledge(db) : KD_OK;
}

bool kd_leveldb_poisoned(const kd_leveldb *db)
{
    return atomic_load_explicit(&db->poisoned, memory_order_acquire);
}

const char *kd_leveldb_error(const kd_leveldb *db)
{
    return kd_leveldb_poisoned(db) ? db->cause : "";
}

uint64_t kd_leveldb_read_errors(const kd_leveldb *db)
{
    return atomic_load_explicit(&db->read_errors, memory_order_relaxed);
}
