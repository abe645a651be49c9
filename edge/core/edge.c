/*
 * edge.c - a shard's core as a whole: open, group commit, close, and what is told of it.
 *
 * Opening reads, in this order: identity, what central said, numbers, rows (into the filter), journal (outbox, and rows
 * that are not in the store yet), idempotency keys.
 * The first group carries the new incarnation, so no batch of it can leave before it is durable.
 */
#include "edge/core/internal.h"

#include <stdlib.h>

static kd_bytes entry_key_of(const void *entry)
{
    return kd_entry_key(entry);
}

kd_part *kd_edge_part_by_id(const kd_edge *e, uint32_t partition)
{
    if (partition >= e->config.partitions || partition % e->config.shards != e->config.shard) return NULL;
    return &e->parts[partition / e->config.shards];
}

kd_part *kd_edge_part(kd_edge *e, kd_bytes item)
{
    kd_part *p = kd_edge_part_by_id(e, kd_partition(item, e->config.partitions));
    KD_ASSERT(p); /* the shell routes by partition */
    return p;
}

static void init_parts(kd_edge *e)
{
    for (uint32_t id = e->config.shard; id < e->config.partitions; id += e->config.shards) e->part_count++;
    e->parts = kd_alloc(e->part_count * sizeof(e->parts[0]));
    for (uint32_t i = 0; i < e->part_count; i++) {
        e->parts[i].id = e->config.shard + i * e->config.shards;
        e->parts[i].next_seq = 1;
        e->parts[i].counts_offset = -1;
        e->parts[i].idle_interval_us = e->config.flush_interval_us;
    }
}

static kd_edge *edge_edge_create(const kd_edge_config *config, const kd_store *store)
{
    kd_edge *e = kd_alloc(sizeof(*e));
    e->config = *config;
    e->counters = *config->counters;
    e->config.counters = &e->counters;
    memcpy(e->edge_name, config->edge.data, config->edge.len);
    memcpy(e->region_name, config->region.data, config->region.len);
    e->store = *store;
    e->random = config->seed;
    e->open_group = 1;
    kd_table_init(&e->items, entry_key_of, config->seed);
    kd_pool_init(&e->nodes, sizeof(kd_node));
    kd_pool_init(&e->overlays, sizeof(kd_overlay) + config->counters->count * sizeof(kd_tally));
    init_parts(e);
    return e;
}

/* Planted: positions go on where the disk says, as if a copy or a backup could not exist. */
static void plant_fixed_incarnation(kd_edge *e)
{
    if (!KD_PLANTED(e, KD_PLANT_FIXED_INCARNATION)) return;
    for (uint32_t i = 0; i < e->part_count; i++) {
        kd_part *p = &e->parts[i];
        p->incarnation = e->incarnation;
        p->next_seq = KD_MAX(p->applied.seq, p->last_sealed.seq) + 1;
    }
}

static int edge_edge_load(kd_edge *e, uint64_t now_us)
{
    int err = kd_identity_open(e, now_us);
    if (err == KD_OK) err = kd_part_load(e);
    if (err == KD_OK) err = kd_entries_load(e);
    if (err == KD_OK) err = kd_membership_load(e);
    if (err == KD_OK) err = kd_spill_load(e);
    if (err == KD_OK) err = kd_outbox_load(e);
    if (err == KD_OK) err = kd_idempotency_load(e);
    if (err == KD_OK) err = kd_aside_load(e);
    if (err == KD_OK) plant_fixed_incarnation(e);
    for (uint32_t i = 0; err == KD_OK && i < e->part_count; i++) {
        if (KD_PLANTED(e, KD_PLANT_RESEND_FORGOTTEN)) e->parts[i].resending = false;
        if (e->parts[i].resending) e->parts[i].rows_awaited = kd_spill_await(e);
    }
    e->wanted = true;
    return err;
}

static bool config_sane(const kd_edge_config *c)
{
    return kd_name_valid(c->edge) && kd_name_valid(c->region) && c->shards > 0 && c->shard < c->shards &&
           c->partitions > 0 && c->partitions <= KD_PARTITIONS_MAX && c->flush_ops > 0 &&
           c->flush_ops <= KD_BATCH_OPS_MAX && c->send_window > 0 && c->items_max > 0 &&
           c->flush_interval_us > 0 && c->idle_interval_max_us > 0 && c->resend_min_us > 0 &&
           c->resend_max_us >= c->resend_min_us && c->counters->count <= KD_COUNTERS_MAX;
}

int kd_edge_open(const kd_edge_config *config, const kd_store *store, uint64_t now_us, kd_edge **out)
{
    *out = NULL;
    if (!config_sane(config)) return KD_EINVAL;
    kd_edge *e = edge_edge_create(config, store);
    int err = edge_edge_load(e, now_us);
    if (err != KD_OK) {
        kd_edge_close(e);
        return err;
    }
    *out = e;
    return KD_OK;
}

