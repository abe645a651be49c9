/*
 * erase_gone.h - when the last copy of an erased user's id is gone, as far as central can know it: what its configuration says of topics and edges, and
 * what its partitions hold. docs/operations/run.md lists the places.
 */
#ifndef KUDOS_CENTRAL_IO_OPERATOR_ERASE_GONE_H
#define KUDOS_CENTRAL_IO_OPERATOR_ERASE_GONE_H

#include "central/io/operator/job.h"
#include "kudos/erase.h"

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

/* Asks the worker. KD_OK; KD_ETIMEOUT. */
int kd_gone_ask(kd_jobs *jobs, uint32_t partition, kd_gone_partition *out);
/* Adds one partition to what is known: the latest time, or the first place of which it is unknown. `now_us`: the clock. */
void kd_gone_add(kd_gone *g, const kd_central_settings *s, const kd_gone_partition *p, const kd_erased *told,
                 uint64_t now_us);
/* "gone_at=TIME", or "gone_at=unknown reason=PLACE". */
void kd_gone_put(const kd_gone *g, kd_buf *out);

#endif
