/* assembly.h - the parts of a snapshot, kept until all of them are here (rule 14). One snapshot of a partition at a time, the newest. */
#ifndef KUDOS_EDGE_CORE_ASSEMBLY_H
#define KUDOS_EDGE_CORE_ASSEMBLY_H

#include "edge/core/forward.h"

/* Zero-initialised: empty. */
typedef struct {
    uint64_t epoch, version;
    uint32_t parts, have; /* parts is 0 when the snapshot was given up as too large */
    kd_buf *records;      /* by part number; empty: not here yet. Owned */
} kd_assembly;

/* Keeps one part. True: it was the last one missing. False: others are missing, it was here already, it is of an older snapshot, or the shard's
 * assemblies would outgrow KD_ASSEMBLY_BYTES_MAX; then this snapshot is given up and counts as missed. */
bool kd_assembly_add(kd_edge *e, kd_assembly *a, const kd_snapshot *s, kd_bytes record);
/* Orders the assembly's snapshot and `s` by epoch, then version: negative, 0 or positive. */
int kd_assembly_compare(const kd_assembly *a, const kd_snapshot *s);
/* Frees the parts; the assembly is empty then. */
void kd_assembly_clear(kd_edge *e, kd_assembly *a);

#endif
