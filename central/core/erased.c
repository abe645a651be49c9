/* erased.c - see the header. */
#include "central/core/erased.h"

#include "central/core/commit.h"
#include "central/core/row.h"
#include "central/core/state.h"

#include <stdlib.h>
#include <xxhash.h>

static kd_bytes erased_digest_of(const void *entry)
{
    const kd_erased_user *u = entry;
    return kd_bytes_of(u->digest, sizeof(u->digest));
}

void kd_erased_init(kd_central *c)
{
    kd_table_init(&c->eraser.users, erased_digest_of, c->config.seed);
}

void kd_erased_finish(kd_central *c)
{
    size_t cursor = 0;
    for (kd_erased_user *u; (u = kd_table_next(&c->eraser.users, &cursor)) != NULL;) free(u);
    kd_table_finish(&c->eraser.users);
}

static void erased_digest(uint64_t key, kd_bytes user, uint8_t digest[KD_USER_DIGEST_BYTES])
{
    XXH128_canonical_t bytes;
    XXH128_canonicalFromHash(&bytes, XXH3_128bits_withSeed(user.data, user.len, key));
    _Static_assert(sizeof(bytes) == KD_USER_DIGEST_BYTES, "a digest is an XXH3 of 128 bits");
    memcpy(digest, &bytes, sizeof(bytes));
}

kd_erased_user *kd_erased_user_find(const kd_central *c, kd_bytes user)
{
    uint8_t digest[KD_USER_DIGEST_BYTES];
    if (c->eraser.users.count == 0) return NULL;
    erased_digest(c->eraser.key, user, digest);
    return kd_table_find(&c->eraser.users, kd_bytes_of(digest, sizeof(digest)));
}

/* ---- rows ---- */

static int erased_read(kd_bytes value, kd_erased *told)
{
    kd_reader r = kd_reader_of(value);
    *told = (kd_erased){.stamp_us = kd_read_be64(&r)};
    told->finished_us = kd_read_be64(&r);
    told->withdrawn = kd_read_be64(&r);
    told->version = kd_read_be64(&r);
    kd_bytes job = kd_read_bytes(&r, kd_reader_left(&r));
    if (r.bad || !kd_name_valid(job)) return KD_EMALFORMED;
    memcpy(told->job, job.data, job.len);
    return KD_OK;
}

static int erased_read_key(kd_bytes value, uint64_t *key)
{
    kd_reader r = kd_reader_of(value);
    *key = kd_read_be64(&r);
    return r.bad || kd_reader_left(&r) != 0 || *key == 0 ? KD_EMALFORMED : KD_OK;
}

typedef struct {
    kd_erased_fn fn;
    void *arg;
} erased_scan;

static int erased_scan_row(void *arg, kd_bytes key, kd_bytes value)
{
    const erased_scan *s = arg;
    kd_erased told;
    if (key.len == 1) return 0; /* the key of the digests */
    if (key.len != 1 + KD_USER_DIGEST_BYTES || erased_read(value, &told) != KD_OK) return KD_EMALFORMED;
    return s->fn(s->arg, kd_bytes_of(key.data + 1, key.len - 1), &told);
}

int kd_erased_each(const kd_store *store, kd_erased_fn fn, void *arg)
{
    const uint8_t from[] = {KD_ROW_ERASED}, to[] = {KD_ROW_ERASED + 1};
    erased_scan s = {fn, arg};
    return store->scan(store->ctx, kd_bytes_of(from, 1), kd_bytes_of(to, 1), erased_scan_row, &s);
}

static int erased_load_key(const kd_store *store, uint64_t *key)
{
    const uint8_t row[] = {KD_ROW_ERASED};
    kd_buf value = {0};
    int err = store->get(store->ctx, kd_bytes_of(row, 1), &value);
    if (err == KD_OK) err = erased_read_key(kd_buf_view(&value), key);
    kd_buf_finish(&value);
    return err;
}

