/*
 * kafka_admin.c - topics: creates those that are missing, checks the others. Blocking.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/io/kafka/kafka_end.h"
#include "common/io/kafka/kafka_private.h"

enum {
    ATTEMPT_MS = 5000,
    PAUSE_MS = 50,
};

typedef struct {
    rd_kafka_t *rk;
    rd_kafka_queue_t *queue;
    kd_kafka_topic *topics;
    size_t n;
    uint64_t deadline_ms;
    const char *compression; /* of our own producers */
    /* A topic was created here: wait until all partitions have leaders. If all topics are old, one may lack a leader for long; only its records wait
     * then. */
    bool made;
    char *error;
    size_t size;
} admin;

static void pause_briefly(const admin *a)
{
    const struct timespec ts = {.tv_nsec = kd_kafka_left_ms(a->deadline_ms, PAUSE_MS) * 1000000L};
    nanosleep(&ts, NULL);
}

static const rd_kafka_metadata_topic_t *kafka_admin_find(const rd_kafka_metadata_t *m, const char *name)
{
    for (int i = 0; i < m->topic_cnt; i++)
        if (strcmp(m->topics[i].topic, name) == 0) return &m->topics[i];
    return NULL;
}

static bool has_leaders(const rd_kafka_metadata_topic_t *t)
{
    for (int i = 0; i < t->partition_cnt; i++)
        if (t->partitions[i].leader < 0) return false;
    return true;
}

static uint16_t fewest_copies(const rd_kafka_metadata_topic_t *t)
{
    int fewest = t->partitions[0].replica_cnt;
    for (int i = 1; i < t->partition_cnt; i++) fewest = KD_MIN(fewest, t->partitions[i].replica_cnt);
    return (uint16_t)fewest;
}

/* KD_ENOTFOUND: missing. KD_EAGAIN: created, but not ready yet. KD_EMISMATCH: another number of partitions. */
static int check_topic(const admin *a, kd_kafka_topic *t, const rd_kafka_metadata_topic_t *found)
{
    t->partitions_found = 0;
    if (!found || found->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
        snprintf(a->error, a->size, "Kafka topic %s is missing", t->name);
        return KD_ENOTFOUND;
    }
    if (found->err || found->partition_cnt == 0 || (a->made && !has_leaders(found))) {
        snprintf(a->error, a->size, "Kafka topic %s has no leader: %s", t->name,
                 rd_kafka_err2str(found->err));
        return KD_EAGAIN;
    }
    t->partitions_found = (uint32_t)found->partition_cnt;
    t->copies_found = fewest_copies(found);
    if (t->partitions == 0 || t->partitions == t->partitions_found) return KD_OK;
    if (t->more && t->partitions < t->partitions_found) return KD_OK;
    snprintf(a->error, a->size, "Kafka topic %s has %u partitions, not %u", t->name, t->partitions_found,
             t->partitions);
    return KD_EMISMATCH;
}

/* The worst result of all topics: a mismatch, else a missing topic, else one that is not ready. KD_EUNAVAILABLE: no broker answers. */
static int kafka_admin_check_topics(const admin *a)
{
    const rd_kafka_metadata_t *m;
    /* Asks for all topics (the 1). A question for one by name makes a broker with auto.create.topics.enable create it, with its own number of
     * partitions. */
    rd_kafka_resp_err_t e =
        rd_kafka_metadata(a->rk, 1, NULL, &m, kd_kafka_left_ms(a->deadline_ms, ATTEMPT_MS));
    if (e) {
        snprintf(a->error, a->size, "no Kafka broker answers: %s", rd_kafka_err2str(e));
        return KD_EUNAVAILABLE;
    }
    int worst = KD_OK;
    for (size_t i = 0; i < a->n && worst != KD_EMISMATCH; i++) {
        int err = check_topic(a, &a->topics[i], kafka_admin_find(m, a->topics[i].name));
        if (err == KD_EMISMATCH || worst == KD_OK || (worst == KD_EAGAIN && err != KD_OK)) worst = err;
    }
    rd_kafka_metadata_destroy(m);
    return worst;
}

int kd_kafka_topics_check(rd_kafka_t *rk, kd_kafka_topic *topics, size_t n, uint32_t timeout_ms, char *error,
                          size_t size)
{
    const admin a = {.rk = rk,
                     .topics = topics,
                     .n = n,
                     .deadline_ms = kd_kafka_now_ms() + timeout_ms,
                     .error = error,
                     .size = size};
    return kafka_admin_check_topics(&a);
}

/* How the broker keeps records, whatever their writer chose. librdkafka inflates gzip and snappy without a bound: 0.8 MB of gzip became 800 MB. */
static const char *admin_stored_as(const char *compression)
{
    bool bounded = compression && (strcmp(compression, "lz4") == 0 || strcmp(compression, "none") == 0);
    if (!bounded) return "zstd";
    return strcmp(compression, "lz4") == 0 ? "lz4" : "uncompressed";
}

