/* faults.c - what goes wrong: deaths, restores, copies, cuts, clocks, a log that forgets. */
#include "tests/model/world.h"

static void kill_edge(model_world *w, uint32_t i)
{
    if (!w->edges[i].core) return;
    edge_stop(w, i);
    w->crashes++;
}

static void kill_central(model_world *w, uint32_t p)
{
    if (!w->centrals[p].core) return;
    central_stop(w, p);
    w->crashes++;
}

static void restart_some(model_world *w)
{
    for (uint32_t i = 0; i < EDGES; i++)
        if (!w->edges[i].core && !w->edges[i].retired && world_chance(w, 30)) edge_start(w, i);
    for (uint32_t p = 0; p < PARTS; p++)
        if (!w->centrals[p].core && world_chance(w, 30)) central_start(w, p);
}

static void crash_something(model_world *w)
{
    uint32_t n = world_pick(w, EDGES + PARTS);
    if (n < EDGES)
        kill_edge(w, n);
    else
        kill_central(w, n - EDGES);
}

static void copy(sim_disk **copy, const sim_disk *disk)
{
    sim_disk_destroy(*copy);
    *copy = sim_disk_clone(disk);
}

static void put_back(sim_disk **disk, const sim_disk *copy)
{
    sim_disk_destroy(*disk);
    *disk = sim_disk_clone(copy);
}

/* A copy stays: the same one may be put back twice. */
static void restore_central(model_world *w)
{
    uint32_t p = world_pick(w, PARTS);
    model_central *m = &w->centrals[p];
    if (!m->copy || world_chance(w, 40)) {
        if (m->core) central_back_up(w, p);
        return;
    }
    kill_central(w, p);
    world_trace(w, "central %u is put back", p);
    put_back(&m->disk, m->copy);
    if (w->options.log_wipes && world_chance(w, 50))
        log_truncate(&w->likes[p], 0); /* both are lost at once */
    central_start(w, p);
    if (m->core) central_restored(w, p);
    w->shown_hold = false;
    if (w->options.log_faults || w->options.log_wipes) w->sums_hold = false;
}

/* What was answered and not yet merged dies with a disk: only an edge with an empty outbox is put back. */
static void restore_edge(model_world *w)
{
    uint32_t i = world_pick(w, EDGES);
    model_edge *m = &w->edges[i];
    if (!m->copy) {
        copy(&m->copy, m->disk);
        return;
    }
    if (!m->core || kd_edge_outbox_batches(m->core) > 0 || m->waiting_count > 0) return;
    kill_edge(w, i);
    put_back(&m->disk, m->copy);
    w->sums_hold = false; /* keys of retries are gone */
    w->shown_hold = false;
}

/* A directory copied under a running process, and both run for a while. */
static void copy_edge(model_world *w)
{
    model_edge *twin = &w->edges[TWIN];
    if (w->doubled) {
        if (twin->core) edge_stop(w, TWIN);
        if (world_chance(w, 50)) kill_edge(w, w->twin_of); /* starts again before it noticed */
        w->doubled = false;
        return;
    }
    uint32_t i = world_pick(w, EDGES);
    if (!w->edges[i].core || w->was_doubled) return;
    w->twin_of = i;
    w->doubled = w->was_doubled = true;
    w->shown_hold = w->sums_hold = false;
    sim_disk_destroy(twin->disk);
    twin->disk = sim_disk_clone(w->edges[i].disk);
    world_trace(w, "edge %u is copied and both run", i);
    edge_start(w, TWIN);
}

/* Both partitions of central have merged something of it: one that was never heard of leaves the expected ones instead. */
static bool known_everywhere(const model_edge *m)
{
    for (uint32_t p = 0; p < PARTS; p++) {
        kd_edge_partition part;
        if (kd_edge_partition_get(m->core, p, &part) != KD_OK || part.applied.seq == 0) return false;
    }
    return true;
}

/* What it answered and central has not merged is gone with it; which that is, only central knows. */
static void forget_answers(model_world *w, uint32_t edge)
{
    for (uint32_t n = 0; n < w->history.count; n++)
        if (w->history.at[n].edge == edge) w->history.at[n].acked_us = 0;
}

