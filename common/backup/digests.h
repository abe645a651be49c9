/*
 * digests.h - a set of digests: which objects are there already, or are named by a backup that is kept. Open addressing; a digest is its own hash. Who
 * can name objects (write to the store) can make it slow, not wrong.
 */
#ifndef KUDOS_COMMON_BACKUP_DIGESTS_H
#define KUDOS_COMMON_BACKUP_DIGESTS_H

#include "common/backup/backup_list.h"

enum { KD_DIGESTS_MAX = 6 * 1024 * 1024 }; /* objects of one partition; up to 512 MiB of memory */

/* Zero-initialise it. */
typedef struct {
    uint8_t (*at)[KD_BACKUP_DIGEST]; /* `cap` slots, a power of two; all zero: free */
    size_t count, cap;
} kd_digests;

/* False: there are KD_DIGESTS_MAX of them. A digest of zeros is in no set. */
bool kd_digests_add(kd_digests *set, const uint8_t digest[KD_BACKUP_DIGEST]);
/* Whether it was added. */
bool kd_digests_has(const kd_digests *set, const uint8_t digest[KD_BACKUP_DIGEST]);
/* Frees the memory; the set is empty and can be used again. */
void kd_digests_finish(kd_digests *set);

#endif
