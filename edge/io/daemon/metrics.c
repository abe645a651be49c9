/* metrics.c - see the header. */
#include "edge/io/daemon/metrics.h"

#include "common/io/daemon/log.h"
#include "common/io/daemon/process_metrics.h"
#include "common/json/json_writer.h"
#include "edge/io/daemon/doubts.h"
#include "edge/io/shard/shard.h"

#define ROW(...) KD_METRIC_ROW(kd_edge_metrics, __VA_ARGS__)
static const kd_metric_info rows[] = {KD_EDGE_METRICS(ROW)};
static const kd_metric_table shard_table = {rows, KD_COUNT(rows)};
#define REACH_ROW(...) KD_METRIC_ROW(kd_reach_metrics, __VA_ARGS__)
static const kd_metric_info reach_rows[] = {KD_REACH_METRICS(REACH_ROW)};
static const kd_metric_table reach_table = {reach_rows, KD_COUNT(reach_rows)};

/* Of the process: one instance, filled when asked for. */
#define KD_PROCESS_METRICS(X)                                                                                \
    X(drift, GAUGE, "kudos_edge_clock_offset_us", "",                                                        \
      "Central's clock minus ours at the last measurement; NaN: never measured.")                            \
    X(uncertainty, GAUGE, "kudos_edge_clock_uncertainty_us", "", "Of the offset, in either direction.")      \
    X(out_of_bounds, GAUGE, "kudos_edge_clock_out_of_bounds", "",                                            \
      "1 while writes are refused because of the clock.")                                                    \
    X(measured, AGE, "kudos_edge_clock_measured_age_seconds", "",                                            \
      "Since the last measurement of the clock; NaN: never measured.")                                       \
    X(closed_counters, GAUGE, "kudos_edge_not_at_central", "kind=\"counter\"",                               \
      "Of the configuration, what central lacks: requests for it are answered 404.")                         \
    X(closed_collections, GAUGE, "kudos_edge_not_at_central", "kind=\"collection\"", "")                     \
    X(log_dropped, COUNTER, "kudos_edge_log_lines_dropped_total", "", "Log lines suppressed or not written.")
typedef struct {
    KD_PROCESS_METRICS(KD_METRIC_FIELD)
} kd_process_metrics;
#define PROCESS_ROW(...) KD_METRIC_ROW(kd_process_metrics, __VA_ARGS__)
static const kd_metric_info process_rows[] = {KD_PROCESS_METRICS(PROCESS_ROW)};
static const kd_metric_table process_table = {process_rows, KD_COUNT(process_rows)};

static void collect_core(kd_shard *s, const kd_edge_stats *stats)
{
    kd_edge_metrics *m = &s->metrics;
#define COPY(name) kd_metric_set(&m->name, (int64_t)stats->name)
    COPY(likes), COPY(unlikes), COPY(sums), COPY(agreeing), COPY(retries), COPY(groups);
    COPY(sealed), COPY(sealed_empty), COPY(resends), COPY(outbox_batches), COPY(outbox_bytes);
    COPY(snapshots), COPY(heartbeats), COPY(snapshot_gaps), COPY(snapshots_old), COPY(undone),
        COPY(resent_ops);
    COPY(asks), COPY(answers_thrown), COPY(items), COPY(evicted), COPY(filter_rows), COPY(identity_alarms);
    COPY(fresh_rows), COPY(refusing), COPY(retired), COPY(sums_aside), COPY(identity_shared);
    COPY(aside_kept), COPY(aside_kept_amount);
#undef COPY
    kd_metric_set(&m->rows_expired, (int64_t)stats->expired);
    kd_metric_set(&m->sends, (int64_t)(stats->sends - stats->resends));
    kd_metric_set(&m->ask_answers, (int64_t)stats->answers);
}

