/* shards_build.c - see the header. */
#include "edge/io/commands/shards_build.h"

#include <stdio.h>
#include <sys/random.h>
#include <sys/statvfs.h>

#include "common/io/daemon/progress.h"
#include "edge/io/commands/shards_switch.h"
#include "edge/io/shard/shards_place.h"

enum {
    BUFFER_BYTES = 4 * 1024 * 1024,    /* of a store that is written */
    GROUP_BYTES = 512 * 1024,          /* of rows that are written at once */
    ROW_OVERHEAD = 24,                 /* what LevelDB adds to a row */
    STORE_OVERHEAD = 4 * BUFFER_BYTES, /* its log, and tables that are being merged */
};

/* ---- the old stores ---- */

static int shards_open_one(kd_shards_set *set, uint32_t k, char *error)
{
    char path[KD_PATH_MAX];
    const kd_leveldb_options small = {.write_buffer_bytes = BUFFER_BYTES, .cache_bytes = BUFFER_BYTES};
    kd_shards_path(path, set->dir, k);
    int err = k == 0 ? kd_leveldb_open(&set->from[k], path, &small, error, KD_OPTIONS_ERROR_MAX)
                     : kd_leveldb_open_beside(&set->from[k], path, &small, error, KD_OPTIONS_ERROR_MAX);
    set->count += err == KD_OK;
    return err;
}

static int shards_open_first(kd_shards_set *set, char *error)
{
    int err = shards_open_one(set, 0, error);
    if (err != KD_OK) return err;
    kd_store store = kd_leveldb_store(set->from[0]);
    err = kd_edge_stored_as(&store, &set->is);
    if (err == KD_OK && (set->is.shards == 0 || set->is.shards > KD_SHARDS_MAX)) err = KD_EMISMATCH;
    if (err == KD_ENOTFOUND)
        snprintf(error, KD_OPTIONS_ERROR_MAX,
                 "%.500s/shard-0 holds nothing yet: edge.shards may be set as it pleases", set->dir);
    else if (err != KD_OK)
        snprintf(error, KD_OPTIONS_ERROR_MAX, "%.500s/shard-0: %s", set->dir, kd_strerror(err));
    return err;
}

/* A further directory would be taken for an old store, and removed. */
static int shards_open_check(const kd_shards_set *set, char *error)
{
    uint32_t found = kd_shards_laid_out(set->dir);
    if (found == set->is.shards) return KD_OK;
    if (found < set->is.shards) {
        snprintf(error, KD_OPTIONS_ERROR_MAX, "%.500s cannot be read", set->dir);
        return KD_EIO;
    }
    snprintf(error, KD_OPTIONS_ERROR_MAX, "%.500s/shard-%u is there, and shard-0 is one of %u: move it away",
             set->dir, found - 1, set->is.shards);
    return KD_EMISMATCH;
}

int kd_shards_open(kd_shards_set *set, char *error)
{
    int err = shards_open_first(set, error);
    for (uint32_t k = 1; err == KD_OK && k < set->is.shards; k++) err = shards_open_one(set, k, error);
    return err == KD_OK ? shards_open_check(set, error) : err;
}

void kd_shards_close(kd_shards_set *set)
{
    kd_reshard_close(set->rows);
    set->rows = NULL;
    for (uint32_t k = 0; k < set->count; k++) kd_leveldb_close(set->from[k]);
    set->count = 0;
}

/* ---- reading ---- */

static int shards_read_failed(const kd_shards_set *set, const kd_reshard_fault *fault, int err, char *error)
{
    char row[64] = "";
    if (fault->kind >= ' ' && fault->kind <= '~')
        snprintf(row, sizeof(row), " at a row of kind %c", fault->kind);
    snprintf(error, KD_OPTIONS_ERROR_MAX, "%.500s/shard-%u%s: %s", set->dir, fault->shard, row,
             err == KD_EIO ? "the store cannot be read: read-failed in the log says why" : kd_strerror(err));
    return err;
}

int kd_shards_read(kd_shards_set *set, char *error)
{
    kd_store stores[KD_SHARDS_MAX];
    kd_reshard_fault fault = {.shard = 0};
    uint32_t life = 0;
    if (getrandom(&life, sizeof(life), 0) != sizeof(life)) life = 0;
    for (uint32_t k = 0; k < set->count; k++) stores[k] = kd_leveldb_store(set->from[k]);
    int err = kd_reshard_open(&set->rows, stores, set->count, life | 1, 0, &fault);
    return err == KD_OK ? KD_OK : shards_read_failed(set, &fault, err, error);
}

/* ---- room ---- */

