/*
 * key_file.h - a ring of keys (common/wire/keyring.h) that a process reads from the file of an option, at its start and again at a reload.
 *
 * One object for all threads of the process. A reload swaps the keys between two uses. Invariant: once made, it always has keys that its rule takes; a
 * file that is not good changes nothing.
 */
#ifndef KUDOS_COMMON_IO_DAEMON_KEY_FILE_H
#define KUDOS_COMMON_IO_DAEMON_KEY_FILE_H

#include "common/wire/keyring.h"

typedef struct kd_key_file kd_key_file;

/* Whether the keys are those that the process needs: KD_OK, or KD_EINVAL with `error`. `edge`: as kd_keyring_check. */
typedef int (*kd_key_file_rule)(const kd_keyring *ring, kd_bytes edge, char *error, size_t size);

/* Which file, for whom. */
typedef struct {
    const char *option, *path;
    kd_bytes edge;
    kd_key_file_rule rule;
} kd_key_source;

/* Whether there are such keys in the file: for the check of a configuration. KD_OK; KD_EINVAL with `error`, which names the option: the file cannot be
 * read, others than its owner can read it, or the rule does not take what it holds. */
int kd_key_file_check(const kd_key_source *source, char *error, size_t size);
/* The same, and keeps the keys in *file; NULL after an error. Path and edge are copied, the option is static text. */
int kd_key_file_create(kd_key_file **file, const kd_key_source *source, char *error, size_t size);
/* Wipes the keys. When no thread uses them any more. NULL is fine. */
void kd_key_file_destroy(kd_key_file *file);
/* Reads the file again: the new keys hold from the next use on. After an error, as kd_key_file_check, the old ones stay. One thread at a time. */
int kd_key_file_reload(kd_key_file *file, char *error, size_t size);
/* How often the file had other keys when it was read again. Any thread. */
uint64_t kd_key_file_changes(const kd_key_file *file);
/* For whom the keys are; lives as long as the object. */
kd_bytes kd_key_file_edge(const kd_key_file *file);
/* Any thread: the keys, which stay as they are until they are released by the same thread, soon. */
const kd_keyring *kd_key_file_hold(kd_key_file *file);
/* After kd_key_file_hold. */
void kd_key_file_release(kd_key_file *file);

#endif
