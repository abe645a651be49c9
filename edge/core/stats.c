/* stats.c - the state of a partition and of the shard, for metrics and debugging. */
#include "edge/core/batch.h"
#include "edge/core/part.h"
#include "edge/core/state.h"

int kd_edge_partition_get(const kd_edge *e, uint32_t partition, kd_edge_partition *out)
{
    const kd_part *p = kd_edge_part_by_id(e, partition);
    if (!p) return KD_ENOTFOUND;
    *out = (kd_edge_partition){.partition = partition,
                               .epoch = p->epoch,
                               .version = p->version,
                               .applied = p->applied,
                               .sealed = p->outbox.last_sealed,
                               .watermark_us = p->watermark_us,
                               .low_watermark_us = p->low_watermark_us,
                               .made_us = p->made_us,
                               .stable_us = p->stable_us,
                               .expired_us = p->sweep.expired_us,
                               .outbox_batches = p->outbox.sealed + (p->open != NULL),
                               .resending = p->resend.active,
                               .retired = p->retired};
    return KD_OK;
}

void kd_edge_get_stats(const kd_edge *e, kd_edge_stats *out)
{
    *out = e->stats;
    out->viral_items = e->virals.count;
    out->items = e->items.count;
    out->items_probation = e->probation.count;
    out->outbox_bytes = e->outbox_bytes;
    out->outbox_batches = e->outbox_batches;
    out->outbox_op_bytes = e->outbox_bytes - e->outbox_batches * KD_OUTGOING_OVERHEAD;
    out->filter_rows = e->filter.rows;
    out->fresh_rows = e->spill.tables[0].count + e->spill.tables[1].count;
    out->refusing = e->refusing;
    for (uint32_t i = 0; i < e->part_count; i++) out->retired += e->parts[i].retired;
}
