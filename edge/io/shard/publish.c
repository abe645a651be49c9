/* publish.c - see the header. */
#include "edge/io/shard/publish.h"

#include <stdlib.h>

#include "edge/io/shard/shard.h"

/* A field has the same name in kd_edge_stats and kd_edge_metrics; those that differ follow. */
static void collect_core(kd_shard *s, const kd_edge_stats *stats)
{
    kd_edge_metrics *m = &s->base.metrics;
#define COPY(name) kd_metric_set(&m->name, (int64_t)stats->name)
    COPY(likes), COPY(unlikes), COPY(sums), COPY(agreeing), COPY(retries), COPY(groups);
    COPY(sealed), COPY(sealed_empty), COPY(resends), COPY(outbox_batches), COPY(outbox_bytes);
    COPY(snapshots), COPY(heartbeats), COPY(snapshot_gaps), COPY(snapshots_old), COPY(undone),
        COPY(resent_ops);
    COPY(asks), COPY(answers_thrown), COPY(viral_items), COPY(items), COPY(items_probation), COPY(evicted),
        COPY(filter_rows), COPY(identity_alarms);
    COPY(fresh_rows), COPY(refusing), COPY(retired), COPY(sums_aside), COPY(identity_shared);
    COPY(aside_kept), COPY(aside_kept_amount);
#undef COPY
    kd_metric_set(&m->rows_expired, (int64_t)stats->expired);
    kd_metric_set(&m->sends, (int64_t)(stats->sends - stats->resends)); /* the label again="false" */
    kd_metric_set(&m->ask_answers, (int64_t)stats->answers);
}

/* The two gauges are added up over the shards: so many have their topics, or ask central, while Kafka or central answers. */
static void collect_reach(kd_shard *s)
{
    uint64_t troubles[KD_REASONS];
    bool central = !kd_upstream_none(&s->asker.upstream);
    kd_kafka_producer_stats sent = {0};
    kd_kafka_consumer_stats got = {0};
    if (s->sender.producer) sent = kd_kafka_producer_stats_get(s->sender.producer);
    if (s->counts.consumer) got = kd_kafka_consumer_stats_get(s->counts.consumer);
    for (size_t i = 0; i < KD_REASONS; i++) got.errors[i] += sent.errors[i];
    kd_metric_set_reasons(&s->reach.kafka, got.errors);
    kd_metric_set(&s->base.metrics.producers_plain, sent.plain);
    kd_central_links_measure(&s->asker.upstream.links, troubles);
    kd_metric_set_reasons(&s->reach.central, troubles);
    kd_metric_set(&s->base.metrics.kafka_ready,
                  s->sender.producer && s->counts.consumer && kd_metric_get(&s->app->kafka_up));
    kd_metric_set(&s->base.metrics.central_up, central && kd_metric_get(&s->app->central_up));
}

static void collect_shell(kd_shard *s)
{
    kd_edge_metrics *m = &s->base.metrics;
    const kd_http_counters *http = kd_http_server_counters(s->server);
    kd_metric_set(&m->read_errors, (int64_t)kd_leveldb_read_errors(s->db));
    kd_metric_set(&m->in_flight, (int64_t)s->in_flight);
    kd_metric_set(&m->connections, (int64_t)http->connections_open);
    kd_metric_set(&m->refused_connections, (int64_t)http->connections_refused);
    kd_metric_set(&m->http_work, (int64_t)http->work);
    kd_metric_set(&m->gave_way, (int64_t)http->gave_way);
    kd_metric_set(&m->tls_refused, (int64_t)http->tls_refused);
    kd_metric_set(&m->tls_abandoned, (int64_t)http->tls_abandoned);
    kd_metric_set(&m->http_held, (int64_t)http->buffered_bytes);
    kd_metric_set(&m->hoarders, (int64_t)http->hoarders);
    kd_metric_set(&m->http_requests, (int64_t)http->requests);
    kd_metric_set(&m->http_rejected, (int64_t)(http->rejected + http->refused_streams));
    kd_metric_set(&m->http_proxy_refused, (int64_t)http->proxy_refused);
    const kd_live_stats live = kd_live_get_stats(s->live.live);
    kd_metric_set(&m->live_streams, (int64_t)live.streams);
    kd_metric_set(&m->live_items, (int64_t)live.items);
    kd_metric_set(&m->live_events, (int64_t)live.events);
    kd_metric_set(&m->live_skipped, (int64_t)live.skipped);
    kd_metric_set(&m->http_floods, (int64_t)http->floods);
    kd_metric_set(&m->http_timeouts, (int64_t)http->timeouts);
    kd_metric_set(&m->http_bytes_in, (int64_t)http->bytes_in);
    kd_metric_set(&m->http_bytes_out, (int64_t)http->bytes_out);
}

