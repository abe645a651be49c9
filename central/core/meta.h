/* meta.h - the row `M`: identity, epoch, version, log position, chain, and what was told; each commit writes it. Its form is drawn in meta.c. */
#ifndef KUDOS_CENTRAL_CORE_META_H
#define KUDOS_CENTRAL_CORE_META_H

#include "central/core/commit.h"

/* Reads the row into the core; nothing where there is none. KD_OK, KD_EIO, KD_EMISMATCH (another partition, partition count or storage schema),
 * KD_EMALFORMED. */
int kd_meta_load(kd_central *c);
/* At the begin of a commit, after all that may change what the row says. */
void kd_meta_put(kd_central *c, kd_commit *k);
/* The counters of the configuration as counters_told has them: bit i is the counter of id i. */
uint64_t kd_meta_counters(const kd_central *c);

/* The beginning of the row, for those that read a store without opening a core on it. */
typedef struct {
    uint32_t partition, partitions;
    uint64_t epoch, version;
} kd_meta_head;
/* KD_OK, KD_EMALFORMED, KD_EMISMATCH (another storage schema). */
int kd_meta_head_read(kd_bytes value, kd_meta_head *head);
/* Appends the same row with another version. `value` is one that kd_meta_head_read took. */
void kd_meta_with_version(kd_bytes value, uint64_t version, kd_buf *out);

#endif
