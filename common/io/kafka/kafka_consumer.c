/*
 * kafka_consumer.c - delivers records of assigned partitions into a loop.
 *
 * Owns librdkafka's client and the assignment. Invariants: nothing is delivered of a partition that is not assigned, nor of one that has stopped
 * after an error: librdkafka itself would step over a damaged record and go on, and the record would be missing without a word. Offsets for lag tools
 * are gathered and committed once a second, one request at a time.
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/io/kafka/kafka_assignment.h"
#include "common/io/kafka/kafka_end.h"
#include "common/io/kafka/kafka_private.h"
#include "common/io/loop/log.h"

enum { COMMIT_INTERVAL_S = 1 };

/* --- events --- */

/* The value of the header that has the MAC; data NULL where the record has none. An empty header is not the same as none. */
static kd_bytes kafka_consumer_mac(const rd_kafka_message_t *m)
{
    static const uint8_t nothing[1];
    rd_kafka_headers_t *headers;
    const void *value;
    size_t len;
    if (rd_kafka_message_headers(m, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR ||
        rd_kafka_header_get_last(headers, KD_MAC_HEADER, &value, &len) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return (kd_bytes){0};
    return kd_bytes_of(value ? value : nothing, value ? len : 0);
}

static void kafka_consumer_refuse(kd_kafka_consumer *c, const kd_kafka_record *r, kd_mac_verdict verdict)
{
    KD_LOG(KD_ERROR, "record-refused", KD_STR("topic", c->topics[r->topic].name),
           KD_U64("partition", r->partition), KD_I64("offset", r->offset),
           KD_STR("reason", kd_mac_name(verdict)));
    if (c->on.refused) c->on.refused(c->on.arg, verdict);
}

/* Gives the record to its owner, or tells that the keys do not believe it. */
static void kafka_consumer_give(kd_kafka_consumer *c, const rd_kafka_message_t *m, kd_kafka_record *r)
{
    kd_mac_verdict verdict = KD_MAC_GOOD;
    if (c->keys) {
        kd_bytes mac = kafka_consumer_mac(m);
        verdict = kd_record_keys_verify(c->keys, kd_bytes_str(c->topics[r->topic].name), r->partition,
                                        r->value, mac);
        r->genuine = mac.data && verdict == KD_MAC_GOOD;
    }
    if (verdict == KD_MAC_GOOD)
        c->on.record(c->on.arg, r);
    else
        kafka_consumer_refuse(c, r, verdict);
}

static void kafka_consumer_take_record(kd_kafka_consumer *c, const rd_kafka_message_t *m)
{
    uint32_t topic = kd_kafka_topic_of(m);
    kd_kafka_partition *s = kd_kafka_partition_of(c, topic, (uint32_t)m->partition);
    if (!s || s->stopped) return;
    rd_kafka_timestamp_type_t type;
    kd_kafka_record r = {
        .topic = topic,
        .partition = (uint32_t)m->partition,
        .offset = m->offset,
        .timestamp_ms = rd_kafka_message_timestamp(m, &type),
        .value = kd_bytes_of(m->payload, m->len),
    };
    c->stats.records++;
    c->stats.bytes += m->len;
    kafka_consumer_give(c, m, &r);
}

/* Whether an error is a lasting condition of its partition; of other errors librdkafka recovers by itself. */
static bool is_condition(rd_kafka_resp_err_t e, kd_kafka_condition *condition)
{
    switch (e) {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        *condition = KD_KAFKA_EOF;
        return true;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
        *condition = KD_KAFKA_OUT_OF_RANGE;
        return true;
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
        *condition = KD_KAFKA_GONE;
        return true;
    case RD_KAFKA_RESP_ERR__BAD_MSG:
    case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
        *condition = KD_KAFKA_DAMAGED;
        return true;
    case RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED: /* a format or a compression that this librdkafka cannot read */
        *condition = KD_KAFKA_FAILED;
        return true;
    default:
        return false;
    }
}

static void tell_condition(kd_kafka_consumer *c, uint32_t topic, uint32_t partition,
                           kd_kafka_condition condition, int64_t offset, const char *text)
{
    kd_kafka_partition *s = kd_kafka_partition_of(c, topic, partition);
    if (!s || s->stopped) return;
    if (condition != KD_KAFKA_EOF) {
        s->stopped = true;
        c->stats.stopped++;
    }
    c->on.condition(c->on.arg, topic, partition, condition, offset, text);
}

/* The error of one partition, or (a topic that does not exist) of all partitions that are assigned of its topic. */
static void take_partition_error(kd_kafka_consumer *c, const rd_kafka_topic_partition_t *tp,
                                 kd_kafka_condition condition, const char *text)
{
    uint32_t topic = kd_kafka_topic_by_name(c, tp->topic);
    if (tp->partition != RD_KAFKA_PARTITION_UA) {
        tell_condition(c, topic, (uint32_t)tp->partition, condition, tp->offset, text);
        return;
    }
    for (uint32_t i = 0; topic < c->topic_count && i < c->topics[topic].count; i++)
        tell_condition(c, topic, i, condition, tp->offset, text);
}

static void take_fatal(kd_kafka_consumer *c, const char *text)
{
    for (uint32_t t = 0; t < c->topic_count; t++)
        for (uint32_t i = 0; i < c->topics[t].count; i++) tell_condition(c, t, i, KD_KAFKA_FAILED, -1, text);
}

static void kafka_consumer_take_error(kd_kafka_consumer *c, rd_kafka_event_t *event)
{
    rd_kafka_resp_err_t e = rd_kafka_event_error(event);
    const char *text = rd_kafka_event_error_string(event);
    rd_kafka_topic_partition_t *tp = rd_kafka_event_topic_partition(event);
    kd_kafka_condition condition;
    /* The end of a partition comes as an error event, too. */
    if (e != RD_KAFKA_RESP_ERR__PARTITION_EOF) c->stats.errors[kd_kafka_reason(e, text)]++;
    if (e == RD_KAFKA_RESP_ERR__FATAL)
        take_fatal(c, text);
    else if (tp && is_condition(e, &condition))
        take_partition_error(c, tp, condition, text);
    else if (c->log)
        c->log(c->log_arg, 4, text);
    if (tp) rd_kafka_topic_partition_destroy(tp);
}

static void kafka_consumer_on_event(void *arg, rd_kafka_event_t *event)
{
    kd_kafka_consumer *c = arg;
    const rd_kafka_message_t *m;
    switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_FETCH:
        while ((m = rd_kafka_event_message_next(event))) kafka_consumer_take_record(c, m);
        break;
    case RD_KAFKA_EVENT_ERROR:
        kafka_consumer_take_error(c, event);
        break;
    case RD_KAFKA_EVENT_OFFSET_COMMIT:
        c->committing = false;
        if (rd_kafka_event_error(event))
            c->stats
                .errors[kd_kafka_reason(rd_kafka_event_error(event), rd_kafka_event_error_string(event))]++;
        break;
    case RD_KAFKA_EVENT_LOG:
        kd_kafka_log_event(c->log, c->log_arg, event);
        break;
    default:
        break;
    }
}

static void kafka_consumer_on_round(void *arg)
{
    kd_kafka_consumer *c = arg;
    if (c->on.round && !c->pump.paused) c->on.round(c->on.arg);
}

/* --- commits for lag tools --- */

static void on_commit_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    kd_kafka_consumer *c = arg;
    if (c->committing) return;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(8);
    for (size_t t = 0; t < c->topic_count; t++) {
        for (uint32_t i = 0; i < c->topics[t].count; i++) {
            kd_kafka_partition *s = &c->topics[t].parts[i];
            if (!s->commit_due) continue;
            s->commit_due = false;
            rd_kafka_topic_partition_list_add(list, c->topics[t].name, (int32_t)i)->offset = s->commit_offset;
        }
    }
    if (list->cnt > 0) {
        rd_kafka_resp_err_t e = rd_kafka_commit(c->rk, list, 1);
        c->committing = e == RD_KAFKA_RESP_ERR_NO_ERROR;
        if (!c->committing) c->stats.errors[kd_kafka_reason(e, rd_kafka_err2str(e))]++;
    }
    rd_kafka_topic_partition_list_destroy(list);
}