void kd_edge_counters_add(kd_edge *e, const kd_counters *counters)
{
    uint32_t before = e->counters.count;
    KD_ASSERT(counters->count >= before && counters->count <= KD_COUNTERS_MAX);
    for (uint32_t i = 0; i < before; i++) KD_ASSERT(counters->at[i].id == e->counters.at[i].id);
    e->counters = *counters;
    if (counters->count > before) kd_overlay_widen(e, before);
}

static void finish_part(kd_edge *e, kd_part *p)
{
    for (kd_outgoing *b = p->head, *next; b; b = next) {
        next = b->next;
        kd_overlay_cancel_batch(e, b);
        kd_batch_free(b);
    }
    if (p->open) kd_overlay_cancel_batch(e, p->open);
    kd_batch_free(p->open);
    kd_assembly_clear(e, &p->assembly);
    kd_buf_finish(&p->fragment);
    kd_buf_finish(&p->cursor);
    kd_buf_finish(&p->sweep_cursor);
}

void kd_edge_close(kd_edge *e)
{
    if (!e) return;
    for (uint32_t i = 0; i < e->part_count; i++) finish_part(e, &e->parts[i]);
    kd_spill_finish(e);
    free(e->parts);
    kd_overlay_finish(e);
    kd_membership_finish(e);
    kd_idempotency_finish(e);
    for (int i = 0; i < 2; i++) kd_writes_finish(&e->writes[i]);
    kd_buf_finish(&e->key);
    kd_buf_finish(&e->value);
    free(e);
}

uint64_t kd_edge_incarnation(const kd_edge *e)
{
    return e->incarnation;
}

/* Rows that ride along wait for an operation or a seal, but an edge that is cut off has none: they must not pile up. */
enum { RIDING_BYTES_MAX = 1 << 20 };

bool kd_edge_commit_wanted(const kd_edge *e)
{
    bool much_rides = e->writes[e->gathering].buf.len >= RIDING_BYTES_MAX;
    return (e->wanted || e->poisoned || much_rides || kd_spill_wanted(e)) && e->writing_group == 0;
}

size_t kd_edge_gathered_bytes(const kd_edge *e)
{
    return e->writes[e->gathering].buf.len;
}

int kd_edge_commit_begin(kd_edge *e, uint64_t now_us, const kd_writes **writes, uint64_t *group)
{
    (void)now_us;
    if (e->poisoned) return KD_EIO;
    if (e->writing_group != 0) return KD_EAGAIN;
    for (uint32_t i = 0; i < e->part_count; i++) kd_accumulate_close_fragment(e, &e->parts[i]);
    kd_spill_ride(e);
    kd_writes *w = kd_edge_writes(e);
    if (kd_writes_empty(w)) return KD_EAGAIN;
    kd_identity_put_last(e);
    *writes = w;
    *group = e->writing_group = e->open_group++;
    e->gathering ^= 1;
    e->wanted = false;
    e->stats.groups++;
    return KD_OK;
}

int kd_edge_commit_end(kd_edge *e, uint64_t group, int status)
{
    KD_ASSERT(group == e->writing_group);
    if (status != KD_OK) e->poisoned = true;
    if (e->poisoned) return KD_EIO;
    uint32_t written = e->gathering ^ 1;
    e->writing_group = 0;
    e->durable_group = group;
    kd_spill_durable(e);
    kd_writes_clear(&e->writes[written]);
    return KD_OK;
}

int kd_edge_partition_get(const kd_edge *e, uint32_t partition, kd_edge_partition *out)
{
    const kd_part *p = kd_edge_part_by_id(e, partition);
    if (!p) return KD_ENOTFOUND;
    *out = (kd_edge_partition){.partition = partition,
                               .epoch = p->epoch,
                               .version = p->version,
                               .applied = p->applied,
                               .sealed = p->last_sealed,
                               .watermark_us = p->watermark_us,
                               .low_watermark_us = p->low_watermark_us,
                               .made_us = p->made_us,
                               .stable_us = p->stable_us,
                               .expired_us = p->expired_us,
                               .outbox_batches = p->sealed + (p->open != NULL),
                               .resending = p->resending,
                               .retired = p->retired};
    return KD_OK;
}

void kd_edge_get_stats(const kd_edge *e, kd_edge_stats *out)
{
    *out = e->stats;
    out->items = e->items.count;
    out->outbox_bytes = e->outbox_bytes;
    out->outbox_batches = e->outbox_batches;
    out->outbox_op_bytes = e->outbox_bytes - e->outbox_batches * KD_OUTGOING_OVERHEAD;
    out->filter_rows = e->filter.rows;
    out->fresh_rows = e->spill.tables[0].count + e->spill.tables[1].count;
    out->refusing = e->refusing;
    for (uint32_t i = 0; i < e->part_count; i++) out->retired += e->parts[i].retired;
}
