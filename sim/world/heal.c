/* heal.c - the end of the faults: everything is mended, then all must agree within the scenario's bound. And samples for the record. */
#include "sim/world/world.h"

enum { LOOK_US = 100000, ASK_EVERY = 10 };

static bool users_done(const sim_world *w)
{
    for (uint32_t i = 0; i < w->user_count; i++)
        if (w->users[i].op || w->users[i].told_count) return false;
    return true;
}

/* An edge that refuses writes, since two used its name, is started again by its operator, once. */
static void operators_act(sim_world *w)
{
    for (uint32_t i = 0; i < w->s->edge_count; i++) {
        sim_edge *e = &w->edges[i];
        bool refusing = false;
        for (uint32_t n = 0; n < w->s->shards && w->processes[i].up; n++) {
            kd_edge_stats stats;
            kd_edge_get_stats(e->shards[n].core, &stats);
            refusing |= stats.refusing;
        }
        if (!refusing || e->operator_came) continue;
        e->operator_came = true;
        sim_world_note(w, w->s->edges[i],
                       "refuses writes, its name is in doubt: the operator starts it again");
        sim_process_restart(w, i);
    }
}

/* Readers read everything everywhere: what is stale is asked for. */
static void heal_read_all(sim_world *w)
{
    for (uint32_t i = 0; i < w->s->edge_count; i++) {
        for (uint32_t item = 0; item < w->item_count && w->processes[i].up; item++) {
            kd_view view;
            kd_edge *core = sim_shard_of(w, i, w->item_partition[item])->core;
            if (kd_edge_view(core, kd_item_key(&w->items[item]), &view) == KD_EAGAIN)
                sim_ask_item(w, i, item);
        }
    }
}

static void heal_on_look(sim_world *w, const sim_event *ev)
{
    char why[240] = "";
    operators_act(w);
    if (ev->a % ASK_EVERY == 0) heal_read_all(w);
    bool done = users_done(w);
    bool agreed = sim_checks_converged(w->checks, why, sizeof(why));
    if ((done && agreed) || w->now_us >= w->heal_end_us) {
        w->converged = done && agreed;
        w->over = true;
        if (!w->converged)
            sim_world_fail(w, "convergence", "%s", agreed ? "a user still waits for an answer" : why);
        return;
    }
    sim_world_at(w, w->now_us + LOOK_US, heal_on_look, ev->a + 1, 0, 0);
}

static void on_end_of_faults(sim_world *w, const sim_event *ev)
{
    (void)ev;
    TRACE(w, "the faults end");
    w->healing = true;
    sim_faults_stop(w);
    sim_checks_healed(w->checks);
    sim_world_at(w, w->now_us + LOOK_US, heal_on_look, 0, 0, 0);
}

void sim_heal_open(sim_world *w)
{
    sim_world_at(w, w->end_us, on_end_of_faults, 0, 0, 0);
}

/* ---- samples ---- */

static uint32_t followed(const sim_world *w)
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

void sim_world_sample(sim_world *w)
{
    sim_record_sample regions[SCENARIO_EDGES_MAX];
    uint64_t least, most, totals[KD_COUNTERS_MAX] = {0};
    uint32_t item = followed(w);
    for (uint32_t i = 0; i < w->s->edge_count; i++) sample_edge(w, i, item, &regions[i]);
    sim_journal_bounds(w->journal, SCENARIO_LIKE, item, &least, &most);
    kd_central *core = w->centrals[0].parts[w->item_partition[item]].core;
    if (core) kd_central_totals(core, kd_item_key(&w->items[item]), totals);
    sim_record_moment(w->options->record, w->now_us - w->begin_us, least, most,
                      core ? totals[SCENARIO_LIKE] : UINT64_MAX, regions);
}
