/* seed_copy.c - see the header. Nothing is synced before the end: what a crash takes from a copy is found missing, and fetched again. */
#include "central/io/seed/seed_copy.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>

#include "central/io/backup/object_pack.h"
#include "central/io/partition/tenure_aside.h"
#include "common/io/daemon/files.h"
#include "common/io/leveldb/leveldb_store.h"
#include "kudos/follow.h"

enum { CLEAR_ROWS = 4096, ROOM_SPARE = 64 * 1024 * 1024 };

struct kd_seed_copy {
    const kd_central_settings *settings;
    uint32_t partition;
    char path[KD_PATH_MAX];
    kd_leveldb *db;
    kd_store store;
    bool room; /* it was seen to be enough */
    uint64_t kept;
    kd_buf after, rows, end;
    kd_writes writes;
};

int kd_seed_copy_open(kd_seed_copy **copy, const kd_central_settings *settings, uint32_t partition,
                      char *error)
{
    const kd_leveldb_options options = {
        .write_buffer_bytes = 8 << 20, .cache_bytes = 1 << 20, .max_open_files = 64, .create = true};
    kd_seed_copy *c = kd_alloc(sizeof *c);
    *copy = NULL;
    c->settings = settings;
    c->partition = partition;
    kd_tenure_seed_path(c->path, sizeof c->path, settings->data_dir, partition);
    int err = kd_leveldb_open(&c->db, c->path, &options, error, KD_OPTIONS_ERROR_MAX);
    if (err != KD_OK) {
        if (err == KD_EMALFORMED) kd_dir_remove(c->path);
        free(c);
        return err;
    }
    c->store = kd_leveldb_store(c->db);
    *copy = c;
    return KD_OK;
}

void kd_seed_copy_rewind(kd_seed_copy *c)
{
    kd_buf_clear(&c->after);
}

kd_bytes kd_seed_copy_after(const kd_seed_copy *c)
{
    return kd_buf_view(&c->after);
}

static int copy_unreadable(const kd_seed_copy *c, char *error)
{
    snprintf(error, KD_OPTIONS_ERROR_MAX, "%.400s cannot be read", c->path);
    return KD_EIO;
}

int kd_seed_copy_look(kd_seed_copy *c, bool *has, uint8_t digest[KD_BACKUP_DIGEST], char *error)
{
    bool last;
    int err = kd_seed_cut(&c->store, kd_buf_view(&c->after), &c->rows, &c->end, &last);
    *has = err == KD_OK && c->rows.len > 0;
    if (err == KD_EIO) return copy_unreadable(c, error);
    crypto_generichash(digest, KD_BACKUP_DIGEST, c->rows.data, c->rows.len, NULL, 0);
    return KD_OK;
}

/* ---- a chunk ---- */

/* A disk that gets full would end this member, which may lead other partitions. */
static int copy_check_room(kd_seed_copy *c, uint64_t whole, uint64_t done, char *error)
{
    struct statvfs fs;
    if (c->room || statvfs(c->path, &fs) != 0) return KD_OK;
    uint64_t bytes = (uint64_t)fs.f_bavail * fs.f_frsize, wanted = whole - KD_MIN(done, whole) + ROOM_SPARE;
    c->room = bytes >= wanted;
    if (c->room) return KD_OK;
    snprintf(error, KD_OPTIONS_ERROR_MAX, "%.400s: some %llu bytes are wanted, and %llu are free", c->path,
             (unsigned long long)wanted, (unsigned long long)bytes);
    return KD_EFULL;
}

static int copy_write(kd_seed_copy *c, bool sync, char *error)
{
    int err = kd_leveldb_write(c->db, &c->writes, sync);
    kd_writes_clear(&c->writes);
    if (err != KD_OK) snprintf(error, KD_OPTIONS_ERROR_MAX, "%.400s", kd_leveldb_error(c->db));
    return err;
}

/* What is said to be the same is what kd_seed_copy_look found, or nothing is believed. */
static bool copy_is_same(const kd_seed_copy *c, const kd_seed_chunk *chunk)
{
    return c->rows.len > 0 && kd_bytes_eq(kd_buf_view(&c->end), chunk->end);
}

