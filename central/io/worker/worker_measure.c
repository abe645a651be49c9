/* worker_measure.c - states of the cores as metrics, and offsets for lag tools. */
#include "central/io/worker/worker_internal.h"
#include "common/io/loop/clock.h"
#include "kudos/decide.h"
#include "kudos/forget.h"

typedef struct {
    kd_central_stats sum;
    uint64_t dirty, outbound, failed, unknown_schema, waits, edges, snapshot_age, low_age;
    uint64_t stable_age, floor_age, halted, collected, ignored, indices_moving, index_rows;
    int64_t lag;
    bool lag_unknown; /* of at least one partition */
    uint64_t read_errors, followed, follow_lag, leads;
    uint64_t life_overdue, closed_fullest;
} measure_totals;

/* KD_METRIC_NONE, which is above every age: in a maximum, a partition whose age is unknown is not hidden by the others. */
#define UNKNOWN_AGE ((uint64_t)KD_METRIC_NONE)

static uint64_t measure_age(uint64_t now_us, uint64_t then_us)
{
    return now_us > then_us ? now_us - then_us : 0;
}

static void measure_add_stats(measure_totals *all, const kd_central *core)
{
    kd_central_stats *sum = &all->sum;
    kd_central_stats s;
    kd_central_get_stats(core, &s);
    sum->batches += s.batches;
    sum->operations += s.operations;
    sum->changes += s.changes;
    sum->duplicates += s.duplicates;
    sum->gaps += s.gaps;
    sum->identity_alarms += s.identity_alarms;
    sum->quarantined += s.quarantined;
    sum->milestones += s.milestones;
    sum->milestones_dropped += s.milestones_dropped;
    sum->claims += s.claims;
    sum->closed_ignored += s.closed_ignored;
    sum->closed_items += s.closed_items;
    all->closed_fullest = KD_MAX(all->closed_fullest, s.closed_items);
    sum->erased_ignored += s.erased_ignored;
    sum->erased_users += s.erased_users;
    sum->decisions += s.decisions;
    sum->decisions_void += s.decisions_void;
    sum->outbid += s.outbid;
    sum->commits += s.commits;
    sum->redo_bytes += s.redo_bytes;
    sum->unpublished_bytes += s.unpublished_bytes;
    sum->counts_cached += s.counts_cached;
    sum->filter_rows += s.filter_rows;
    sum->quarantine_kept += s.quarantine_kept;
}

static void measure_add_ages(measure_totals *all, kd_worker *w, const kd_tenure *t, uint64_t now_us)
{
    static _Thread_local kd_central_edge edges[KD_EDGES_MAX];
    uint32_t n = kd_central_edges(t->core, edges, KD_EDGES_MAX);
    all->edges = KD_MAX(all->edges, n);
    kd_edge_ages_take(&w->edge_ages, edges, n, now_us, measure_age(kd_clock_mono_us(), w->created_us));
    uint64_t as_of = kd_central_as_of_us(t->core);
    all->low_age = KD_MAX(all->low_age,
                          as_of > 0 ? measure_age(now_us, as_of + t->settings->drift_bound_us) : UNKNOWN_AGE);
}

static void measure_add_forgetting(measure_totals *all, const kd_tenure *t, uint64_t now_us)
{
    kd_central_forgetting f;
    kd_central_get_forgetting(t->core, &f);
    all->stable_age =
        KD_MAX(all->stable_age, f.stable_us > 0 ? measure_age(now_us, f.stable_us) : UNKNOWN_AGE);
    if (f.floor_us > 0) all->floor_age = KD_MAX(all->floor_age, measure_age(now_us, f.floor_us));
    all->halted += f.floor_held_by == KD_HELD_BY_ALARM;
    all->collected += f.collected;
    all->ignored += f.ignored;
}

static void measure_add_indices(measure_totals *all, const kd_central *core)
{
    for (kd_index i = 0; i < KD_INDICES; i++) {
        kd_index_progress p = kd_central_index(core, i);
        if (p.stage == KD_INDEX_OFF || p.stage == KD_INDEX_COMPLETE) continue;
        all->indices_moving++;
        all->index_rows += p.walked;
    }
}

/* Adds the lag behind the log's end, which the keeper looks up every few seconds, and commits the position to the consumer group. */
static void measure_add_lag(measure_totals *all, kd_worker *w, kd_tenure *t)
{
    int64_t offset, lag = kd_tenure_lag(t);
    bool known = kd_central_log_position(t->core, &offset);
    int64_t next = known ? offset + 1 : 0;
    if (lag > 0) all->lag += lag;
    all->lag_unknown |= lag < 0;
    bool follows = kd_tenure_follows(t); /* the group is its leader's */
    if (!known || !w->consumer || w->draining || follows || next == t->group_offset) return;
    kd_kafka_consumer_commit(w->consumer, 0, t->partition, next);
    t->group_offset = next;
}

static void measure_add_following(measure_totals *all, const kd_tenure *t)
{
    kd_following f;
    kd_central_get_following(t->core, &f);
    all->followed += kd_tenure_follows(t) && kd_tenure_answers(t) == KD_OK;
    if (f.heard.read > f.ours.read) all->follow_lag = KD_MAX(all->follow_lag, f.heard.read - f.ours.read);
}

