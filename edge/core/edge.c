/*
 * edge.c - a shard's core as a whole: open and close.
 *
 * Opening reads, in this order: identity, what central said, counts of items, the first membership rows (into the filter), journal (outbox, and rows
 * that are not in the store yet), idempotency keys, sums set aside. The journal comes after the counts, because its deltas go above them.
 *
 * The first group carries the new incarnation, so no batch of it can leave before the incarnation is durable.
 */
#include "edge/core/aside.h"
#include "edge/core/assembly.h"
#include "edge/core/batch.h"
#include "edge/core/idempotency.h"
#include "edge/core/identity.h"
#include "edge/core/items.h"
#include "edge/core/fill.h"
#include "edge/core/membership.h"
#include "edge/core/outbox.h"
#include "edge/core/overlay.h"
#include "edge/core/part.h"
#include "edge/core/spill.h"
#include "edge/core/state.h"

#include <stdlib.h>

static kd_edge *edge_create(const kd_edge_config *config, const kd_store *store)
{
    kd_edge *e = kd_alloc(sizeof(*e));
    e->config = *config;
    e->counters = *config->counters;
    e->config.counters = &e->counters;
    memcpy(e->edge_name, config->edge.data, config->edge.len);
    memcpy(e->region_name, config->region.data, config->region.len);
    e->store = *store;
    e->random = config->seed;
    e->groups.open = 1;
    kd_items_init(e);
    kd_part_init_all(e);
    return e;
}

/* Planted: positions go on behind the last one on disk, as if no copy or backup of the disk could exist. */
static void edge_plant_fixed_incarnation(kd_edge *e)
{
    if (!KD_PLANTED(e, KD_PLANT_FIXED_INCARNATION)) return;
    for (uint32_t i = 0; i < e->part_count; i++) {
        kd_part *p = &e->parts[i];
        p->incarnation = e->incarnation;
        p->next_seq = KD_MAX(p->applied.seq, p->outbox.last_sealed.seq) + 1;
    }
}

static int edge_load(kd_edge *e, uint64_t now_us)
{
    int err = kd_identity_open(e, now_us);
    if (err == KD_OK) err = kd_part_load(e);
    if (err == KD_OK) err = kd_items_load(e);
    if (err == KD_OK) err = kd_fill_load(e);
    if (err == KD_OK) err = kd_spill_load(e);
    if (err == KD_OK) err = kd_outbox_load(e);
    if (err == KD_OK) err = kd_idempotency_load(e);
    if (err == KD_OK) err = kd_aside_load(e);
    if (err == KD_OK) edge_plant_fixed_incarnation(e);
    for (uint32_t i = 0; err == KD_OK && i < e->part_count; i++) {
        if (KD_PLANTED(e, KD_PLANT_RESEND_FORGOTTEN)) e->parts[i].resend.active = false;
        if (e->parts[i].resend.active) e->parts[i].resend.rows_awaited = kd_spill_await(e);
    }
    e->groups.wanted = true;
    return err;
}

static bool edge_config_sane(const kd_edge_config *c)
{
    return kd_name_valid(c->edge) && kd_name_valid(c->region) && c->shards > 0 && c->shard < c->shards &&
           c->partitions > 0 && c->partitions <= KD_PARTITIONS_MAX && c->flush_ops > 0 &&
           c->flush_ops <= KD_BATCH_OPS_MAX && c->send_window > 0 && c->items_max > 0 && c->key_window &&
           c->flush_interval_us > 0 && (c->viral_rate == 0 || c->viral_flush_interval_us > 0) &&
           c->idle_interval_max_us > 0 && c->resend_min_us > 0 && c->resend_max_us >= c->resend_min_us &&
           c->counters->count <= KD_COUNTERS_MAX;
}

int kd_edge_open(const kd_edge_config *config, const kd_store *store, uint64_t now_us, kd_edge **out)
{
    *out = NULL;
    if (!edge_config_sane(config)) return KD_EINVAL;
    kd_edge *e = edge_create(config, store);
    int err = edge_load(e, now_us);
    if (err != KD_OK) {
        kd_edge_close(e);
        return err;
    }
    *out = e;
    return KD_OK;
}

void kd_edge_counters_add(kd_edge *e, const kd_counters *counters)
{
    KD_ASSERT(counters->count >= e->counters.count && counters->count <= KD_COUNTERS_MAX);
    for (uint32_t i = 0; i < e->counters.count; i++) KD_ASSERT(counters->at[i].id == e->counters.at[i].id);
    bool more = counters->count > e->counters.count;
    e->counters = *counters;
    if (more) kd_watch_touch_partition(e, UINT32_MAX);
}

static void edge_finish_part(kd_edge *e, kd_part *p)
{
    for (kd_outgoing *b; (b = TAILQ_FIRST(&p->outbox.batches));) {
        TAILQ_REMOVE(&p->outbox.batches, b, next);
        kd_overlay_cancel_batch(e, p, b);
        kd_batch_free(b);
    }
    if (p->open) kd_overlay_cancel_batch(e, p, p->open);
    kd_batch_free(p->open);
    kd_assembly_clear(e, &p->assembly);
    kd_buf_finish(&p->fragment);
    kd_buf_finish(&p->resend.cursor);
    kd_buf_finish(&p->sweep.cursor);
    free(p->live.at);
}

void kd_edge_close(kd_edge *e)
{
    if (!e) return;
    for (uint32_t i = 0; i < e->part_count; i++) edge_finish_part(e, &e->parts[i]);
    kd_spill_finish(e);
    kd_items_finish(e);
    free(e->parts);
    kd_membership_finish(e);
    kd_idempotency_finish(e);
    for (int i = 0; i < 2; i++) kd_writes_finish(&e->groups.writes[i]);
    kd_buf_finish(&e->key);
    kd_buf_finish(&e->value);
    free(e);
}

uint64_t kd_edge_incarnation(const kd_edge *e)
{
    return e->incarnation;
}
