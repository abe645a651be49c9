/* metrics.c - see the header. */
#include "edge/io/daemon/metrics.h"

#include "common/io/http/server/access_log.h"
#include "common/io/loop/log.h"
#include "common/io/daemon/process_metrics.h"
#include "common/json/json_writer.h"
#include "edge/io/shard/shard.h"

#define ROW(...) KD_METRIC_ROW(kd_edge_metrics, __VA_ARGS__)
static const kd_metric_info rows[] = {KD_EDGE_METRICS(ROW)};
static const kd_metric_table shard_table = {rows, KD_COUNT(rows)};
#define KD_JWT_PREFIX "kudos_edge_jwt_"
static const kd_metric_info gate_rows[] = {KD_JWT_GATE_ROWS};
static const kd_metric_table gate_table = {gate_rows, KD_COUNT(gate_rows)};
#define KD_VISITOR_METRICS_PREFIX "kudos_edge_visitor_"
static const kd_metric_info visitor_rows[] = {KD_VISITOR_ROWS};
static const kd_metric_table visitor_table = {visitor_rows, KD_COUNT(visitor_rows)};
static const kd_metric_info source_rows[] = {KD_JWT_SOURCE_METRICS(KD_JWT_SOURCE_ROW)};
static const kd_metric_table source_table = {source_rows, KD_COUNT(source_rows)};
#define REACH_ROW(...) KD_METRIC_ROW(kd_reach_metrics, __VA_ARGS__)
static const kd_metric_info reach_rows[] = {KD_REACH_METRICS(REACH_ROW)};
static const kd_metric_table reach_table = {reach_rows, KD_COUNT(reach_rows)};
#define STALE_ROW(...) KD_METRIC_ROW(kd_stale_metrics, __VA_ARGS__)
static const kd_metric_info stale_rows[] = {KD_STALE_METRICS(STALE_ROW)};
static const kd_metric_table stale_table = {stale_rows, KD_COUNT(stale_rows)};

/* Metrics of the process: one instance, filled for each scrape. */
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
    X(connections_max, GAUGE, "kudos_edge_connections_max", "",                                              \
      "Connections that the process takes: http.max_connections, or fewer.")                                 \
    X(overload_level, GAUGE, "kudos_edge_overload_level", "",                                                \
      "0: nothing is given up; 4: reads are refused.")                                                       \
    X(overload_1, CPU, "kudos_edge_overload_seconds_total", "level=\"1\"",                                   \
      "Time at each level of overload.")                                                                     \
    X(overload_2, CPU, "kudos_edge_overload_seconds_total", "level=\"2\"", "")                               \
    X(overload_3, CPU, "kudos_edge_overload_seconds_total", "level=\"3\"", "")                               \
    X(overload_4, CPU, "kudos_edge_overload_seconds_total", "level=\"4\"", "")                               \
    X(limit_slots, GAUGE, "kudos_edge_limit_slots", "", "Slots for users whose operations are counted.")     \
    X(limit_slots_used, GAUGE, "kudos_edge_limit_slots_used", "",                                            \
      "Of them those that have had a user; users who do nothing any more make room.")                        \
    X(limit_evicted, COUNTER, "kudos_edge_limit_users_forgotten_total", "",                                  \
      "Users who began anew because another needed their slot.")                                             \
    X(log_dropped, COUNTER, "kudos_edge_log_lines_dropped_total", "",                                        \
      "Log lines suppressed or not written.")                                                                \
    X(access_dropped, COUNTER, "kudos_edge_access_lines_dropped_total", "",                                  \
      "Lines of the access log that were due and not written.")
typedef struct {
    KD_PROCESS_METRICS(KD_METRIC_FIELD)
} kd_process_metrics;
#define PROCESS_ROW(...) KD_METRIC_ROW(kd_process_metrics, __VA_ARGS__)
static const kd_metric_info process_rows[] = {KD_PROCESS_METRICS(PROCESS_ROW)};
static const kd_metric_table process_table = {process_rows, KD_COUNT(process_rows)};

static void edge_metrics_set_overload(kd_process_metrics *m, const kd_overload *o)
{
    kd_metric_set(&m->overload_level, o->level);
    kd_metric_set(&m->overload_1, (int64_t)o->spent_us[1]);
    kd_metric_set(&m->overload_2, (int64_t)o->spent_us[2]);
    kd_metric_set(&m->overload_3, (int64_t)o->spent_us[3]);
    kd_metric_set(&m->overload_4, (int64_t)o->spent_us[4]);
}

