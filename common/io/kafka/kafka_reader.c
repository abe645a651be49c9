/*
 * kafka_reader.c - blocking look-ups: watermarks, one record, the cluster's id.
 *
 * Owns a client to which nothing is assigned between calls. `text` holds the cause of the last failure.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/io/kafka/kafka_end.h"
#include "common/io/kafka/kafka_private.h"

struct kd_kafka_reader {
    rd_kafka_t *rk;
    char text[256];
};

int kd_kafka_reader_create(kd_kafka_reader **out, const kd_kafka_config *config, char *error, size_t size)
{
    rd_kafka_conf_t *conf;
    *out = NULL;
    int err = kd_kafka_conf_make(&conf, config, KD_KAFKA_BLOCKING, error, size);
    if (err != KD_OK) return err;
    kd_kafka_reader *r = kd_alloc(sizeof(*r));
    err = kd_kafka_client_make(&r->rk, RD_KAFKA_CONSUMER, conf, error, size);
    rd_kafka_conf_destroy(conf);
    if (err == KD_OK) {
        rd_kafka_poll_set_consumer(r->rk);
        *out = r;
    } else {
        free(r);
    }
    return err;
}

void kd_kafka_reader_destroy(kd_kafka_reader *r)
{
    if (!r) return;
    kd_kafka_client_end(r->rk);
    free(r);
}

const char *kd_kafka_reader_error(const kd_kafka_reader *r)
{
    return r->text;
}

static int reader_fail(kd_kafka_reader *r, const char *topic, uint32_t partition, rd_kafka_resp_err_t e)
{
    snprintf(r->text, sizeof(r->text), "Kafka topic %s, partition %u: %s", topic, partition,
             rd_kafka_err2str(e));
    switch (e) {
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        return KD_ENOTFOUND;
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
        return KD_ETIMEOUT;
    default:
        return KD_EUNAVAILABLE;
    }
}

/*
 * One end of the log. Kafka's ListOffsets takes a time or, in its place, -2 for the beginning or -1 for the end; librdkafka passes these through.
 * rd_kafka_query_watermark_offsets would send the same request, but it waits for ever when the broker goes away in between.
 */
static int list_offset(kd_kafka_reader *r, const char *topic, uint32_t partition, int64_t mark,
                       uint64_t deadline_ms, int64_t *offset)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *tp = rd_kafka_topic_partition_list_add(list, topic, (int32_t)partition);
    tp->offset = mark;
    rd_kafka_resp_err_t e = rd_kafka_offsets_for_times(r->rk, list, kd_kafka_left_ms(deadline_ms, INT_MAX));
    if (!e) e = tp->err;
    *offset = tp->offset;
    rd_kafka_topic_partition_list_destroy(list);
    return e ? reader_fail(r, topic, partition, e) : KD_OK;
}

static int watermarks(kd_kafka_reader *r, const char *topic, uint32_t partition, uint64_t deadline_ms,
                      int64_t *low, int64_t *high)
{
    int err = list_offset(r, topic, partition, KD_KAFKA_BEGINNING, deadline_ms, low);
    return err == KD_OK ? list_offset(r, topic, partition, KD_KAFKA_END, deadline_ms, high) : err;
}

int kd_kafka_reader_watermarks(kd_kafka_reader *r, const char *topic, uint32_t partition, uint32_t timeout_ms,
                               int64_t *low, int64_t *high)
{
    return watermarks(r, topic, partition, kd_kafka_now_ms() + timeout_ms, low, high);
}

/* Whether an error is an answer about the partition. From the others (a broker went away) librdkafka recovers by itself, so the deadline decides. */
static bool is_final(rd_kafka_resp_err_t e)
{
    switch (e) {
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
        return false;
    default:
        return true;
    }
}

static rd_kafka_message_t *first_message(kd_kafka_reader *r, uint64_t deadline_ms)
{
    int left;
    while ((left = kd_kafka_left_ms(deadline_ms, 1000)) > 0) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(r->rk, left);
        if (m && (!m->err || is_final(m->err))) return m;
        if (m) rd_kafka_message_destroy(m);
    }
    return NULL;
}

static int reader_take(kd_kafka_reader *r, const char *topic, uint32_t partition, int64_t offset,
                       const rd_kafka_message_t *m, kd_buf *value)
{
    if (!m) return reader_fail(r, topic, partition, RD_KAFKA_RESP_ERR__TIMED_OUT);
    if (m->err) return reader_fail(r, topic, partition, m->err);
    if (m->offset != offset) return reader_fail(r, topic, partition, RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE);
    kd_buf_put(value, m->payload, m->len);
    return KD_OK;
}

int kd_kafka_reader_get(kd_kafka_reader *r, const char *topic, uint32_t partition, int64_t offset,
                        uint32_t timeout_ms, kd_buf *value)
{
    uint64_t deadline = kd_kafka_now_ms() + timeout_ms;
    int64_t low, high;
    kd_buf_clear(value);
    int err = watermarks(r, topic, partition, deadline, &low, &high);
    if (err != KD_OK) return err;
    if (offset < low || offset >= high)
        return reader_fail(r, topic, partition, RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, (int32_t)partition)->offset = offset;
    rd_kafka_resp_err_t e = rd_kafka_assign(r->rk, list);
    rd_kafka_message_t *m = e ? NULL : first_message(r, deadline);
    err = e ? reader_fail(r, topic, partition, e) : reader_take(r, topic, partition, offset, m, value);
    if (m) rd_kafka_message_destroy(m);
    rd_kafka_assign(r->rk, NULL);
    rd_kafka_topic_partition_list_destroy(list);
    return err;
}

int kd_kafka_reader_cluster_id(kd_kafka_reader *r, uint32_t timeout_ms, char *out, size_t size)
{
    uint64_t deadline = kd_kafka_now_ms() + timeout_ms;
    char *id = rd_kafka_clusterid(r->rk, (int)timeout_ms);
    if (!id) {
        bool late = kd_kafka_left_ms(deadline, 1) == 0;
        snprintf(r->text, sizeof(r->text),
                 late ? "no Kafka broker has told the cluster's id" : "the cluster has no id");
        return late ? KD_ETIMEOUT : KD_ENOTFOUND;
    }
    snprintf(out, size, "%s", id);
    rd_kafka_mem_free(r->rk, id);
    return KD_OK;
}
