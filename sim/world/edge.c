/* edge.c - see the header. The real counterparts are edge/io/shard/{shard_open,shard_drain}.c and edge/io/daemon/{main,drain}.c. */
#include "sim/world/edge.h"

#include "sim/world/consumer.h"
#include "sim/world/edge_ask.h"
#include "sim/world/events.h"
#include "sim/world/edge_links.h"
#include "sim/world/hosts.h"
#include "sim/world/live.h"
#include "sim/world/reshard.h"
#include "sim/world/shard.h"

#include <stdlib.h>

static int edge_open_shard(sim_world *w, uint32_t slot, uint32_t shard)
{
    const sim_scenario *s = w->s;
    sim_shard *m = &w->edges[slot].shards[shard];
    const char *name = s->edges[sim_edge_identity(slot)];
    static const uint32_t fresh_rows[] = {0, 4, 32, 4096};
    uint64_t tables = sim_world_draw(w, DRAW_SEED, 9000 + slot, 0); /* the same for all starts of a run */
    static const uint32_t viral_rates[] = {0, 2, 8, 1000};
    uint64_t viral =
        sim_world_draw(w, DRAW_SEED, 9400, 0);          /* the same for all edges of a run, as central's is */
    bool narrow = tables / 4 % 2 && s->flush_ops >= 20; /* small batches would never drain a narrow window */
    kd_edge_config config = {.edge = kd_bytes_str(name),
                             .region = kd_bytes_str(name),
                             .shard = shard,
                             .shards = s->shards,
                             .partitions = s->partitions,
                             .counters = &sim_scenario_counters,
                             .drift_us = s->drift_us,
                             .flush_ops = s->flush_ops,
                             .flush_interval_us = s->flush_interval_us,
                             .viral_rate = viral_rates[viral % KD_COUNT(viral_rates)],
                             .viral_flush_interval_us = KD_MAX(s->flush_interval_us / 5, (uint64_t)1000),
                             .log_flush_interval_us = s->logged ? (uint64_t)SHELL_LOG_FLUSH_US : 0,
                             .idle_interval_max_us =
                                 KD_MAX((uint64_t)SHELL_IDLE_MAX_US, s->flush_interval_us),
                             .resend_min_us = SHELL_RESEND_MIN_US,
                             .resend_max_us = SHELL_RESEND_MAX_US,
                             .send_window = narrow ? 8 : SHELL_SEND_WINDOW,
                             .outbox_bytes_max = s->outbox_bytes / s->shards,
                             .items_max = sim_shard_room(s, s->room_items, SCENARIO_ITEMS_MAX),
                             .filter_piece_rows = 1, /* the others come one in a tick, between operations */
                             .fresh_rows_max = fresh_rows[tables % KD_COUNT(fresh_rows)],
                             .key_window = &w->edges[slot].key_window,
                             .idempotency_ttl_us = UINT64_C(86400000000),
                             .row_ttl_us = s->forget_rows_us,
                             .seed = sim_world_draw(w, DRAW_SEED, slot * 64 + shard, w->now_us),
                             .life = w->edges[slot].life,
                             .plant = w->options->edge_plant};
    kd_store store = sim_disk_view(m->disk);
    m->look_us = m->sending = 0;
    int err = kd_edge_open(&config, &store, sim_edge_now_us(w, slot), &m->core);
    if (err != KD_OK) return err;
    m->fills = kd_edge_fill_begin(m->core, &m->fill);
    kd_group_commit_init(&m->commit, m->core);
    kd_log_waits_init(&m->waits, m->core, s->shards, s->partitions, SHELL_LOG_PATIENCE_US);
    return KD_OK;
}

/* All shards of a process know all lives that one of them knows, as in edge/io/daemon/main.c. */
static void edge_join_lives(const sim_world *w, sim_edge *e)
{
    kd_edge *first = e->shards[0].core;
    for (uint32_t i = 1; i < w->s->shards; i++) kd_edge_lives_join(first, kd_edge_lives(e->shards[i].core));
    for (uint32_t i = 1; i < w->s->shards; i++) kd_edge_lives_join(e->shards[i].core, kd_edge_lives(first));
}