/* NULL with a->error when librdkafka refuses a value. */
static rd_kafka_NewTopic_t *new_topic(const admin *a, const kd_kafka_topic *t)
{
    char text[24];
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(
        t->name, (int)t->partitions, t->replication ? t->replication : 1, a->error, a->size);
    if (!topic) return NULL;
    if (t->retention_ms != 0) {
        snprintf(text, sizeof(text), "%lld", (long long)t->retention_ms);
        rd_kafka_NewTopic_set_config(topic, "retention.ms", text);
    }
    snprintf(text, sizeof(text), "%d", (int)KD_KAFKA_RECORD_MAX + (int)KD_KAFKA_FRAMING);
    rd_kafka_NewTopic_set_config(topic, "max.message.bytes", text);
    rd_kafka_NewTopic_set_config(topic, "compression.type", admin_stored_as(a->compression));
    /* By the writer's clock, one record from the year 2200 would keep all behind it for ever, and a few hundred a segment each. */
    rd_kafka_NewTopic_set_config(topic, "message.timestamp.type", "LogAppendTime");
    return topic;
}

/* Whether another attempt is worth while: the controller may be moving to another broker, or brokers may still be starting. */
static bool is_temporary(rd_kafka_resp_err_t e)
{
    switch (e) {
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_NOT_CONTROLLER:
    case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
        return true;
    default:
        return false;
    }
}

static int create_failed(const admin *a, const char *name, rd_kafka_resp_err_t e, const char *text)
{
    snprintf(a->error, a->size, "Kafka topic %s cannot be created: %s", name,
             text ? text : rd_kafka_err2str(e));
    return is_temporary(e) ? KD_EAGAIN : KD_EUNAVAILABLE;
}

static int create_result(const admin *a, const char *name, rd_kafka_event_t *event)
{
    if (!event) return create_failed(a, name, RD_KAFKA_RESP_ERR__TIMED_OUT, NULL);
    if (rd_kafka_event_error(event))
        return create_failed(a, name, rd_kafka_event_error(event), rd_kafka_event_error_string(event));
    size_t n;
    const rd_kafka_topic_result_t **list =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &n);
    for (size_t i = 0; i < n; i++) {
        rd_kafka_resp_err_t e = rd_kafka_topic_result_error(list[i]);
        /* Another program of ours may have created it meanwhile; the check that follows says whether its partitions fit. */
        if (e && e != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
            return create_failed(a, name, e, rd_kafka_topic_result_error_string(list[i]));
    }
    return KD_OK;
}

static int create_topic(const admin *a, const kd_kafka_topic *t)
{
    int timeout = kd_kafka_left_ms(a->deadline_ms, ATTEMPT_MS);
    if (timeout == 0) return KD_EAGAIN;
    rd_kafka_NewTopic_t *topic = new_topic(a, t);
    if (!topic) return KD_EINVAL;
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(a->rk, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_AdminOptions_set_request_timeout(options, timeout, NULL, 0);
    rd_kafka_CreateTopics(a->rk, &topic, 1, options, a->queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(a->queue, timeout + PAUSE_MS);
    int err = create_result(a, t->name, event);
    if (event) rd_kafka_event_destroy(event);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_NewTopic_destroy(topic);
    return err;
}

static int create_missing(admin *a)
{
    for (size_t i = 0; i < a->n; i++) {
        const kd_kafka_topic *t = &a->topics[i];
        if (t->partitions_found != 0) continue;
        if (t->partitions == 0) {
            snprintf(a->error, a->size, "Kafka topic %s is missing", t->name);
            return KD_ENOTFOUND;
        }
        int err = create_topic(a, t);
        if (err != KD_OK) return err;
        a->made = true;
    }
    return KD_EAGAIN; /* CreateTopics has returned, but the brokers learn of a new topic one after the other: until metadata shows it */
}

static int kafka_admin_ensure(admin *a)
{
    int err;
    for (;;) {
        err = kafka_admin_check_topics(a);
        if (err == KD_ENOTFOUND) {
            err = create_missing(a);
            if (err != KD_EAGAIN) return err;
        }
        if (err != KD_EAGAIN && err != KD_EUNAVAILABLE) return err;
        /* Stop while the time left suffices for one more answer: a question cut short would replace the true cause by "no broker answers". */
        if (kd_kafka_left_ms(a->deadline_ms, 2 * PAUSE_MS) < 2 * PAUSE_MS)
            return err == KD_EAGAIN ? KD_ETIMEOUT : err;
        pause_briefly(a);
    }
}

int kd_kafka_ensure_topics(const kd_kafka_config *config, kd_kafka_topic *topics, size_t n,
                           uint32_t timeout_ms, char *error, size_t size)
{
    rd_kafka_conf_t *conf;
    rd_kafka_t *rk;
    int err = kd_kafka_conf_make(&conf, config, KD_KAFKA_BLOCKING, error, size);
    if (err != KD_OK) return err;
    err = kd_kafka_client_make(&rk, RD_KAFKA_CONSUMER, conf, error, size);
    rd_kafka_conf_destroy(conf);
    if (err != KD_OK) return err;
    admin a = {.rk = rk,
               .queue = rd_kafka_queue_new(rk),
               .topics = topics,
               .n = n,
               .compression = config->compression,
               .error = error,
               .size = size};
    a.deadline_ms = kd_kafka_now_ms() + timeout_ms;
    err = kafka_admin_ensure(&a);
    rd_kafka_queue_destroy(a.queue);
    kd_kafka_client_end(rk);
    return err;
}
