/*
 * record_keys.c - see the header. BLAKE2b of libsodium: as fast as HMAC-SHA256 with the processor's help, the same on processors without it, and a key
 * needs no context that would have to be kept for each thread.
 *
 * `lock` guards `ring`; it is held while one record is signed or checked. No request takes it, a batch of up to a thousand does.
 */
#include "common/io/kafka/record_keys.h"

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/conf/options.h"
#include "common/io/daemon/file_read.h"

enum { RECORD_DIGEST = 32 };

struct kd_record_keys {
    pthread_rwlock_t lock;
    kd_keyring *ring;
    char *path;
    kd_bytes edge;        /* owned; empty: central */
    bool accept_unsigned; /* atomic */
};

static void record_keys_wipe(kd_keyring *ring)
{
    if (!ring) return;
    sodium_memzero(ring, sizeof *ring);
    free(ring);
}

static int record_keys_refuse(char *error, size_t size, const char *fault)
{
    snprintf(error, size, "kafka.keys_file: %s", fault);
    return KD_EINVAL;
}

static int record_keys_take(kd_keyring *ring, kd_bytes text, kd_bytes edge, char *error, size_t size)
{
    char fault[160];
    int err = kd_keyring_parse(ring, text, fault, sizeof fault);
    if (err == KD_OK) err = kd_keyring_check(ring, edge, fault, sizeof fault);
    return err == KD_OK ? KD_OK : record_keys_refuse(error, size, fault);
}

static int record_keys_load(kd_keyring *ring, const char *path, kd_bytes edge, char *error, size_t size)
{
    char why[KD_OPTIONS_ERROR_MAX / 2];
    kd_buf text = {0};
    int err = kd_secret_read(path, KD_KEYRING_TEXT_MAX, &text, why, sizeof(why));
    err = err == KD_OK ? record_keys_take(ring, kd_buf_view(&text), edge, error, size)
                       : record_keys_refuse(error, size, why);
    kd_secret_finish(&text);
    return err;
}

static kd_bytes record_keys_edge(const char *edge)
{
    return edge ? kd_bytes_str(edge) : (kd_bytes){0};
}

int kd_record_keys_check(const char *path, const char *edge, char *error, size_t size)
{
    kd_keyring *ring = kd_alloc(sizeof *ring);
    int err = record_keys_load(ring, path, record_keys_edge(edge), error, size);
    record_keys_wipe(ring);
    return err;
}

int kd_record_keys_create(kd_record_keys **out, const char *path, const char *edge, char *error, size_t size)
{
    kd_keyring *ring = kd_alloc(sizeof *ring);
    KD_ASSERT(sodium_init() >= 0);
    *out = NULL;
    int err = record_keys_load(ring, path, record_keys_edge(edge), error, size);
    if (err != KD_OK) {
        record_keys_wipe(ring);
        return err;
    }
    kd_record_keys *k = kd_alloc(sizeof *k);
    kd_bytes name = record_keys_edge(edge);
    k->ring = ring;
    k->path = kd_dup(kd_bytes_of(path, strlen(path) + 1));
    k->edge = name.len > 0 ? kd_bytes_of(kd_dup(name), name.len) : name;
    pthread_rwlock_init(&k->lock, NULL);
    *out = k;
    return KD_OK;
}

void kd_record_keys_destroy(kd_record_keys *k)
{
    if (!k) return;
    pthread_rwlock_destroy(&k->lock);
    record_keys_wipe(k->ring);
    free(k->path);
    free((void *)(uintptr_t)k->edge.data);
    free(k);
}

int kd_record_keys_reload(kd_record_keys *k, char *error, size_t size)
{
    kd_keyring *ring = kd_alloc(sizeof *ring);
    int err = record_keys_load(ring, k->path, k->edge, error, size);
    if (err == KD_OK) {
        pthread_rwlock_wrlock(&k->lock);
        kd_keyring *old = k->ring;
        k->ring = ring;
        pthread_rwlock_unlock(&k->lock);
        ring = old;
    }
    record_keys_wipe(ring);
    return err;
}

void kd_record_keys_accept_unsigned(kd_record_keys *k, bool accept)
{
    __atomic_store_n(&k->accept_unsigned, accept, __ATOMIC_RELAXED);
}

static void record_keys_digest(kd_bytes topic, uint32_t partition, kd_bytes value,
                               uint8_t digest[RECORD_DIGEST])
{
    crypto_generichash_state hash;
    kd_buf prefix = {0};
    kd_mac_put_prefix(&prefix, topic, partition);
    crypto_generichash_init(&hash, NULL, 0, RECORD_DIGEST);
    crypto_generichash_update(&hash, prefix.data, prefix.len);
    if (value.len > 0) crypto_generichash_update(&hash, value.data, value.len);
    crypto_generichash_final(&hash, digest, RECORD_DIGEST);
    kd_buf_finish(&prefix);
}

static void record_keys_mac(const kd_record_key *key, const uint8_t digest[RECORD_DIGEST],
                            uint8_t mac[KD_MAC_BYTES])
{
    int err = crypto_generichash(mac, KD_MAC_BYTES, digest, RECORD_DIGEST, key->bytes, KD_RECORD_KEY_BYTES);
    KD_ASSERT(err == 0);
}

void kd_record_keys_sign(kd_record_keys *k, kd_bytes topic, uint32_t partition, kd_bytes value,
                         kd_buf *header)
{
    kd_bytes edge;
    uint8_t digest[RECORD_DIGEST], mac[KD_MAC_BYTES];
    kd_flow flow = kd_mac_flow(value, &edge);
    kd_buf_clear(header);
    record_keys_digest(topic, partition, value, digest);
    pthread_rwlock_rdlock(&k->lock);
    for (const kd_record_key *key = NULL; (key = kd_mac_signer(k->ring, flow, edge, key)) != NULL;) {
        record_keys_mac(key, digest, mac);
        kd_mac_put(header, key->id, mac);
    }
    pthread_rwlock_unlock(&k->lock);
}

/* An edge reads snapshots for itself, whatever they say of themselves; central reads batches and claims. */
static kd_flow record_keys_flow(const kd_record_keys *k, kd_bytes value, kd_bytes *edge)
{
    if (k->edge.len == 0) return kd_mac_flow(value, edge);
    *edge = k->edge;
    return KD_FLOW_SNAPSHOT;
}

kd_mac_verdict kd_record_keys_verify(kd_record_keys *k, kd_bytes topic, uint32_t partition, kd_bytes value,
                                     kd_bytes header)
{
    kd_bytes edge;
    const kd_record_key *key;
    const uint8_t *mac;
    uint8_t digest[RECORD_DIGEST], expected[KD_MAC_BYTES];
    kd_flow flow = record_keys_flow(k, value, &edge);
    if (!header.data && __atomic_load_n(&k->accept_unsigned, __ATOMIC_RELAXED)) return KD_MAC_GOOD;
    pthread_rwlock_rdlock(&k->lock);
    kd_mac_verdict verdict = kd_mac_choose(k->ring, header, flow, edge, &key, &mac);
    if (verdict == KD_MAC_GOOD) {
        record_keys_digest(topic, partition, value, digest);
        record_keys_mac(key, digest, expected);
        if (sodium_memcmp(expected, mac, KD_MAC_BYTES) != 0) verdict = KD_MAC_WRONG;
    }
    pthread_rwlock_unlock(&k->lock);
    return verdict;
}