/* A moment that is not known has no age: the metric is NaN. */
static int64_t publish_age(uint64_t now_us, uint64_t at_us)
{
    if (at_us == 0) return KD_METRIC_NONE;
    return now_us > at_us ? (int64_t)(now_us - at_us) : 0;
}

/* The moments of a shard's partition that is furthest behind; 0 where one is unknown for a partition. */
typedef struct {
    uint64_t made_us, complete_us, stable_us;
} publish_oldest;

static publish_oldest publish_partitions(kd_shard *s)
{
    kd_published *pub = &s->published;
    publish_oldest oldest = {UINT64_MAX, UINT64_MAX, UINT64_MAX};
    pub->count = 0;
    for (uint32_t p = s->base.index; p < s->base.settings->partitions; p += s->base.shards) {
        kd_edge_partition *at = &pub->at[pub->count];
        if (kd_edge_partition_get(s->base.edge, p, at) != KD_OK) continue;
        pub->count++;
        oldest.made_us = KD_MIN(oldest.made_us, at->made_us);
        oldest.complete_us = KD_MIN(oldest.complete_us, at->low_watermark_us);
        oldest.stable_us = KD_MIN(oldest.stable_us, at->stable_us);
    }
    return oldest;
}

/* A snapshot's age is told by central's clock, which made it; the other two moments are stamps, which the carried clock tells. */
static void publish_ages(kd_shard *s, const publish_oldest *oldest)
{
    uint64_t now_us = kd_clock_now_us(s->base.clock);
    uint64_t server_us = kd_clock_server_at_us(s->base.clock, kd_clock_mono_us());
    kd_metric_set(&s->base.metrics.snapshot_age, publish_age(server_us, oldest->made_us));
    kd_metric_set(&s->base.metrics.stable_age, publish_age(now_us, oldest->stable_us));
    kd_metric_set(&s->base.metrics.as_of_age, publish_age(now_us, oldest->complete_us));
}

static void publish_virals(kd_shard *s)
{
    uint64_t now_us = kd_clock_now_us(s->base.clock);
    s->published.viral_count = kd_edge_virals(s->base.edge, now_us, s->published.virals);
    s->published.second = now_us / 1000000 - 1;
}

void kd_published_init(kd_published *p, uint64_t partitions)
{
    pthread_mutex_init(&p->lock, NULL);
    p->at = kd_alloc(partitions * sizeof *p->at);
}

void kd_published_finish(kd_published *p)
{
    if (!p->at) return;
    pthread_mutex_destroy(&p->lock);
    free(p->at);
}

void kd_shard_publish(kd_shard *s)
{
    kd_published *pub = &s->published;
    uint64_t incarnation = kd_edge_incarnation(s->base.edge);
    pthread_mutex_lock(&pub->lock);
    pub->incarnation = incarnation;
    publish_oldest oldest = publish_partitions(s);
    kd_edge_get_stats(s->base.edge, &pub->stats);
    kd_edge_stats stats = pub->stats;
    publish_virals(s);
    pthread_mutex_unlock(&pub->lock);
    /* Logging may block, so it comes after the lock is released. */
    kd_alarms_tell(&s->alarms, s->base.index, incarnation, &stats);
    kd_viral_log(&s->viral_told, s->base.index, pub->virals, pub->viral_count);
    publish_ages(s, &oldest);
    collect_core(s, &stats);
    collect_shell(s);
    collect_reach(s);
}