uint64_t kd_shards_needed(const kd_shards_set *set, uint32_t to)
{
    kd_reshard_tally kinds[KD_RESHARD_KINDS];
    uint64_t bytes = 0;
    kd_reshard_tell(set->rows, kinds);
    for (int k = 0; k < KD_RESHARD_KINDS; k++) bytes += kinds[k].bytes + kinds[k].rows * ROW_OVERHEAD;
    return bytes + bytes / 4 + to * (uint64_t)STORE_OVERHEAD;
}

uint64_t kd_shards_free(const kd_shards_set *set)
{
    struct statvfs st;
    return statvfs(set->dir, &st) == 0 ? (uint64_t)st.f_bavail * st.f_frsize : 0;
}

/* ---- writing ---- */

/* Rows of a store, and a sum over them that does not depend on their order. */
typedef struct {
    uint64_t rows, digest;
} shards_sum;

static void shards_sum_add(shards_sum *s, kd_bytes key, kd_bytes value)
{
    s->rows++;
    s->digest += kd_hash(key) * 31 + kd_hash(value);
}

typedef struct {
    kd_shards_set *set;
    kd_leveldb *db; /* the store that is being written */
    uint32_t to, k; /* it is shard k of `to` */
    kd_writes group;
    shards_sum sum;
    uint64_t rows; /* of all stores so far */
    kd_progress progress;
    char *error;
} shards_building;

static int shards_build_group(shards_building *b, bool sync)
{
    int err = kd_leveldb_write(b->db, &b->group, sync);
    kd_writes_clear(&b->group);
    kd_progress_show(&b->progress, "shards: new shard", b->k, b->to, b->rows);
    if (err != KD_OK)
        snprintf(b->error, KD_OPTIONS_ERROR_MAX, "new shard-%u cannot be written: %s", b->k,
                 kd_leveldb_error(b->db));
    return err;
}

static int shards_build_row(void *arg, kd_bytes key, kd_bytes value)
{
    shards_building *b = arg;
    shards_sum_add(&b->sum, key, value);
    b->rows++;
    kd_writes_put(&b->group, key, value);
    return b->group.buf.len < GROUP_BYTES ? KD_OK : shards_build_group(b, false);
}

static int shards_build_write(shards_building *b, const char *path)
{
    const kd_leveldb_options fresh = {
        .write_buffer_bytes = BUFFER_BYTES, .cache_bytes = BUFFER_BYTES, .create = true};
    kd_reshard_fault fault = {.shard = 0};
    b->sum = (shards_sum){0};
    b->error[0] = '\0';
    int err = kd_leveldb_open(&b->db, path, &fresh, b->error, KD_OPTIONS_ERROR_MAX);
    if (err != KD_OK) return err;
    err = kd_reshard_write(b->set->rows, b->to, b->k, shards_build_row, b, &fault);
    if (err == KD_OK) err = shards_build_group(b, true);
    kd_leveldb_close(b->db);
    if (err != KD_OK && b->error[0] == '\0') shards_read_failed(b->set, &fault, err, b->error);
    return err;
}

static int shards_build_count(void *arg, kd_bytes key, kd_bytes value)
{
    shards_sum_add(arg, key, value);
    return KD_OK;
}

/* A fresh handle reads from the files what they hold. */
static int shards_build_read_back(shards_building *b, const char *path)
{
    shards_sum found = {0};
    int err = kd_leveldb_open_existing(&b->db, path, b->error, KD_OPTIONS_ERROR_MAX);
    if (err != KD_OK) return err;
    kd_store store = kd_leveldb_store(b->db);
    err = store.scan(store.ctx, (kd_bytes){0}, (kd_bytes){0}, shards_build_count, &found);
    kd_leveldb_close(b->db);
    if (err == KD_OK && (found.rows != b->sum.rows || found.digest != b->sum.digest)) err = KD_EIO;
    if (err != KD_OK)
        snprintf(b->error, KD_OPTIONS_ERROR_MAX, "new shard-%u does not read as it was written", b->k);
    return err;
}

static int shards_build_one(shards_building *b)
{
    char partial[KD_PATH_MAX], path[KD_PATH_MAX];
    snprintf(partial, sizeof(partial), "%.4000s/" KD_SHARDS_PARTIAL, b->set->dir);
    kd_shards_path(path, partial, b->k);
    int err = shards_build_write(b, path);
    if (err == KD_OK) err = shards_build_read_back(b, path);
    return err == KD_OK ? kd_dir_sync_files(path, b->error) : err;
}

int kd_shards_build(kd_shards_set *set, uint32_t to, char *error)
{
    shards_building b = {.set = set, .to = to, .error = error};
    int err = kd_shards_partial_make(set->dir, error);
    for (b.k = 0; err == KD_OK && b.k < to; b.k++) err = shards_build_one(&b);
    kd_writes_finish(&b.group);
    if (err == KD_OK) KD_ASSERT(kd_reshard_complete(set->rows, to));
    if (err != KD_OK) kd_shards_partial_remove(set->dir);
    return err;
}
