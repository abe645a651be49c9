/* central.c - opening and closing a core, its claim and its figures; kudos/central.h has the contracts. */
#include "central/core/closed.h"
#include "central/core/collect.h"
#include "central/core/commit.h"
#include "central/core/decide.h"
#include "central/core/summed.h"
#include "central/core/epoch.h"
#include "central/core/erased.h"
#include "central/core/expect.h"
#include "central/core/history.h"
#include "central/core/index_step.h"
#include "central/core/lookup.h"
#include "central/core/meta.h"
#include "central/core/milestones.h"
#include "central/core/quarantine.h"
#include "central/core/redo.h"
#include "central/core/registry.h"
#include "central/core/stable.h"
#include "central/core/state.h"

#include <stdlib.h>

static bool config_valid(const kd_central_config *config, uint64_t epoch_hint)
{
    return kd_name_valid(config->name) && config->partitions >= 1 &&
           config->partitions <= KD_PARTITIONS_MAX && config->partition < config->partitions &&
           config->counters->count <= KD_COUNTERS_MAX && epoch_hint < KD_TIME_END_US;
}

/* The order matters: names before rows that hold their indices, the filter before redo, which adds to it, and the epoch when all that is stored is
 * known. */
static int central_load(kd_central *c, uint64_t epoch_hint)
{
    int err = kd_meta_load(c);
    if (err == KD_OK) err = kd_history_load(c);
    if (err == KD_OK) err = kd_claim_load(c, epoch_hint);
    if (err == KD_OK) err = kd_follow_load(c, epoch_hint);
    if (err == KD_OK) err = kd_link_load(c);
    if (err == KD_OK) err = kd_expect_load(c);
    if (err == KD_OK) err = kd_registry_load(c);
    if (err == KD_OK) err = kd_quarantine_load(c);
    if (err == KD_OK) err = kd_stable_load(c);
    if (err == KD_OK) err = kd_collect_load(c);
    if (err == KD_OK) err = kd_decide_load(c);
    if (err == KD_OK) err = kd_void_load(c);
    if (err == KD_OK) err = kd_closed_load(c);
    if (err == KD_OK) err = kd_span_load(c);
    if (err == KD_OK) err = kd_erased_load(c);
    if (err == KD_OK) err = kd_lookup_load(c);
    if (err == KD_OK) err = kd_redo_load(c);
    if (err == KD_OK) err = kd_index_load(c);
    if (err == KD_OK) err = kd_milestones_load(c);
    if (err == KD_OK) err = kd_trend_load(c);
    if (err != KD_OK) return err;
    c->begun = c->version;
    c->snapshot_version = c->published;
    c->taken = c->delivered;
    kd_promote_open(c, epoch_hint);
    kd_epoch_open(c, epoch_hint);
    return KD_OK;
}

int kd_central_open(const kd_central_config *config, const kd_store *store, uint64_t epoch_hint,
                    uint64_t now_us, kd_central **out)
{
    *out = NULL;
    if (!config_valid(config, epoch_hint)) return KD_EINVAL;
    kd_central *c = kd_alloc(sizeof *c);
    c->config = *config;
    c->config.publish_changes &= !config->follows;
    memcpy(c->name, config->name.data, config->name.len);
    c->config.name.data = (const uint8_t *)c->name;
    c->store = *store;
    c->fed_at_us = now_us;
    kd_counts_init(&c->counts, &c->store, &c->filter, config->seed, config->counts_cached_max);
    c->counts.forgiving = kd_planted(c, KD_PLANT_UNLIKE_OWN_REGION);
    kd_closed_init(c);
    kd_span_init(c);
    kd_erased_init(c);
    kd_summed_init(c);
    int err = central_load(c, epoch_hint);
    kd_collect_begin(c, now_us);
    c->hand.look = true;
    if (err != KD_OK) {
        kd_central_close(c);
        return err;
    }
    *out = c;
    return KD_OK;
}

void kd_central_close(kd_central *c)
{
    if (!c) return;
    for (size_t i = 0; i < KD_COUNT(c->commits); i++) kd_commit_finish(&c->commits[i]);
    kd_counts_finish(&c->counts);
    kd_closed_finish(c);
    kd_span_finish(c);
    kd_erased_finish(c);
    kd_summed_finish(c);
    kd_follow_finish(&c->follower);
    kd_bloom_finish(&c->filter);
    free(c->redo.at);
    kd_sort_finish(&c->sort);
    kd_milestones_finish_queue(&c->milestones);
    kd_trend_finish(&c->trend);
    kd_buf_finish(&c->collector.cursor);
    kd_buf_finish(&c->hand.body);
    kd_expect_finish(&c->expected);
    kd_index_finish(c);
    kd_buf_finish(&c->changes_place.row);
    kd_buf_finish(&c->kept);
    kd_buf_finish(&c->key);
    kd_buf_finish(&c->value);
    free(c);
}

uint64_t kd_central_version(const kd_central *c)
{
    return c->version;
}

void kd_central_claim(const kd_central *c, uint64_t now_us, kd_buf *record)
{
    uint64_t epoch = kd_central_claims(c), in_force = kd_claim_superseded(c);
    kd_claim claim = {.epoch = epoch, .central = c->config.name, .at_us = now_us};
    claim.author = kd_claim_author(c);
    claim.supersedes = in_force < epoch ? in_force : 0; /* our own, made again */
    claim.history = c->history_committed;
    kd_claim_encode(&claim, record);
}

void kd_central_get_stats(const kd_central *c, kd_central_stats *out)
{
    *out = c->stats;
    out->closed_ignored = c->closer.ignored;
    out->closed_items = c->closer.items.count;
    out->erased_ignored = c->eraser.ignored;
    out->erased_users = c->eraser.users.count;
    out->redo_bytes = c->redo.bytes;
    out->unpublished_bytes = kd_central_unpublished_bytes(c);
    out->counts_cached = c->counts.table.count;
    out->filter_rows = c->filter.rows;
    out->quarantine_kept = c->quarantine_count;
}