void kd_kafka_consumer_commit(kd_kafka_consumer *c, uint32_t topic, uint32_t partition, int64_t next_offset)
{
    kd_kafka_partition *s = kd_kafka_partition_of(c, topic, partition);
    if (!s) return;
    s->commit_offset = next_offset;
    s->commit_due = true;
}

/* Not rd_kafka_pause_partitions, which drops what is fetched already and fetches it again. Here they stay in librdkafka's queue, which is bounded. */
void kd_kafka_consumer_pause(kd_kafka_consumer *c)
{
    c->pump.paused = true;
}

void kd_kafka_consumer_resume(kd_kafka_consumer *c)
{
    if (!c->pump.paused) return;
    c->pump.paused = false;
    kd_kafka_pump_kick(&c->pump);
}

/* --- life --- */

static int kafka_consumer_start(kd_kafka_consumer *c, struct event_base *base, const kd_kafka_config *config,
                                char *error, size_t size)
{
    static const struct timeval every = {.tv_sec = COMMIT_INTERVAL_S};
    rd_kafka_conf_t *conf;
    int err = kd_kafka_conf_make(&conf, config, KD_KAFKA_CONSUMER, error, size);
    if (err != KD_OK) return err;
    err = kd_kafka_client_make(&c->rk, RD_KAFKA_CONSUMER, conf, error, size);
    rd_kafka_conf_destroy(conf);
    if (err != KD_OK) return err;
    c->commit_timer = event_new(base, -1, EV_PERSIST, on_commit_timer, c);
    if (!c->commit_timer || event_add(c->commit_timer, &every) != 0 ||
        kd_kafka_pump_init(&c->pump, base, kafka_consumer_on_event, kafka_consumer_on_round, c) != KD_OK) {
        snprintf(error, size, "Kafka consumer: no descriptor or event for its queue");
        return KD_EIO;
    }
    kd_kafka_assignment_open(c);
    /* Errors and logs come through the client's main queue by default, which nobody polls: from here on through the consumer's queue. */
    rd_kafka_poll_set_consumer(c->rk);
    kd_kafka_pump_attach(&c->pump, c->rk, rd_kafka_queue_get_consumer(c->rk));
    return KD_OK;
}

int kd_kafka_consumer_create(kd_kafka_consumer **out, struct event_base *base, const kd_kafka_config *config,
                             const char *const *topics, size_t topic_count,
                             const kd_kafka_consumer_events *events, char *error, size_t size)
{
    kd_kafka_consumer *c = kd_alloc(sizeof(*c));
    c->pump.fd = -1;
    c->on = *events;
    c->keys = config->keys;
    c->log = config->log;
    c->log_arg = config->log_arg;
    kd_kafka_assignment_init(c, topics, topic_count);
    int err = kafka_consumer_start(c, base, config, error, size);
    if (err != KD_OK) {
        kd_kafka_consumer_destroy(c);
        c = NULL;
    }
    *out = c;
    return err;
}

void kd_kafka_consumer_destroy(kd_kafka_consumer *c)
{
    if (!c) return;
    kd_kafka_pump_finish(&c->pump);
    if (c->commit_timer) event_free(c->commit_timer);
    kd_kafka_assignment_finish(c);
    if (c->rk) kd_kafka_client_end(c->rk);
    free(c);
}

kd_kafka_consumer_stats kd_kafka_consumer_stats_get(const kd_kafka_consumer *c)
{
    return c->stats;
}
