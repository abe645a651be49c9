/*
 * tests/lib/memory_store.h - a kd_store in memory for tests: sorted, fast, and able to be copied.
 *
 * A crash is played by throwing a core away together with the commits that were not applied. A backup is a
 * clone; a restore opens the clone. Reads can be made to fail. One thread.
 */
#ifndef KUDOS_TESTS_LIB_MEMORY_STORE_H
#define KUDOS_TESTS_LIB_MEMORY_STORE_H

#include "kudos/store.h"

typedef struct kd_memory_store kd_memory_store;

kd_memory_store *kd_memory_store_create(void);
kd_memory_store *kd_memory_store_clone(const kd_memory_store *m);
/* NULL is fine. */
void kd_memory_store_destroy(kd_memory_store *m);

/* The interface; valid until destroy. A scan must not be mixed with writes. */
kd_store kd_memory_store_view(kd_memory_store *m);

void kd_memory_store_put(kd_memory_store *m, kd_bytes key, kd_bytes value);
void kd_memory_store_delete(kd_memory_store *m, kd_bytes key);
/* Applies the group, atomically as nothing can fail on the way. */
void kd_memory_store_apply(kd_memory_store *m, const kd_writes *writes);

/* After `reads` more gets or scans every one answers KD_EIO; UINT64_MAX: never (as at the start). */
void kd_memory_store_fail_after(kd_memory_store *m, uint64_t reads);

size_t kd_memory_store_rows(const kd_memory_store *m);
/* The same rows in both. */
bool kd_memory_store_equal(const kd_memory_store *a, const kd_memory_store *b);
/* A chain of XXH64 over all rows in order: equal stores have equal digests. */
uint64_t kd_memory_store_digest(const kd_memory_store *m);

#endif