/* What was never measured is NaN, so that no alert takes a 0 for a good clock. */
static void edge_metrics_write_process(kd_edge_app *app, kd_buf *out)
{
    kd_drift d = kd_clock_drift(&app->clock);
    kd_process_metrics m = {0};
    const void *instance = &m, *stale = &app->stale;
    kd_metric_set(&m.drift, d.measured ? d.offset_us : KD_METRIC_NONE);
    kd_metric_set(&m.uncertainty, d.measured ? (int64_t)d.uncertainty_us : KD_METRIC_NONE);
    kd_metric_set(&m.out_of_bounds, kd_clock_check(&app->clock) == KD_CLOCK_OUT_OF_BOUNDS);
    kd_metric_set(&m.measured,
                  d.measured ? (int64_t)kd_drift_age_us(&d, kd_clock_mono_us()) : KD_METRIC_NONE);
    kd_metric_set(&m.closed_counters, kd_offer_closed_counters(app->offer));
    kd_metric_set(&m.closed_collections, kd_offer_closed_collections(app->offer));
    kd_metric_set(&m.connections_max, app->room.connections);
    edge_metrics_set_overload(&m, &app->overload.judge);
    kd_rate_stats limited = kd_limiter_get_stats(app->limiter);
    kd_metric_set(&m.limit_slots, (int64_t)limited.slots);
    kd_metric_set(&m.limit_slots_used, (int64_t)limited.used);
    kd_metric_set(&m.limit_evicted, (int64_t)limited.evicted);
    kd_metric_set(&m.log_dropped, (int64_t)kd_log_dropped());
    kd_metric_set(&m.access_dropped, (int64_t)kd_access_log_dropped());
    kd_metrics_render(&process_table, &instance, 1, out);
    kd_metrics_render(&stale_table, &stale, 1, out);
}

static void edge_metrics_write_tokens(const kd_edge_app *app, kd_buf *out)
{
    const void *instances[KD_SHARDS_MAX];
    const kd_jwt_source_metrics keys = kd_jwt_source_measure(app->jwt);
    const void *source = &keys;
    for (uint32_t i = 0; i < app->shard_count; i++) instances[i] = &app->shards[i]->visitors.metrics;
    if (app->visitor_keys) kd_metrics_render(&visitor_table, instances, app->shard_count, out);
    if (!app->jwt) return;
    for (uint32_t i = 0; i < app->shard_count; i++) instances[i] = kd_jwt_gate_counted(app->shards[i]->jwt);
    kd_metrics_render(&gate_table, instances, app->shard_count, out);
    kd_metrics_render(&source_table, &source, 1, out);
}

/* The main loop's own questions count with those of the shards. */
static void edge_metrics_write_centrals(const kd_edge_app *app, kd_buf *out)
{
    const void *instances[KD_SHARDS_MAX + 1];
    if (!app->drift) return;
    for (uint32_t i = 0; i < app->shard_count; i++)
        instances[i] = &app->shards[i]->asker.upstream.links.metrics;
    instances[app->shard_count] = kd_drift_probe_metrics(app->drift);
    kd_url_metrics_write(app->central_urls.at, instances, app->shard_count + 1, out);
}

void kd_metrics_write(kd_edge_app *app, kd_buf *out)
{
    const void *instances[KD_SHARDS_MAX + 1];
    for (uint32_t i = 0; i < app->shard_count; i++) instances[i] = &app->shards[i]->base.metrics;
    kd_metrics_render(&shard_table, instances, app->shard_count, out);
    for (uint32_t i = 0; i < app->shard_count; i++) instances[i] = &app->shards[i]->reach;
    instances[app->shard_count] = &app->reach;
    kd_metrics_render(&reach_table, instances, app->shard_count + 1, out);
    edge_metrics_write_centrals(app, out);
    edge_metrics_write_tokens(app, out);
    edge_metrics_write_process(app, out);
    kd_process_metrics_write(out);
}

static void edge_metrics_write_position(kd_json *j, const char *name, kd_position at)
{
    kd_json_key(j, name);
    kd_json_object(j);
    kd_json_key(j, "incarnation"), kd_json_u64(j, at.incarnation);
    kd_json_key(j, "seq"), kd_json_u64(j, at.seq);
    kd_json_end_object(j);
}

