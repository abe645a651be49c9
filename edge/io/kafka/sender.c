/*
 * sender.c - see the header. A batch that the producer does not take is reported to the core as not delivered: the core's back-off decides when it
 * is due again. Here is decided only whether to go on with the next batch (sender_produce) and when to stop trying at all (`blocked`).
 */
#include "edge/io/kafka/sender.h"

#include <stdlib.h>

#include "common/io/loop/log.h"
#include "common/io/loop/point.h"

/* Names the batch of a delivery report; the opaque pointer of a message. When a producer is destroyed it reports nothing of what it still holds, so
 * all notes are also linked by `made`, to be freed. */
typedef struct kd_sent {
    SLIST_ENTRY(kd_sent) next, made;
    uint32_t partition;
    kd_position at;
} kd_sent;

static kd_sent *sent_take(kd_sender *s, uint32_t partition, kd_position at)
{
    kd_sent *sent = SLIST_FIRST(&s->pool);
    if (sent) {
        SLIST_REMOVE_HEAD(&s->pool, next);
    } else {
        sent = kd_alloc(sizeof *sent);
        SLIST_INSERT_HEAD(&s->made, sent, made);
    }
    sent->partition = partition;
    sent->at = at;
    return sent;
}

static void sent_give(kd_sender *s, kd_sent *sent)
{
    SLIST_INSERT_HEAD(&s->pool, sent, next);
}

static void on_delivered(void *arg, void *opaque, bool ok)
{
    kd_sender *s = arg;
    kd_sent *sent = opaque;
    s->outstanding--;
    if (ok) KD_POINT(AFTER_DELIVERY);
    if (ok)
        s->sent++;
    else
        kd_metric_add(&s->base->metrics.undelivered, 1);
    kd_edge_delivered(s->base->edge, sent->partition, sent->at, ok, kd_clock_now_us(s->base->clock));
    sent_give(s, sent);
    kd_turn_wake(&s->base->turn);
}

static void on_reset(void *arg, const char *cause, bool plain)
{
    kd_sender *s = arg;
    kd_metric_add(&s->base->metrics.producer_resets, 1);
    KD_LOG(KD_WARN, "kafka-producer-reset", KD_U64("shard", s->base->index), KD_STR("cause", cause),
           KD_BOOL("plain", plain));
    kd_edge_producer_reset(s->base->edge, kd_clock_now_us(s->base->clock));
    s->blocked = true;
}

static void sender_on_ready(void *arg)
{
    kd_sender *s = arg;
    s->blocked = false;
    kd_turn_wake(&s->base->turn);
}

int kd_sender_start(kd_sender *s, kd_shard_base *base, kd_topics *topics, const kd_kafka_config *config)
{
    char error[KD_OPTIONS_ERROR_MAX] = "";
    const char *names[] = {base->settings->likes_topic};
    kd_kafka_producer_events events = {
        .delivered = on_delivered, .reset = on_reset, .ready = sender_on_ready, .arg = s};
    if (s->producer) return KD_OK;
    s->base = base;
    s->topics = topics;
    int err = kd_kafka_producer_create(&s->producer, kd_loop_base(base->loop), config, names, 1, &events,
                                       error, sizeof error);
    if (err) KD_LOG(KD_ERROR, "kafka-producer-failed", KD_U64("shard", base->index), KD_STR("cause", error));
    return err;
}

/* The producer did not take the batch: it is due again after the core's back-off. KD_OK: go on with the next batch, which may be of another
 * partition; KD_EAGAIN: no batch can be taken now. */
static int sender_refused(kd_sender *s, uint32_t partition, kd_position at, int err)
{
    kd_edge_delivered(s->base->edge, partition, at, false, kd_clock_now_us(s->base->clock));
    if (err == KD_EAGAIN) {
        s->blocked = true;
        return err;
    }
    kd_metric_add(&s->base->metrics.undelivered, 1);
    if (err ==
        KD_EUNAVAILABLE) /* there is no such partition: the topics' thread logs that once for all batches */
        kd_topics_recheck(s->topics);
    else
        KD_LOG(KD_ERROR, "batch-not-produced", KD_U64("partition", partition), KD_U64("seq", at.seq),
               KD_ERR(err));
    return KD_OK;
}

static int sender_produce(kd_sender *s, uint32_t partition, kd_position at)
{
    kd_sent *sent = sent_take(s, partition, at);
    int err = kd_kafka_produce(s->producer, 0, partition, kd_buf_view(&s->record), sent);
    if (err != KD_OK) {
        sent_give(s, sent);
        return sender_refused(s, partition, at, err);
    }
    s->outstanding++;
    KD_POINT(AFTER_PRODUCE);
    return KD_OK;
}

void kd_sender_pump(kd_sender *s)
{
    uint32_t partition;
    kd_position at;
    while (s->producer && !s->blocked && !s->unreadable) {
        int err =
            kd_edge_send_next(s->base->edge, kd_clock_now_us(s->base->clock), &s->record, &partition, &at);
        if (err == KD_ENOTFOUND) return;
        if (err !=
            KD_OK) { /* the core has failed with it: the next commit reports KD_EIO and ends the process */
            s->unreadable = true;
            KD_LOG(KD_ERROR, "outbox-unreadable", KD_U64("shard", s->base->index), KD_ERR(err));
            return;
        }
        KD_POINT(AFTER_SEAL);
        if (sender_produce(s, partition, at) != KD_OK) return;
    }
}

void kd_sender_finish(kd_sender *s)
{
    kd_kafka_producer_destroy(s->producer, 0);
    for (kd_sent *sent; (sent = SLIST_FIRST(&s->made));) {
        SLIST_REMOVE_HEAD(&s->made, made);
        free(sent);
    }
    kd_buf_finish(&s->record);
}