/* The rows of the chunk, found by their digest: those that are here, or those that came. */
static int copy_verify(kd_seed_copy *c, const kd_seed_chunk *chunk)
{
    uint8_t digest[KD_BACKUP_DIGEST];
    bool here =
        chunk->same ? copy_is_same(c, chunk) : kd_object_unpack(chunk->packed, KD_BACKUP_RAW_MAX, &c->rows);
    if (!here) return KD_EMALFORMED;
    crypto_generichash(digest, KD_BACKUP_DIGEST, c->rows.data, c->rows.len, NULL, 0);
    return memcmp(digest, chunk->digest, KD_BACKUP_DIGEST) == 0 ? KD_OK : KD_EMALFORMED;
}

/* Of rows that are the same nothing is written, but what stands behind the last one is deleted. */
static int copy_apply(kd_seed_copy *c, const kd_seed_chunk *chunk, char *error)
{
    int err = chunk->same && !chunk->last ? KD_OK : KD_EAGAIN;
    const kd_bytes after = chunk->same ? chunk->end : kd_buf_view(&c->after);
    const kd_bytes rows = chunk->same ? kd_bytes_of(NULL, 0) : kd_buf_view(&c->rows);
    while (err == KD_EAGAIN) {
        err = kd_seed_apply(&c->store, after, chunk->end, chunk->last, rows, CLEAR_ROWS, &c->writes);
        if (err == KD_EMALFORMED) kd_writes_clear(&c->writes);
        if (err != KD_OK && err != KD_EAGAIN) return err;
        int written = copy_write(c, false, error);
        if (written != KD_OK) return written;
    }
    return err;
}

int kd_seed_copy_take(kd_seed_copy *c, kd_bytes answer, kd_seed_chunk *chunk, char *error)
{
    snprintf(error, KD_OPTIONS_ERROR_MAX,
             "an answer of a form that this program does not know, or a damaged one");
    int err = kd_seed_chunk_read(answer, chunk);
    if (err == KD_OK) err = copy_verify(c, chunk);
    if (err == KD_EIO) return copy_unreadable(c, error);
    if (err == KD_OK) err = copy_check_room(c, chunk->whole, chunk->done, error);
    if (err == KD_OK) err = copy_apply(c, chunk, error);
    if (err != KD_OK) return err;
    c->kept += chunk->same ? c->rows.len : 0;
    kd_buf_clear(&c->after);
    kd_buf_put(&c->after, chunk->end.data, chunk->end.len);
    chunk->end = kd_buf_view(&c->after);
    chunk->packed = (kd_bytes){0};
    return KD_OK;
}

uint64_t kd_seed_copy_kept(const kd_seed_copy *c)
{
    return c->kept;
}

/* ---- its end ---- */

static int copy_check(const kd_seed_copy *c, char *error)
{
    uint32_t partition, partitions;
    char mismatch[KD_TENURE_MISMATCH_MAX];
    int err = kd_central_stored(&c->store, &partition, &partitions);
    bool ours = err == KD_OK && partition == c->partition && partitions == c->settings->partitions;
    if (ours) return KD_OK;
    kd_tenure_put_mismatch(&c->store, c->partition, (uint32_t)c->settings->partitions,
                           "the configuration says", mismatch, sizeof mismatch);
    snprintf(error, KD_OPTIONS_ERROR_MAX, "the copy is no store for this member: %s", mismatch);
    return KD_EMISMATCH;
}

int kd_seed_copy_end(kd_seed_copy *c, char *error)
{
    uint64_t random;
    randombytes_buf(&random, sizeof random);
    int err = copy_check(c, error);
    if (err == KD_OK && (err = kd_central_make_another(&c->store, random, &c->writes)) != KD_OK)
        snprintf(error, KD_OPTIONS_ERROR_MAX, "%.400s cannot be read", c->path);
    if (err == KD_OK) err = copy_write(c, true, error);
    kd_leveldb_close(c->db);
    c->db = NULL;
    if (err == KD_OK) err = kd_dir_sync_files(c->path, error);
    kd_seed_copy_close(c);
    return err;
}

void kd_seed_copy_close(kd_seed_copy *c)
{
    if (!c) return;
    kd_leveldb_close(c->db);
    kd_buf_finish(&c->after);
    kd_buf_finish(&c->rows);
    kd_buf_finish(&c->end);
    kd_writes_finish(&c->writes);
    free(c);
}

void kd_seed_copy_drop(const kd_central_settings *settings, uint32_t partition)
{
    char path[KD_PATH_MAX];
    kd_tenure_seed_path(path, sizeof path, settings->data_dir, partition);
    if (kd_path_exists(path)) kd_dir_remove(path);
}