static void collect_reach(kd_shard *s)
{
    const kd_http_client *central = s->asker.client;
    kd_kafka_producer_stats sent = {0};
    kd_kafka_consumer_stats got = {0};
    if (s->sender.producer) sent = kd_kafka_producer_stats_get(s->sender.producer);
    if (s->counts.consumer) got = kd_kafka_consumer_stats_get(s->counts.consumer);
    for (size_t i = 0; i < KD_REASONS; i++) got.errors[i] += sent.errors[i];
    kd_metric_set_reasons(&s->reach.kafka, got.errors);
    if (central) kd_metric_set_reasons(&s->reach.central, kd_http_client_get_stats(central).troubles);
    kd_metric_set(&s->metrics.kafka_ready,
                  s->sender.producer && s->counts.consumer && kd_metric_get(&s->app->kafka_up));
    kd_metric_set(&s->metrics.central_up, central && kd_metric_get(&s->app->central_up));
}

static void collect_shell(kd_shard *s)
{
    kd_edge_metrics *m = &s->metrics;
    const kd_http_counters *http = kd_http_server_counters(s->server);
    kd_metric_set(&m->read_errors, (int64_t)kd_leveldb_read_errors(s->db));
    kd_metric_set(&m->in_flight, (int64_t)s->in_flight);
    kd_metric_set(&m->connections, (int64_t)http->connections_open);
    kd_metric_set(&m->http_requests, (int64_t)http->requests);
    kd_metric_set(&m->http_rejected, (int64_t)(http->rejected + http->refused_streams));
    kd_metric_set(&m->http_floods, (int64_t)http->floods);
    kd_metric_set(&m->http_timeouts, (int64_t)http->timeouts);
    kd_metric_set(&m->http_bytes_in, (int64_t)http->bytes_in);
    kd_metric_set(&m->http_bytes_out, (int64_t)http->bytes_out);
}

static int64_t edge_metrics_age(uint64_t now_us, uint64_t at_us)
{
    if (at_us == 0) return KD_METRIC_NONE;
    return now_us > at_us ? (int64_t)(now_us - at_us) : 0;
}

void kd_metrics_collect(kd_shard *s)
{
    kd_published *pub = &s->published;
    uint64_t made_us = UINT64_MAX, complete_us = UINT64_MAX, stable_us = UINT64_MAX,
             now_us = kd_shard_now_us(s);
    pthread_mutex_lock(&pub->lock);
    pub->count = 0;
    pub->incarnation = kd_edge_incarnation(s->edge);
    for (uint32_t p = s->index; p < s->app->settings.partitions; p += s->app->shard_count) {
        kd_edge_partition *at = &pub->at[pub->count];
        if (kd_edge_partition_get(s->edge, p, at) != KD_OK) continue;
        pub->count++;
        made_us = KD_MIN(made_us, at->made_us);
        complete_us = KD_MIN(complete_us, at->low_watermark_us);
        stable_us = KD_MIN(stable_us, at->stable_us);
    }
    kd_edge_get_stats(s->edge, &pub->stats);
    kd_edge_stats stats = pub->stats;
    pthread_mutex_unlock(&pub->lock);
    kd_doubts_tell(s, &stats);
    kd_metric_set(&s->metrics.snapshot_age,
                  edge_metrics_age(kd_clock_server_at_us(&s->app->clock, kd_clock_mono_us()), made_us));
    kd_metric_set(&s->metrics.stable_age, edge_metrics_age(now_us, stable_us));
    kd_metric_set(&s->metrics.as_of_age, edge_metrics_age(now_us, complete_us));
    collect_core(s, &stats);
    collect_shell(s);
    collect_reach(s);
}

static void edge_metrics_write_process(kd_edge_app *app, kd_buf *out)
{
    kd_drift d = kd_clock_drift(&app->clock);
    kd_process_metrics m = {0};
    const void *instance = &m;
    kd_metric_set(&m.drift, d.measured ? d.offset_us : KD_METRIC_NONE);
    kd_metric_set(&m.uncertainty, d.measured ? (int64_t)d.uncertainty_us : KD_METRIC_NONE);
    kd_metric_set(&m.out_of_bounds, kd_clock_check(&app->clock) == KD_CLOCK_OUT_OF_BOUNDS);
    kd_metric_set(&m.measured,
                  d.measured ? (int64_t)kd_drift_age_us(&d, kd_clock_mono_us()) : KD_METRIC_NONE);
    kd_metric_set(&m.closed_counters, kd_offer_closed_counters(app->offer));
    kd_metric_set(&m.closed_collections, kd_offer_closed_collections(app->offer));
    kd_metric_set(&m.log_dropped, (int64_t)kd_log_dropped());
    kd_metrics_render(&process_table, &instance, 1, out);
}

