/* key_file.c - see the header. `lock` guards `ring`; it is held while one thing is signed or checked. */
#include "common/io/daemon/key_file.h"

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/conf/options.h"
#include "common/io/daemon/file_read.h"

struct kd_key_file {
    pthread_rwlock_t lock;
    kd_keyring *ring;
    uint64_t changes;     /* atomic */
    kd_key_source source; /* path and edge are owned */
};

static void key_file_wipe(kd_keyring *ring)
{
    if (!ring) return;
    sodium_memzero(ring, sizeof *ring);
    free(ring);
}

/* The keys of the file; NULL with `error`. */
static kd_keyring *key_file_load(const kd_key_source *source, char *error, size_t size)
{
    char why[KD_OPTIONS_ERROR_MAX / 2];
    kd_buf text = {0};
    kd_keyring *ring = kd_alloc(sizeof *ring);
    int err = kd_secret_read(source->path, KD_KEYRING_TEXT_MAX, &text, why, sizeof why);
    if (err == KD_OK) err = kd_keyring_parse(ring, kd_buf_view(&text), why, sizeof why);
    if (err == KD_OK) err = source->rule(ring, source->edge, why, sizeof why);
    kd_secret_finish(&text);
    if (err == KD_OK) return ring;
    snprintf(error, size, "%s: %s", source->option, why);
    key_file_wipe(ring);
    return NULL;
}

int kd_key_file_check(const kd_key_source *source, char *error, size_t size)
{
    kd_keyring *ring = key_file_load(source, error, size);
    key_file_wipe(ring);
    return ring ? KD_OK : KD_EINVAL;
}

int kd_key_file_create(kd_key_file **out, const kd_key_source *source, char *error, size_t size)
{
    KD_ASSERT(sodium_init() >= 0);
    *out = NULL;
    kd_keyring *ring = key_file_load(source, error, size);
    if (!ring) return KD_EINVAL;
    kd_key_file *file = kd_alloc(sizeof *file);
    file->ring = ring;
    file->source = *source;
    file->source.path = kd_dup(kd_bytes_of(source->path, strlen(source->path) + 1));
    if (source->edge.len > 0) file->source.edge = kd_bytes_of(kd_dup(source->edge), source->edge.len);
    pthread_rwlock_init(&file->lock, NULL);
    *out = file;
    return KD_OK;
}

void kd_key_file_destroy(kd_key_file *file)
{
    if (!file) return;
    pthread_rwlock_destroy(&file->lock);
    key_file_wipe(file->ring);
    free((void *)(uintptr_t)file->source.path);
    if (file->source.edge.len > 0) free((void *)(uintptr_t)file->source.edge.data);
    free(file);
}

int kd_key_file_reload(kd_key_file *file, char *error, size_t size)
{
    kd_keyring *fresh = key_file_load(&file->source, error, size);
    if (!fresh) return KD_EINVAL;
    pthread_rwlock_wrlock(&file->lock);
    kd_keyring *old = file->ring;
    file->ring = fresh;
    pthread_rwlock_unlock(&file->lock);
    if (sodium_memcmp(old, fresh, sizeof *old) != 0) __atomic_fetch_add(&file->changes, 1, __ATOMIC_RELEASE);
    key_file_wipe(old);
    return KD_OK;
}

uint64_t kd_key_file_changes(const kd_key_file *file)
{
    return __atomic_load_n(&file->changes, __ATOMIC_ACQUIRE);
}

kd_bytes kd_key_file_edge(const kd_key_file *file)
{
    return file->source.edge;
}

const kd_keyring *kd_key_file_hold(kd_key_file *file)
{
    pthread_rwlock_rdlock(&file->lock);
    return file->ring;
}

void kd_key_file_release(kd_key_file *file)
{
    pthread_rwlock_unlock(&file->lock);
}
