/*
 * sender.c - see the header. A batch that Kafka could not take is reported as not delivered, so that the core
 * tries again after its back-off; nothing leaves the outbox here.
 */
#include "edge/io/kafka/sender.h"

#include <stdlib.h>

#include "common/io/daemon/log.h"
#include "common/io/loop/point.h"
#include "edge/io/shard/shard.h"

/* What a delivery report is about; the opaque of a message. */
typedef struct kd_sent {
    struct kd_sent *next,
        *made; /* in the pool; among all, for the client reports none of those that its end cuts off */
    uint32_t partition;
    kd_position at;
} kd_sent;

static kd_sent *sent_take(kd_sender *sender, uint32_t partition, kd_position at)
{
    kd_sent *sent = sender->pool;
    if (sent) {
        sender->pool = sent->next;
    } else {
        sent = kd_alloc(sizeof *sent);
        sent->made = sender->made;
        sender->made = sent;
    }
    sent->partition = partition;
    sent->at = at;
    return sent;
}

static void sent_give(kd_sender *sender, kd_sent *sent)
{
    sent->next = sender->pool;
    sender->pool = sent;
}

static void on_delivered(void *arg, void *opaque, bool ok)
{
    kd_shard *s = arg;
    kd_sent *sent = opaque;
    s->sender.outstanding--;
    if (ok) KD_POINT(AFTER_DELIVERY);
    if (ok)
        s->sender.sent++;
    else
        kd_metric_add(&s->metrics.undelivered, 1);
    kd_edge_delivered(s->edge, sent->partition, sent->at, ok, kd_shard_now_us(s));
    sent_give(&s->sender, sent);
    kd_shard_wake(s);
}

static void on_reset(void *arg, const char *cause)
{
    kd_shard *s = arg;
    kd_metric_add(&s->metrics.producer_resets, 1);
    KD_LOG(KD_WARN, "kafka-producer-reset", KD_U64("shard", s->index), KD_STR("cause", cause));
    kd_edge_producer_reset(s->edge, kd_shard_now_us(s));
    s->sender.blocked = true;
}

static void sender_on_ready(void *arg)
{
    kd_shard *s = arg;
    s->sender.blocked = false;
    kd_shard_wake(s);
}

int kd_sender_start(kd_shard *s, const kd_kafka_config *config)
{
    char error[KD_OPTIONS_ERROR_MAX] = "";
    const char *topics[] = {s->app->settings.likes_topic};
    kd_kafka_producer_events events = {
        .delivered = on_delivered, .reset = on_reset, .ready = sender_on_ready, .arg = s};
    if (s->sender.producer) return KD_OK;
    int err = kd_kafka_producer_create(&s->sender.producer, kd_loop_base(s->loop), config, topics, 1, &events,
                                       error, sizeof error);
    if (err) KD_LOG(KD_ERROR, "kafka-producer-failed", KD_U64("shard", s->index), KD_STR("cause", error));
    return err;
}

/* KD_OK to go on. */
static int produce(kd_shard *s, uint32_t partition, kd_position at)
{
    kd_sender *sender = &s->sender;
    kd_sent *sent = sent_take(sender, partition, at);
    int err = kd_kafka_produce(sender->producer, 0, partition, kd_buf_view(&sender->record), sent);
    if (err == KD_OK) {
        sender->outstanding++;
        KD_POINT(AFTER_PRODUCE);
        return KD_OK;
    }
    sent_give(sender, sent);
    kd_edge_delivered(s->edge, partition, at, false, kd_shard_now_us(s));
    if (err == KD_EAGAIN) {
        sender->blocked = true;
        return err;
    }
    kd_metric_add(&s->metrics.undelivered, 1);
    if (err == KD_EUNAVAILABLE)
        kd_topics_recheck(s->app->topics); /* tells of it, once for all batches */
    else
        KD_LOG(KD_ERROR, "batch-not-produced", KD_U64("partition", partition), KD_U64("seq", at.seq),
               KD_ERR(err));
    return KD_OK;
}

void kd_sender_pump(kd_shard *s)
{
    kd_sender *sender = &s->sender;
    uint32_t partition;
    kd_position at;
    while (sender->producer && !sender->blocked && !s->commit.failed && !sender->unreadable) {
        int err = kd_edge_send_next(s->edge, kd_shard_now_us(s), &sender->record, &partition, &at);
        if (err == KD_ENOTFOUND) return;
        if (err != KD_OK) { /* the next commit says so, too, and ends the process */
            sender->unreadable = true;
            KD_LOG(KD_ERROR, "outbox-unreadable", KD_U64("shard", s->index), KD_ERR(err));
            return;
        }
        KD_POINT(AFTER_SEAL);
        if (produce(s, partition, at) != KD_OK) return;
    }
}

void kd_sender_finish(kd_shard *s)
{
    kd_sender *sender = &s->sender;
    kd_kafka_producer_destroy(sender->producer, 0);
    while (sender->made) {
        kd_sent *sent = sender->made;
        sender->made = sent->made;
        free(sent);
    }
    kd_buf_finish(&sender->record);
}
