/*
 * gone.h - when the last copy of an erased user's id is gone, as far as central can know it: by its configuration for topics and edges, and by what its
 * partitions hold (docs/protocol.md, rule 28). docs/operations/run.md lists the places.
 */
#ifndef KUDOS_GONE_H
#define KUDOS_GONE_H

#include "kudos/central.h"
#include "kudos/erase.h"

/* Of the configuration. */
typedef struct {
    bool backups_kept, publish_changes;
    uint64_t likes_retention_us, changes_retention_us; /* of the topics */
    uint64_t edge_row_ttl_us;                          /* 0: not told */
} kd_gone_config;

enum { KD_GONE_REASON_MAX = 64 };

/* Of one partition. */
typedef struct {
    uint64_t oldest_backup;       /* version of the oldest backup noted; UINT64_MAX: none */
    uint64_t newest_backup;       /* of the newest that is complete; 0: none */
    char backup[KD_NAME_MAX + 1]; /* the oldest */
    uint64_t lowest_us;         /* the smallest watermark of an edge that is not retired; UINT64_MAX: none */
    char edge[KD_NAME_MAX + 1]; /* the edge */
    uint32_t quarantined;       /* records kept */
} kd_gone_partition;

typedef struct {
    uint64_t at_us;                  /* 0: unknown */
    char reason[KD_GONE_REASON_MAX]; /* why it is unknown: the place that keeps the id; else empty */
} kd_gone;

/* What this partition knows of places that keep ids. */
void kd_gone_look(const kd_central *c, kd_gone_partition *out);
/* Adds one partition to what is known: the latest time, or the first place of which it is unknown. `now_us`: the clock. */
void kd_gone_add(kd_gone *g, const kd_gone_config *s, const kd_gone_partition *p, const kd_erased *told,
                 uint64_t now_us);

#endif