static void edge_metrics_write_partition(kd_json *j, uint32_t shard, const kd_edge_partition *p)
{
    kd_json_object(j);
    kd_json_key(j, "partition"), kd_json_u64(j, p->partition);
    kd_json_key(j, "shard"), kd_json_u64(j, shard);
    kd_json_key(j, "epoch"), kd_json_u64(j, p->epoch);
    kd_json_key(j, "version"), kd_json_u64(j, p->version);
    edge_metrics_write_position(j, "applied", p->applied);
    edge_metrics_write_position(j, "sealed", p->sealed);
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

/* Copies that the shards published at their last tick. */
static void edge_metrics_write_partitions(kd_edge_app *app, kd_json *j)
{
    for (uint32_t i = 0; i < app->shard_count; i++) {
        kd_published *pub = &app->shards[i]->published;
        pthread_mutex_lock(&pub->lock);
        for (uint32_t p = 0; p < pub->count; p++) edge_metrics_write_partition(j, i, &pub->at[p]);
        pthread_mutex_unlock(&pub->lock);
    }
}

static void edge_metrics_write_shards(kd_edge_app *app, kd_json *j)
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

static void edge_metrics_write_fast(kd_json *j, const kd_fast *f)
{
    char item[KD_ITEM_KEY_MAX];
    kd_bytes name = kd_bytes_of(f->name, f->len);
    kd_json_object(j);
    if (f->kind == KD_FAST_ITEM)
        kd_json_put_str(j, "item", kd_bytes_of(item, kd_key_text(name, item)));
    else
        kd_json_put_str(j, "user", name);
    kd_json_put_u64(j, "most", f->most);
    kd_json_put_u64(j, "over", f->over);
    kd_json_put_u64(j, "since_us", f->since_us);
    kd_json_put_u64(j, "last_us", f->last_us);
    kd_json_end_object(j);
}

static int edge_metrics_velocity_page(kd_edge_app *app, kd_buf *out)
{
    kd_fast_list list;
    kd_json j = kd_json_of(out);
    kd_limiter_fast(app->limiter, &list);
    kd_json_object(&j);
    kd_json_key(&j, "edge"), kd_json_cstr(&j, app->settings.name);
    kd_json_key(&j, "velocity"), kd_json_array(&j);
    for (uint32_t i = 0; i < list.count; i++) edge_metrics_write_fast(&j, &list.at[i]);
    kd_json_end_array(&j);
    kd_json_end_object(&j);
    return KD_OK;
}

static int edge_metrics_partitions_page(kd_edge_app *app, kd_buf *out)
{
    kd_json j = kd_json_of(out);
    kd_json_object(&j);
    kd_json_key(&j, "edge"), kd_json_cstr(&j, app->settings.name);
    kd_json_key(&j, "shards"), kd_json_u64(&j, app->shard_count);
    edge_metrics_write_shards(app, &j);
    kd_json_key(&j, "partitions"), kd_json_array(&j);
    edge_metrics_write_partitions(app, &j);
    kd_json_end_array(&j);
    kd_json_end_object(&j);
    return KD_OK;
}

static void edge_metrics_write_viral(kd_json *j, uint32_t shard, uint64_t second, const kd_edge_viral *v)
{
    char item[KD_ITEM_KEY_MAX];
    kd_key_text(kd_item_key(&v->item), item);
    kd_json_object(j);
    kd_json_key(j, "item"), kd_json_cstr(j, item);
    kd_json_put_u64(j, "shard", shard);
    kd_json_put_u64(j, "partition", v->partition);
    kd_json_put_u64(j, "since_us", v->since_us);
    kd_json_put_u64(j, "until_s", second);
    kd_json_key(j, "operations"), kd_json_array(j);
    for (uint32_t i = 0; i < KD_VIRAL_SECONDS; i++) kd_json_u64(j, v->operations[i]);
    kd_json_end_array(j);
    kd_json_end_object(j);
}

static int edge_metrics_viral_page(kd_edge_app *app, kd_buf *out)
{
    kd_json j = kd_json_of(out);
    kd_json_object(&j);
    kd_json_key(&j, "edge"), kd_json_cstr(&j, app->settings.name);
    kd_json_put_u64(&j, "rate", app->settings.viral_rate);
    kd_json_key(&j, "viral"), kd_json_array(&j);
    for (uint32_t i = 0; i < app->shard_count; i++) {
        kd_published *pub = &app->shards[i]->published;
        pthread_mutex_lock(&pub->lock);
        for (uint32_t v = 0; v < pub->viral_count; v++)
            edge_metrics_write_viral(&j, i, pub->second, &pub->virals[v]);
        pthread_mutex_unlock(&pub->lock);
    }
    kd_json_end_array(&j);
    kd_json_end_object(&j);
    return KD_OK;
}

int kd_metrics_debug(kd_edge_app *app, const char *name, kd_buf *out)
{
    if (strcmp(name, "viral") == 0) return edge_metrics_viral_page(app, out);
    if (strcmp(name, "velocity") == 0) return edge_metrics_velocity_page(app, out);
    return strcmp(name, "partitions") == 0 ? edge_metrics_partitions_page(app, out) : KD_ENOTFOUND;
}
