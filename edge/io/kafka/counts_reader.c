/*
 * counts_reader.c - see the header. A partition stops when its offset is no longer in the log, when the topic has gone, or at a damaged record. It
 * is then sought at its end, with back-off. What it missed is not lost: the core sees the gap in the versions, and reads the items through to
 * central.
 */
#include "edge/io/kafka/counts_reader.h"

#include <stdlib.h>

#include "common/io/loop/log.h"
#include "common/io/loop/point.h"

enum { BACKOFF_MIN_US = 500 * 1000, BACKOFF_MAX_US = 30 * 1000 * 1000 };

static void on_record(void *arg, const kd_kafka_record *record)
{
    kd_counts_reader *c = arg;
    KD_POINT(BEFORE_INSTALL);
    int result =
        kd_edge_snapshot(c->base->edge, record->value, record->offset, kd_clock_now_us(c->base->clock));
    kd_backoff_reset(&c->backoff);
    if (result == KD_INSTALLED) KD_POINT(AFTER_INSTALL);
    if (result >= 0 || result == KD_EIO) return; /* KD_EIO: the next commit reports it and ends the process */
    kd_metric_add(&c->base->metrics.snapshots_bad, 1);
    KD_LOG(KD_WARN, "snapshot-refused", KD_U64("partition", record->partition),
           KD_I64("offset", record->offset), KD_ERR(result));
}

/* Forged, or signed by a key that this edge lacks. Passed over; a genuine one that follows tells the core of the gap, if there is one. */
static void edge_counts_on_refused(void *arg, kd_mac_verdict verdict)
{
    kd_counts_reader *c = arg;
    kd_edge_metrics *m = &c->base->metrics;
    kd_metric *const cells[KD_MAC_VERDICTS] = KD_KAFKA_REFUSED_CELLS(m);
    kd_metric_add(cells[verdict], 1);
}

static void edge_counts_on_round(void *arg)
{
    kd_counts_reader *c = arg;
    kd_turn_wake(&c->base->turn);
}

static void counts_retry_later(kd_counts_reader *c)
{
    if (kd_timer_armed(&c->retry)) return;
    kd_timer_set(&c->retry, kd_backoff_next(&c->backoff, kd_random_next(&c->base->random)));
}

static void on_condition(void *arg, uint32_t topic, uint32_t partition, kd_kafka_condition condition,
                         int64_t offset, const char *text)
{
    kd_counts_reader *c = arg;
    (void)topic;
    if (condition == KD_KAFKA_EOF) return;
    KD_LOG(KD_WARN, "counts-interrupted", KD_U64("partition", partition), KD_I64("offset", offset),
           KD_STR("cause", text));
    c->stopped[partition] = true;
    if (condition == KD_KAFKA_GONE) kd_topics_recheck(c->topics);
    counts_retry_later(c);
}

static void edge_counts_on_retry(void *arg)
{
    kd_counts_reader *c = arg;
    bool failed = false;
    for (uint32_t p = c->base->index; p < c->base->settings->partitions; p += c->base->shards) {
        if (!c->stopped[p]) continue;
        kd_kafka_start start = {.topic = 0, .partition = p, .offset = KD_KAFKA_END};
        c->stopped[p] = kd_kafka_consumer_seek(c->consumer, &start) != KD_OK;
        failed |= c->stopped[p];
    }
    if (failed) counts_retry_later(c);
}

static int edge_counts_assign(kd_counts_reader *c)
{
    uint32_t n = 0;
    uint64_t partitions = c->base->settings->partitions;
    kd_kafka_start *starts = kd_alloc(partitions * sizeof *starts);
    for (uint32_t p = c->base->index; p < partitions; p += c->base->shards) {
        int64_t offset = kd_edge_counts_offset(c->base->edge, p);
        starts[n++] =
            (kd_kafka_start){.topic = 0, .partition = p, .offset = offset < 0 ? KD_KAFKA_END : offset};
    }
    int err = n ? kd_kafka_consumer_assign(c->consumer, starts, n) : KD_OK;
    free(starts);
    return err;
}

int kd_counts_reader_start(kd_counts_reader *c, kd_shard_base *base, kd_topics *topics,
                           const kd_kafka_config *config)
{
    char error[KD_OPTIONS_ERROR_MAX] = "";
    const char *names[] = {base->settings->counts_topic};
    kd_kafka_consumer_events events = {.record = on_record,
                                       .condition = on_condition,
                                       .round = edge_counts_on_round,
                                       .arg = c,
                                       .refused = edge_counts_on_refused};
    if (c->consumer) return KD_OK;
    c->base = base;
    c->topics = topics;
    if (!c->stopped) {
        c->stopped = kd_alloc(base->settings->partitions * sizeof *c->stopped);
        c->backoff = (kd_backoff){.min_us = BACKOFF_MIN_US, .max_us = BACKOFF_MAX_US};
        kd_timer_init(&c->retry, base->loop, edge_counts_on_retry, c);
    }
    int err = kd_kafka_consumer_create(&c->consumer, kd_loop_base(base->loop), config, names, 1, &events,
                                       error, sizeof error);
    if (err == KD_OK) err = edge_counts_assign(c);
    if (err)
        KD_LOG(KD_ERROR, "kafka-consumer-failed", KD_U64("shard", base->index), KD_STR("cause", error),
               KD_ERR(err));
    return err;
}

void kd_counts_reader_finish(kd_counts_reader *c)
{
    kd_kafka_consumer_destroy(c->consumer);
    if (c->stopped) kd_timer_finish(&c->retry);
    free(c->stopped);
}
