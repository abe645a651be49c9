/*
 * record_keys.h - the keys of a process: records that it writes to Kafka get a MAC (common/wire/mac.h), records that it reads are checked.
 *
 * One object for all threads of the process. A reload of the file (common/io/daemon/key_file.h) swaps the keys between two records.
 */
#ifndef KUDOS_COMMON_IO_KAFKA_RECORD_KEYS_H
#define KUDOS_COMMON_IO_KAFKA_RECORD_KEYS_H

#include "common/io/daemon/key_file.h"
#include "common/wire/mac.h"

typedef struct kd_record_keys kd_record_keys;

/* The keys of a file. `edge`: the name of the edge; NULL: central. KD_OK; KD_EINVAL with `error`: the file cannot be read, others than its owner can
 * read it, or what it holds is not enough. Then *keys is NULL. */
int kd_record_keys_create(kd_record_keys **keys, const char *path, const char *edge, char *error,
                          size_t size);
/* Wipes them. After all clients that use them have ended. NULL is fine. */
void kd_record_keys_destroy(kd_record_keys *keys);
/* As create, without making anything: for the check of a configuration. */
int kd_record_keys_check(const char *path, const char *edge, char *error, size_t size);
/* Their file, to be read again: the new keys hold for the next record. It ends with *keys. NULL for NULL. */
kd_key_file *kd_record_keys_file(kd_record_keys *keys);
/* Whether records without a MAC are believed, as while keys are introduced; false at first. Any thread. */
void kd_record_keys_accept_unsigned(kd_record_keys *keys, bool accept);
bool kd_record_keys_accepts_unsigned(const kd_record_keys *keys); /* from any thread */

/* Any thread. Puts the MACs for a record into *header, which is cleared first; it stays empty where no key is for such a record. `topic`: at most
 * 65535 bytes. */
void kd_record_keys_sign(kd_record_keys *keys, kd_bytes topic, uint32_t partition, kd_bytes value,
                         kd_buf *header);
/* Any thread. Whether to believe a record that was read: KD_MAC_GOOD, or why not. `header`: data NULL where it has none. */
kd_mac_verdict kd_record_keys_verify(kd_record_keys *keys, kd_bytes topic, uint32_t partition, kd_bytes value,
                                     kd_bytes header);

#endif