/* A follower publishes nothing: how old its snapshots are, or what it owes, tells nobody anything. */
static void measure_add_publishing(measure_totals *all, const kd_tenure *t)
{
    if (t->follows && kd_central_in_group(t->settings)) return;
    all->leads += !t->follows && !t->fenced;
    uint64_t made_us = t->publisher.snapshot_made_us;
    uint64_t snapshot_age = made_us > 0 ? measure_age(kd_clock_mono_us(), made_us) : UNKNOWN_AGE;
    all->snapshot_age = KD_MAX(all->snapshot_age, snapshot_age);
}

static void measure_add_life(measure_totals *all, kd_tenure *t, uint64_t now_us)
{
    uint64_t overdue_us;
    if (kd_central_life_overdue(t->core, now_us, &overdue_us) != KD_OK) overdue_us = UNKNOWN_AGE;
    all->life_overdue = KD_MAX(all->life_overdue, overdue_us);
    kd_tenure_tell_closed(t);
}

static void measure_add_tenure(measure_totals *all, kd_worker *w, kd_tenure *t, uint64_t now_us)
{
    if (!kd_tenure_held(t)) return;
    measure_add_stats(all, t->core);
    measure_add_life(all, t, now_us);
    all->read_errors += kd_leveldb_read_errors(t->db);
    measure_add_ages(all, w, t, now_us);
    measure_add_forgetting(all, t, now_us);
    measure_add_indices(all, t->core);
    measure_add_lag(all, w, t);
    measure_add_following(all, t);
    all->dirty += kd_central_dirty(t->core);
    all->outbound += kd_publisher_held(&t->publisher);
    all->failed += kd_publisher_failures(&t->publisher);
    all->unknown_schema += t->unknown_schema;
    all->waits += kd_central_waits(t->core) != 0;
    measure_add_publishing(all, t);
}

static void measure_kafka(kd_worker *w)
{
    kd_kafka_producer_stats sent = {.messages = 0};
    kd_kafka_consumer_stats got = {.records = 0};
    if (w->producer) sent = kd_kafka_producer_stats_get(w->producer);
    if (w->consumer) got = kd_kafka_consumer_stats_get(w->consumer);
    for (size_t i = 0; i < KD_REASONS; i++) got.errors[i] += sent.errors[i];
    kd_metric_set_reasons(&w->metrics.kafka_errors, got.errors);
    kd_metric_set(&w->metrics.producers_plain, sent.plain);
}

void kd_worker_measure(kd_worker *w)
{
    measure_totals all = {.lag = 0};
    kd_central_metrics *m = &w->metrics;
    uint64_t now = kd_clock_wall_us();
    kd_edge_ages_begin(&w->edge_ages);
    for (uint32_t i = 0; i < w->count; i++) measure_add_tenure(&all, w, &w->tenures[i], now);
    kd_edge_ages_end(&w->edge_ages);
    measure_kafka(w);
    const struct {
        kd_metric *cell;
        uint64_t value;
    } cells[] = {
        {&m->batches, all.sum.batches},
        {&m->duplicates, all.sum.duplicates},
        {&m->gaps, all.sum.gaps},
        {&m->unknown_schema, all.unknown_schema},
        {&m->quarantined, all.sum.quarantined},
        {&m->identity, all.sum.identity_alarms},
        {&m->operations, all.sum.operations},
        {&m->changes, all.sum.changes},
        {&m->milestones, all.sum.milestones},
        {&m->milestones_dropped, all.sum.milestones_dropped},
        {&m->claims, all.sum.claims},
        {&m->closed_ignored, all.sum.closed_ignored},
        {&m->closed_items, all.sum.closed_items},
        {&m->life_overdue, all.life_overdue},
        {&m->closed_fullest, all.closed_fullest},
        {&m->erased_ignored, all.sum.erased_ignored},
        {&m->erased_users, all.sum.erased_users},
        {&m->decisions, all.sum.decisions},
        {&m->decisions_void, all.sum.decisions_void},
        {&m->epochs_outbid, all.sum.outbid},
        {&m->commits, all.sum.commits},
        {&m->snapshot_age, all.snapshot_age},
        {&m->outbound_failed, all.failed},
        {&m->outbound, all.outbound},
        {&m->lag, all.lag_unknown ? (uint64_t)KD_METRIC_NONE : (uint64_t)all.lag},
        {&m->dirty, all.dirty},
        {&m->redo_bytes, all.sum.redo_bytes},
        {&m->unpublished_bytes, all.sum.unpublished_bytes},
        {&m->counts_cached, all.sum.counts_cached},
        {&m->filter_rows, all.sum.filter_rows},
        {&m->quarantine_kept, all.sum.quarantine_kept},
        {&m->edges, all.edges},
        {&m->low_watermark_age, all.low_age},
        {&m->stable_age, all.stable_age},
        {&m->floor_age, all.floor_age > 0 ? all.floor_age : (uint64_t)KD_METRIC_NONE},
        {&m->floor_halted, all.halted},
        {&m->collected, all.collected},
        {&m->ignored, all.ignored},
        {&m->indices_moving, all.indices_moving},
        {&m->index_rows, all.index_rows},
        {&m->read_errors, all.read_errors},
        {&m->waits, all.waits},
        {&m->followed, all.followed},
        {&m->follow_lag, all.follow_lag},
        {&m->leads, all.leads},
        {&m->kafka_ready, w->assigned},
    };
    for (size_t i = 0; i < KD_COUNT(cells); i++) kd_metric_set(cells[i].cell, (int64_t)cells[i].value);
}
