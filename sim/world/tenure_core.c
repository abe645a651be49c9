/* tenure_core.c - see the header. The real counterpart is kd_central_core_config of central/io/daemon/settings.c. */
#include "sim/world/tenure_core.h"

#include "kudos/forget.h"
#include "kudos/index.h"
#include "sim/world/events.h"
#include "sim/world/hosts.h"

enum { REDO_BYTES_PER_OPERATION = 60, MEMBER_ENTITY = 4096 };

uint64_t sim_tenure_entity(const sim_world *w, uint32_t slot, uint32_t partition)
{
    return partition + (w->s->member_count > 0 ? (uint64_t)MEMBER_ENTITY * (slot + 1) : 0);
}

static uint64_t tenure_epoch_hint(const sim_world *w, uint32_t slot, uint32_t partition)
{
    uint64_t chance = sim_world_draw(w, DRAW_EPOCH, slot * 64 + partition, w->now_us);
    return (sim_host_wall_us(w, sim_central_host(w, slot)) / 1000) << KD_EPOCH_CHANCE_BITS |
           (chance & ((1u << KD_EPOCH_CHANCE_BITS) - 1));
}

/* Bits of the indices that this start keeps: none or all in a whole run; in some runs they are switched on and off from start to start. */
static uint32_t tenure_indices(const sim_world *w, uint32_t slot)
{
    static const uint32_t all = KD_INDEX_BIT(KD_INDEX_NEWEST) | KD_INDEX_BIT(KD_INDEX_LIKED);
    uint64_t run = sim_world_draw(w, DRAW_SEED, 9400, 0) % 4;
    if (run == 3) return (uint32_t)sim_world_draw(w, DRAW_SEED, 9401 + slot, w->now_us) & all;
    return run == 2 ? 0 : all;
}
static const char *const tenure_trending[] = {"*"};

static const char *tenure_name(const sim_world *w, uint32_t slot)
{
    if (w->s->member_count > 0) return w->s->members[slot];
    return slot ? "central-2" : "central";
}

int sim_tenure_core_open(sim_world *w, uint32_t slot, uint32_t partition)
{
    sim_tenure *t = &w->centrals[slot].tenures[partition];
    uint64_t tables = sim_world_draw(w, DRAW_SEED, 9100, 0); /* the same for all starts of a run */
    kd_central_config config = {
        .name = kd_bytes_str(tenure_name(w, slot)),
        .partition = partition,
        .partitions = w->s->partitions,
        .counters = &sim_scenario_counters,
        .drift_us = w->s->drift_us,
        .expected_edges = w->edge_names,
        .expected_edge_count = w->s->edge_count,
        .trending = tenure_trending,
        .trending_count = KD_COUNT(tenure_trending),
        .redo_bytes_max = tables % 2 ? 4096 : 600,
        .counts_cached_max = tables / 2 % 2 ? 64 : 3,
        .filter_bytes_max = 1 << 20,
        .publish_changes = true,
        .thresholds = sim_scenario_thresholds,
        .untold_max = 1 << 22,
        .no_backups = w->s->backups_none,
        .tombstone_ttl_us = w->s->forget_tombstones_us,
        .indices = tenure_indices(w, slot),
        .sweep_rows = 1 + (uint32_t)(tables / 128 % 4),
        .index_rows = 1 + (uint32_t)(tables / 4 % 30),
        .follows = t->follows,
        .in_group = w->s->member_count > 0,
        .seed = sim_world_draw(w, DRAW_SEED, 1000 + sim_tenure_entity(w, slot, partition), w->now_us),
        .plant = w->options->central_plant};
    kd_store store = sim_disk_view(t->disk);
    if (w->s->life_us > 0)
        kd_lifespans_add(&config.lives, kd_bytes_str("posts"), w->s->life_us, w->s->life_keep_us);
    return kd_central_open(&config, &store, tenure_epoch_hint(w, slot, partition),
                           sim_host_wall_us(w, sim_central_host(w, slot)), &t->core);
}

/* In some runs a commit holds so few operations that the next one begins while it is being written, as under load. */
uint32_t sim_tenure_commit_ops(const sim_world *w)
{
    static const uint32_t ops[] = {SHELL_COMMIT_OPS, 1, 12};
    return ops[sim_world_draw(w, DRAW_SEED, 9200, 0) % KD_COUNT(ops)];
}

/* The bound on redo that the topics have not taken. In half of the runs it is so low that reading has to wait again and again: as much as the users
 * make in two snapshot intervals. A snapshot is known as delivered only after that long; with a lower bound central could never catch up. */
uint64_t sim_tenure_unpublished_max(const sim_world *w)
{
    uint64_t ample = 1 << 24,
             ops = 20 + (uint64_t)(2 * w->s->users.per_second * (double)w->s->snapshot_interval_us / 1e6);
    return sim_world_draw(w, DRAW_SEED, 9300, 0) % 2 ? ample : ops * REDO_BYTES_PER_OPERATION;
}
