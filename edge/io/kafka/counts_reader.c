/*
 * counts_reader.c - see the header. A partition whose offset is gone from the log goes on at its end: the core then
 * notices by the versions that it missed something, and reads through to central.
 */
#include "edge/io/kafka/counts_reader.h"

#include <stdlib.h>

#include "common/io/daemon/log.h"
#include "common/io/loop/point.h"
#include "edge/io/shard/shard.h"

enum { BACKOFF_MIN_US = 500 * 1000, BACKOFF_MAX_US = 30 * 1000 * 1000 };

static void on_record(void *arg, const kd_kafka_record *record)
{
    kd_shard *s = arg;
    KD_POINT(BEFORE_INSTALL);
    int result = kd_edge_snapshot(s->edge, record->value, record->offset, kd_shard_now_us(s));
    s->counts.backoff_us = BACKOFF_MIN_US;
    if (result == KD_INSTALLED) KD_POINT(AFTER_INSTALL);
    if (result >= 0 || result == KD_EIO) return;
    kd_metric_add(&s->metrics.snapshots_bad, 1);
    KD_LOG(KD_WARN, "snapshot-refused", KD_U64("partition", record->partition),
           KD_I64("offset", record->offset), KD_ERR(result));
}

static void edge_counts_on_round(void *arg)
{
    kd_shard_wake(arg);
}

static void retry_later(kd_shard *s)
{
    kd_counts_reader *c = &s->counts;
    if (kd_timer_armed(&c->retry)) return;
    kd_timer_set(&c->retry, c->backoff_us / 2 + kd_random_next(&s->random) % c->backoff_us);
    c->backoff_us = KD_MIN(2 * c->backoff_us, (uint64_t)BACKOFF_MAX_US);
}

static void on_condition(void *arg, uint32_t topic, uint32_t partition, kd_kafka_condition condition,
                         int64_t offset, const char *text)
{
    kd_shard *s = arg;
    (void)topic;
    if (condition == KD_KAFKA_EOF) return;
    KD_LOG(KD_WARN, "counts-interrupted", KD_U64("partition", partition), KD_I64("offset", offset),
           KD_STR("cause", text));
    s->counts.stands[partition] = true;
    if (condition == KD_KAFKA_GONE) kd_topics_recheck(s->app->topics);
    retry_later(s);
}

static void edge_counts_on_retry(void *arg)
{
    kd_shard *s = arg;
    bool failed = false;
    for (uint32_t p = s->index; p < s->app->settings.partitions; p += s->app->shard_count) {
        if (!s->counts.stands[p]) continue;
        kd_kafka_start start = {.topic = 0, .partition = p, .offset = KD_KAFKA_END};
        s->counts.stands[p] = kd_kafka_consumer_seek(s->counts.consumer, &start) != KD_OK;
        failed |= s->counts.stands[p];
    }
    if (failed) retry_later(s);
}

static int edge_counts_assign(kd_shard *s)
{
    uint32_t n = 0;
    kd_kafka_start *starts = kd_alloc(s->app->settings.partitions * sizeof *starts);
    for (uint32_t p = s->index; p < s->app->settings.partitions; p += s->app->shard_count) {
        int64_t offset = kd_edge_counts_offset(s->edge, p);
        starts[n++] =
            (kd_kafka_start){.topic = 0, .partition = p, .offset = offset < 0 ? KD_KAFKA_END : offset};
    }
    int err = n ? kd_kafka_consumer_assign(s->counts.consumer, starts, n) : KD_OK;
    free(starts);
    return err;
}

int kd_counts_reader_start(kd_shard *s, const kd_kafka_config *config)
{
    kd_counts_reader *c = &s->counts;
    char error[KD_OPTIONS_ERROR_MAX] = "";
    const char *topics[] = {s->app->settings.counts_topic};
    kd_kafka_consumer_events events = {
        .record = on_record, .condition = on_condition, .round = edge_counts_on_round, .arg = s};
    if (c->consumer) return KD_OK;
    if (!c->stands) {
        c->stands = kd_alloc(s->app->settings.partitions * sizeof *c->stands);
        c->backoff_us = BACKOFF_MIN_US;
        kd_timer_init(&c->retry, s->loop, edge_counts_on_retry, s);
    }
    int err = kd_kafka_consumer_create(&c->consumer, kd_loop_base(s->loop), config, topics, 1, &events, error,
                                       sizeof error);
    if (err == KD_OK) err = edge_counts_assign(s);
    if (err)
        KD_LOG(KD_ERROR, "kafka-consumer-failed", KD_U64("shard", s->index), KD_STR("cause", error),
               KD_ERR(err));
    return err;
}

void kd_counts_reader_finish(kd_shard *s)
{
    kd_counts_reader *c = &s->counts;
    kd_kafka_consumer_destroy(c->consumer);
    if (c->stands) kd_timer_finish(&c->retry);
    free(c->stands);
}