int kd_erased_find(const kd_store *store, kd_bytes user, kd_erased *told)
{
    uint64_t key;
    uint8_t row[1 + KD_USER_DIGEST_BYTES] = {KD_ROW_ERASED};
    kd_buf value = {0};
    *told = (kd_erased){0};
    int err = erased_load_key(store, &key);
    if (err != KD_OK) return err;
    erased_digest(key, user, row + 1);
    err = store->get(store->ctx, kd_bytes_of(row, sizeof(row)), &value);
    if (err == KD_OK) err = erased_read(kd_buf_view(&value), told);
    kd_buf_finish(&value);
    return err;
}

static kd_erased_user *erased_add(kd_central *c, kd_bytes digest)
{
    kd_erased_user *u = kd_alloc(sizeof *u);
    memcpy(u->digest, digest.data, sizeof(u->digest));
    kd_table_put(&c->eraser.users, u);
    return u;
}

static int erased_load_user(void *arg, kd_bytes digest, const kd_erased *told)
{
    kd_central *c = arg;
    if (c->eraser.users.count == KD_ERASED_MAX) return KD_EMALFORMED;
    kd_erased_user *u = erased_add(c, digest);
    u->told = *told;
    c->eraser.version = KD_MAX(c->eraser.version, told->version);
    return 0;
}

int kd_erased_load(kd_central *c)
{
    int err = erased_load_key(&c->store, &c->eraser.key);
    if (err == KD_ENOTFOUND) return KD_OK;
    return err == KD_OK ? kd_erased_each(&c->store, erased_load_user, c) : err;
}

static kd_bytes erased_row_key(kd_central *c, const kd_erased_user *u)
{
    return kd_key_named(&c->key, KD_ROW_ERASED, erased_digest_of(u));
}

void kd_erased_user_put(kd_central *c, const kd_erased_user *u)
{
    kd_buf *v = &c->value;
    kd_buf_clear(v);
    kd_buf_put_be64(v, u->told.stamp_us);
    kd_buf_put_be64(v, u->told.finished_us);
    kd_buf_put_be64(v, u->told.withdrawn);
    kd_buf_put_be64(v, u->told.version);
    kd_buf_put(v, u->told.job, strlen(u->told.job));
    kd_writes_put(&kd_commit_open(c)->writes, erased_row_key(c, u), kd_buf_view(v));
}

static void erased_put_key(kd_central *c)
{
    kd_buf_clear(&c->value);
    kd_buf_put_be64(&c->value, c->eraser.key);
    kd_writes_put(&kd_commit_open(c)->writes, kd_key_named(&c->key, KD_ROW_ERASED, (kd_bytes){0}),
                  kd_buf_view(&c->value));
}

kd_erased_user *kd_erased_user_obtain(kd_central *c, kd_bytes user)
{
    uint8_t digest[KD_USER_DIGEST_BYTES];
    if (c->eraser.key == 0) {
        c->eraser.key = c->config.seed ? c->config.seed : 1;
        erased_put_key(c);
    }
    kd_erased_user *u = kd_erased_user_find(c, user);
    if (u) return u;
    erased_digest(c->eraser.key, user, digest);
    return erased_add(c, kd_bytes_of(digest, sizeof(digest)));
}

/* ---- who is erased ---- */

bool kd_erased_covers(const kd_central *c, kd_bytes user, uint64_t time_us)
{
    const kd_erased_user *u = kd_erased_user_find(c, user);
    return u && (time_us <= u->told.stamp_us || kd_planted(c, KD_PLANT_ERASE_ANY_STAMP));
}

bool kd_erased_ignores(kd_central *c, kd_bytes user, uint64_t time_us)
{
    if (kd_planted(c, KD_PLANT_ERASE_LETS_LATE)) return false;
    bool ignored = kd_erased_covers(c, user, time_us);
    c->eraser.ignored += ignored;
    return ignored;
}

void kd_erased_collect(kd_central *c, kd_commit *k)
{
    size_t cursor = 0;
    for (kd_erased_user *u; (u = kd_table_next(&c->eraser.users, &cursor)) != NULL;) {
        bool needed = u->told.finished_us == 0 || u->told.stamp_us >= c->collector.floor_us;
        if (needed) continue;
        kd_writes_delete(&k->writes, erased_row_key(c, u));
        kd_table_remove(&c->eraser.users, erased_digest_of(u));
        free(u);
    }
}