void kd_metrics_write(kd_edge_app *app, kd_buf *out)
{
    const void *instances[KD_SHARDS_MAX + 1];
    for (uint32_t i = 0; i < app->shard_count; i++) instances[i] = &app->shards[i]->metrics;
    kd_metrics_render(&shard_table, instances, app->shard_count, out);
    for (uint32_t i = 0; i < app->shard_count; i++) instances[i] = &app->shards[i]->reach;
    instances[app->shard_count] = &app->reach;
    kd_metrics_render(&reach_table, instances, app->shard_count + 1, out);
    edge_metrics_write_process(app, out);
    kd_process_metrics_write(out);
}

static void write_position(kd_json *j, const char *name, kd_position at)
{
    kd_json_key(j, name);
    kd_json_object(j);
    kd_json_key(j, "incarnation"), kd_json_u64(j, at.incarnation);
    kd_json_key(j, "seq"), kd_json_u64(j, at.seq);
    kd_json_end_object(j);
}

static void write_partition(kd_json *j, uint32_t shard, const kd_edge_partition *p)
{
    kd_json_object(j);
    kd_json_key(j, "partition"), kd_json_u64(j, p->partition);
    kd_json_key(j, "shard"), kd_json_u64(j, shard);
    kd_json_key(j, "epoch"), kd_json_u64(j, p->epoch);
    kd_json_key(j, "version"), kd_json_u64(j, p->version);
    write_position(j, "applied", p->applied);
    write_position(j, "sealed", p->sealed);
    kd_json_key(j, "watermark_us"), kd_json_u64(j, p->watermark_us);
    kd_json_key(j, "low_watermark_us"), kd_json_u64(j, p->low_watermark_us);
    kd_json_key(j, "stable_us"), kd_json_u64(j, p->stable_us);
    kd_json_key(j, "expired_us"), kd_json_u64(j, p->expired_us);
    kd_json_key(j, "retired"), kd_json_bool(j, p->retired);
    kd_json_key(j, "made_us"), kd_json_u64(j, p->made_us);
    kd_json_key(j, "outbox_batches"), kd_json_u64(j, p->outbox_batches);
    kd_json_key(j, "resending"), kd_json_bool(j, p->resending);
    kd_json_end_object(j);
}

static void edge_metrics_write_partitions(kd_edge_app *app, kd_json *j)
{
    for (uint32_t i = 0; i < app->shard_count; i++) {
        kd_published *pub = &app->shards[i]->published;
        pthread_mutex_lock(&pub->lock);
        for (uint32_t p = 0; p < pub->count; p++) write_partition(j, i, &pub->at[p]);
        pthread_mutex_unlock(&pub->lock);
    }
}

static void write_shards(kd_edge_app *app, kd_json *j)
{
    uint64_t op_bytes = 0;
    kd_json_key(j, "incarnations"), kd_json_array(j);
    for (uint32_t i = 0; i < app->shard_count; i++) {
        kd_published *pub = &app->shards[i]->published;
        pthread_mutex_lock(&pub->lock);
        kd_json_u64(j, pub->incarnation);
        op_bytes += pub->stats.outbox_op_bytes;
        pthread_mutex_unlock(&pub->lock);
    }
    kd_json_end_array(j);
    kd_json_key(j, "outbox_op_bytes"), kd_json_u64(j, op_bytes);
}

int kd_metrics_debug(kd_edge_app *app, const char *name, kd_buf *out)
{
    if (strcmp(name, "partitions") != 0) return KD_ENOTFOUND;
    kd_json j = kd_json_of(out);
    kd_json_object(&j);
    kd_json_key(&j, "edge"), kd_json_cstr(&j, app->settings.name);
    kd_json_key(&j, "shards"), kd_json_u64(&j, app->shard_count);
    write_shards(app, &j);
    kd_json_key(&j, "partitions"), kd_json_array(&j);
    edge_metrics_write_partitions(app, &j);
    kd_json_end_array(&j);
    kd_json_end_object(&j);
    return KD_OK;
}
