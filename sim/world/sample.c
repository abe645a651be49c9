/* sample.c - see the header. */
#include "sim/world/sample.h"

#include "sim/world/leader.h"
#include "sim/world/names.h"
#include "sim/world/shard.h"

static uint32_t sample_item(const sim_world *w)
{
    return w->s->expectation_count > 0 ? sim_names_item(w, w->s->expectations[0].item) : 0;
}

static void sample_edge(sim_world *w, uint32_t slot, uint32_t item, sim_record_sample *r)
{
    const sim_edge *e = &w->edges[slot];
    kd_view view;
    *r = (sim_record_sample){.up = w->processes[slot].up && w->processes[slot].frozen_until_us <= w->now_us,
                             .acked = e->acked,
                             .refused = e->refused,
                             .as_of_lag_us = UINT64_MAX};
    if (!w->processes[slot].up) return;
    r->refusing = kd_drift_within(&e->drift, w->s->drift_us) == KD_CLOCK_OUT_OF_BOUNDS;
    for (uint32_t i = 0; i < w->s->shards; i++) {
        kd_edge_stats stats;
        if (!e->shards[i].core) return; /* it did not open: the run failed */
        kd_edge_get_stats(e->shards[i].core, &stats);
        r->outbox_batches += stats.outbox_batches;
        r->refusing |= stats.refusing || stats.retired > 0;
    }
    if (kd_edge_view(sim_shard_of(w, slot, w->item_partition[item])->core, kd_item_key(&w->items[item]),
                     &view) == KD_EIO)
        return;
    r->shown = view.known ? view.count[SCENARIO_LIKE] : UINT64_MAX;
    r->pending = view.pending[SCENARIO_LIKE];
    r->staleness_us = w->now_us > view.made_us && view.made_us ? w->now_us - view.made_us : 0;
    if (view.as_of_us) r->as_of_lag_us = w->now_us > view.as_of_us ? w->now_us - view.as_of_us : 0;
}

static void sample_leaders(sim_world *w)
{
    for (uint32_t p = 0; w->s->member_count > 0 && p < w->s->partitions; p++) {
        uint32_t slot = sim_leader(w, p);
        bool leads = slot < w->s->member_count &&
                     w->processes[sim_process_of_central(slot)].frozen_until_us <= w->now_us;
        sim_record_leader(w->options->record, w->now_us - w->begin_us, p, leads ? w->s->members[slot] : NULL);
    }
}

void sim_world_sample(sim_world *w)
{
    sim_record_sample regions[SCENARIO_EDGES_MAX];
    uint64_t least, most, totals[KD_COUNTERS_MAX] = {0};
    uint32_t item = sample_item(w);
    for (uint32_t i = 0; i < w->s->edge_count; i++) sample_edge(w, i, item, &regions[i]);
    sample_leaders(w);
    sim_journal_bounds(w->journal, SCENARIO_LIKE, item, &least, &most);
    uint32_t slot = sim_leader(w, w->item_partition[item]);
    kd_central *core =
        slot < CHECKS_CENTRALS ? w->centrals[slot].tenures[w->item_partition[item]].core : NULL;
    if (core) kd_central_totals(core, kd_item_key(&w->items[item]), totals);
    sim_record_moment(w->options->record, w->now_us - w->begin_us, least, most,
                      core ? totals[SCENARIO_LIKE] : UINT64_MAX, regions);
}