static void edge_open(sim_world *w, uint32_t slot)
{
    sim_edge *e = &w->edges[slot];
    uint32_t host = sim_edge_identity(slot);
    /* The shift to agreed time is kept in a file of the edge's directory: a restart reads it, and so does the twin on a copy. */
    if (slot != host) e->drift = w->edges[host].drift;
    if (e->drift.agreed)
        kd_drift_resume(&e->drift, e->drift.shift_us);
    else
        kd_drift_init(&e->drift, sim_host_wall_us(w, host), sim_host_mono_us(w, host));
    e->key_window = (kd_key_window){.max = sim_edge_room_keys(w->s)};
    e->life = (uint32_t)sim_world_draw(w, DRAW_SEED, 8000 + slot, w->now_us) | 1;
    sim_edge_reshard(w, slot);
    for (uint32_t i = 0; i < w->s->shards; i++) {
        int err = edge_open_shard(w, slot, i);
        if (err != KD_OK) {
            sim_world_fail(w, "open", "%s shard %u does not open: %s", w->s->edges[host], i,
                           kd_strerror(err));
            return;
        }
        sim_checks_edge_opened(w->checks, slot, i);
    }
    edge_join_lives(w, e);
    for (uint32_t p = 0; p < w->s->partitions; p++) {
        int64_t offset = kd_edge_counts_offset(sim_shard_of(w, slot, p)->core, p);
        w->processes[slot].cursor[p] =
            (sim_cursor){.next = offset >= 0 ? offset : w->counts[p].end,
                         .seek = {.min_us = SHELL_SEEK_MIN_US, .max_us = SHELL_SEEK_MAX_US}};
    }
    e->probe++;
    e->clock_probe = (kd_clock_probe){.interval_us = SHELL_MEASURE_US};
    sim_edge_links_open(w, slot);
    sim_probe_start(w, slot);
    for (uint32_t i = 0; i < w->s->shards && w->processes[slot].up; i++) sim_shard_turn(w, slot, i);
    for (uint32_t p = 0; p < w->s->partitions; p++) sim_consumer_wake(w, slot, p);
}

static void edge_close_shard(sim_world *w, uint32_t slot, uint32_t shard)
{
    sim_shard *m = &w->edges[slot].shards[shard];
    sim_checks_edge_closed(w->checks, slot, shard);
    uint32_t unsynced = sim_disk_unsynced(m->disk);
    sim_disk_crash(m->disk, (uint32_t)sim_world_below(w, DRAW_CRASH, slot * 64 + shard, unsynced + 1));
    kd_edge_close(m->core);
    sim_live_end(m);
    kd_fill_finish(&m->fill);
    m->core = NULL;
    kd_group_commit_release(&m->commit, KD_EUNAVAILABLE); /* the connections break */
    kd_log_waits_release(&m->waits, KD_EUNAVAILABLE);
    kd_log_waits_finish(&m->waits);
}

/* Adds the counts of this life of the process to the run's: they end with its cores. */
static void edge_add_up(sim_world *w, uint32_t slot)
{
    for (uint32_t i = 0; i < w->s->shards; i++) {
        kd_edge_stats stats;
        if (!w->edges[slot].shards[i].core) continue;
        kd_edge_get_stats(w->edges[slot].shards[i].core, &stats);
        w->resent += stats.resent_ops;
        w->expired += stats.expired;
    }
}

static void edge_close(sim_world *w, uint32_t slot)
{
    edge_add_up(w, slot);
    sim_edge_links_close(w, slot);
    for (uint32_t i = 0; i < w->s->shards; i++)
        if (w->edges[slot].shards[i].core) edge_close_shard(w, slot, i);
}

static void edge_drain(sim_world *w, uint32_t slot)
{
    for (uint32_t i = 0; i < w->s->shards; i++) {
        kd_edge_seal_all(w->edges[slot].shards[i].core, sim_edge_now_us(w, slot));
        sim_shard_turn(w, slot, i);
        if (!w->processes[slot].up) return;
    }
}

static bool edge_drained(const sim_world *w, uint32_t slot)
{
    for (uint32_t i = 0; i < w->s->shards; i++) {
        const sim_shard *m = &w->edges[slot].shards[i];
        if (m->commit.group || m->sending || kd_edge_commit_wanted(m->core)) return false;
    }
    return true;
}

/* ---- records from the consumer ---- */

static bool edge_may_read(const sim_world *w, uint32_t slot, uint32_t partition)
{
    (void)w, (void)slot, (void)partition;
    return true;
}

static void edge_end_round(sim_world *w, uint32_t slot, uint32_t partition)
{
    sim_shard_turn(w, slot, partition % w->s->shards);
}

const sim_role sim_role_edge = {.open = edge_open,
                                .close = edge_close,
                                .drain = edge_drain,
                                .drained = edge_drained,
                                .may_read = edge_may_read,
                                .record = sim_shard_snapshot,
                                .end_round = edge_end_round};
