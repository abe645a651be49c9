/* digests.c - see the header. At most three quarters of the slots are taken, so each search ends at a free one. */
#include "common/backup/digests.h"

#include <stdlib.h>

static const uint8_t none[KD_BACKUP_DIGEST];

static bool digests_same(const uint8_t *a, const uint8_t *b)
{
    return memcmp(a, b, KD_BACKUP_DIGEST) == 0;
}

/* The slot of the digest, or the free one where it belongs. */
static uint8_t *digests_slot(const kd_digests *set, const uint8_t *digest)
{
    uint64_t hash;
    memcpy(&hash, digest, sizeof hash);
    size_t i = (size_t)hash & (set->cap - 1);
    while (!digests_same(set->at[i], none) && !digests_same(set->at[i], digest)) i = (i + 1) & (set->cap - 1);
    return set->at[i];
}

static void digests_grow(kd_digests *set)
{
    kd_digests wider = {.cap = set->cap ? 2 * set->cap : 64, .count = set->count};
    wider.at = kd_alloc(wider.cap * sizeof *wider.at);
    for (size_t i = 0; i < set->cap; i++)
        if (!digests_same(set->at[i], none))
            memcpy(digests_slot(&wider, set->at[i]), set->at[i], KD_BACKUP_DIGEST);
    free(set->at);
    *set = wider;
}

bool kd_digests_add(kd_digests *set, const uint8_t digest[KD_BACKUP_DIGEST])
{
    if (digests_same(digest, none) || kd_digests_has(set, digest)) return true;
    if (set->count >= KD_DIGESTS_MAX) return false;
    if (4 * (set->count + 1) > 3 * set->cap) digests_grow(set);
    memcpy(digests_slot(set, digest), digest, KD_BACKUP_DIGEST);
    set->count++;
    return true;
}

bool kd_digests_has(const kd_digests *set, const uint8_t digest[KD_BACKUP_DIGEST])
{
    if (set->cap == 0 || digests_same(digest, none)) return false;
    return digests_same(digests_slot(set, digest), digest);
}

void kd_digests_finish(kd_digests *set)
{
    free(set->at);
    *set = (kd_digests){.cap = 0};
}
