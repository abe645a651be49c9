/*
 * record_keys.c - see the header. BLAKE2b of libsodium: as fast as HMAC-SHA256 with the processor's help, the same on processors without it, and a key
 * needs no context that would have to be kept for each thread. No request takes the lock of these keys, a batch of up to a thousand does.
 */
#include "common/io/kafka/record_keys.h"

#include <sodium.h>
#include <stdlib.h>

enum { RECORD_DIGEST = 32 };

struct kd_record_keys {
    kd_key_file *file;
    bool accept_unsigned; /* atomic */
};

static kd_key_source record_keys_source(const char *path, const char *edge)
{
    return (kd_key_source){.option = "kafka.keys_file",
                           .path = path,
                           .edge = edge ? kd_bytes_str(edge) : (kd_bytes){0},
                           .rule = kd_keyring_check};
}

int kd_record_keys_check(const char *path, const char *edge, char *error, size_t size)
{
    const kd_key_source source = record_keys_source(path, edge);
    return kd_key_file_check(&source, error, size);
}

int kd_record_keys_create(kd_record_keys **out, const char *path, const char *edge, char *error, size_t size)
{
    const kd_key_source source = record_keys_source(path, edge);
    kd_key_file *file;
    *out = NULL;
    int err = kd_key_file_create(&file, &source, error, size);
    if (err != KD_OK) return err;
    *out = kd_alloc(sizeof **out);
    (*out)->file = file;
    return KD_OK;
}

void kd_record_keys_destroy(kd_record_keys *k)
{
    if (!k) return;
    kd_key_file_destroy(k->file);
    free(k);
}

kd_key_file *kd_record_keys_file(kd_record_keys *k)
{
    return k ? k->file : NULL;
}

bool kd_record_keys_accepts_unsigned(const kd_record_keys *k)
{
    return __atomic_load_n(&k->accept_unsigned, __ATOMIC_RELAXED);
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
    const kd_keyring *ring = kd_key_file_hold(k->file);
    for (const kd_record_key *key = NULL; (key = kd_mac_signer(ring, flow, edge, key)) != NULL;) {
        record_keys_mac(key, digest, mac);
        kd_mac_put(header, key->id, mac);
    }
    kd_key_file_release(k->file);
}

/* An edge reads snapshots for itself, whatever they say of themselves; central reads batches and claims. */
static kd_flow record_keys_flow(const kd_record_keys *k, kd_bytes value, kd_bytes *edge)
{
    kd_bytes mine = kd_key_file_edge(k->file);
    if (mine.len == 0) return kd_mac_flow(value, edge);
    *edge = mine;
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
    if (!header.data && kd_record_keys_accepts_unsigned(k)) return KD_MAC_GOOD;
    kd_mac_verdict verdict = kd_mac_choose(kd_key_file_hold(k->file), header, flow, edge, &key, &mac);
    if (verdict == KD_MAC_GOOD) {
        record_keys_digest(topic, partition, value, digest);
        record_keys_mac(key, digest, expected);
        if (sodium_memcmp(expected, mac, KD_MAC_BYTES) != 0) verdict = KD_MAC_WRONG;
    }
    kd_key_file_release(k->file);
    return verdict;
}