/* An edge is gone for good; sometimes it was not gone at all, and then nothing of it may be lost. */
static void retire_edge(model_world *w)
{
    uint32_t i = world_pick(w, EDGES);
    model_edge *m = &w->edges[i];
    if (w->retired > 0 || w->doubled || !m->core || !known_everywhere(m)) return;
    if (w->options.returns)
        w->told_apart = true;
    else
        forget_answers(w, i);
    kill_edge(w, i);
    world_trace(w, "edge %u is retired", i);
    w->retired++;
    m->retired = true;
    w->returns = w->options.returns ? 1 + i : 0;
    for (uint32_t p = 0; p < PARTS; p++) central_tell_retired(w, p);
}

static void take_back(model_world *w, uint32_t i)
{
    world_trace(w, "edge %u is taken back", i);
    w->edges[i].retired = w->edges[i].returned = false;
    for (uint32_t p = 0; p < PARTS; p++) {
        central_tell_retired(w, p);
        if (w->centrals[p].core) central_settle(w, p);
    }
    w->told_apart = false;
}

static void return_edge(model_world *w)
{
    for (uint32_t i = 0; i < EDGES; i++) {
        model_edge *m = &w->edges[i];
        if (m->returned && world_chance(w, 30)) {
            take_back(w, i);
        } else if (m->retired && !m->returned) {
            world_trace(w, "edge %u was not gone", i);
            m->returned = true;
            edge_start(w, i);
        }
    }
}

static void flip_links(model_world *w)
{
    model_edge *m = &w->edges[world_pick(w, EDGES)];
    uint32_t which = world_pick(w, 3);
    bool *link = which == 0 ? &m->cut_up : which == 1 ? &m->cut_down : &m->cut_ask;
    *link = !*link;
}

static void step_clock(model_world *w)
{
    int64_t off = (int64_t)world_pick(w, 2 * MODEL_DRIFT_US + 1) - MODEL_DRIFT_US;
    w->edges[world_pick(w, SLOTS)].clock_us = off;
}

static void lose_tail(model_world *w)
{
    model_log *l = world_chance(w, 50) ? &w->likes[world_pick(w, PARTS)] : &w->counts[world_pick(w, PARTS)];
    int64_t lost = world_pick(w, 6);
    world_trace(w, "a log loses %lld", (long long)lost);
    log_truncate(l, l->count > lost ? l->count - lost : 0);
}

static void wipe_log(model_world *w)
{
    log_truncate(world_chance(w, 50) ? &w->likes[world_pick(w, PARTS)] : &w->counts[world_pick(w, PARTS)], 0);
}

void fault_step(model_world *w)
{
    const model_options *o = &w->options;
    restart_some(w);
    switch (world_pick(w, 9)) {
    case 0:
        if (o->crashes) crash_something(w);
        break;
    case 1:
        if (o->central_restores) restore_central(w);
        break;
    case 2:
        if (o->edge_restores) restore_edge(w);
        break;
    case 3:
    case 4:
        if (o->cuts) flip_links(w);
        break;
    case 5:
        if (o->edge_copies) copy_edge(w);
        if (o->clock_steps) step_clock(w);
        break;
    case 6:
        if (o->log_faults) lose_tail(w);
        break;
    case 7:
        if (o->retires) retire_edge(w);
        if (o->returns && world_chance(w, 50)) return_edge(w);
        break;
    default:
        if (o->log_wipes && world_chance(w, 30)) wipe_log(w);
        break;
    }
}

void faults_stop(model_world *w)
{
    if (w->doubled) copy_edge(w);
    w->healing = true;
    w->healed_us = w->now_us;
    for (uint32_t i = 0; i < EDGES; i++)
        if (!w->edges[i].core && (!w->edges[i].retired || w->options.returns)) edge_start(w, i);
    for (uint32_t p = 0; p < PARTS; p++)
        if (!w->centrals[p].core) central_start(w, p);
    for (uint32_t i = 0; i < EDGES; i++)
        if (w->edges[i].retired && w->options.returns) take_back(w, i);
}
