/*
 * kafka_consumer.c - delivers records of assigned partitions into a loop.
 *
 * Assigned by hand from offsets that the owner stores: no group membership, no rebalance. Owns the client
 * and, per topic, a table of partitions. Invariants: nothing of a partition is delivered that is not
 * assigned, or that stands after an error (librdkafka would step over a damaged record and go on); group
 * commits are gathered, one request at a time.
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/io/kafka/kafka_private.h"
#include "kudos/limits.h"

enum { COMMIT_INTERVAL_S = 1 };

typedef struct {
    bool assigned;
    bool stands;
    bool commit_due;
    int64_t commit_offset;
    int64_t damaged_at;     /* where a record was damaged last */
    uint32_t damaged_again; /* so many times in a row, since it was sought otherwise */
} partition_state;

typedef struct {
    rd_kafka_topic_t *handle;
    char *name;
    partition_state *parts; /* by partition number */
    uint32_t count;
} topic_state;

struct kd_kafka_consumer {
    rd_kafka_t *rk;
    topic_state *topics;
    size_t topic_count;
    kd_kafka_pump pump;
    struct event *commit_timer;
    bool committing;
    kd_kafka_consumer_events on;
    kd_kafka_log log;
    void *log_arg;
    kd_kafka_consumer_stats stats;
};

static partition_state *state_of(kd_kafka_consumer *c, uint32_t topic, uint32_t partition)
{
    if (topic >= c->topic_count || partition >= c->topics[topic].count) return NULL;
    partition_state *s = &c->topics[topic].parts[partition];
    return s->assigned ? s : NULL;
}

/* --- events --- */

static void kafka_consumer_take_record(kd_kafka_consumer *c, const rd_kafka_message_t *m)
{
    /* The index rides as the topic's opaque, one higher so that it is not NULL. */
    uint32_t topic = (uint32_t)(uintptr_t)rd_kafka_topic_opaque(m->rkt) - 1;
    partition_state *s = state_of(c, topic, (uint32_t)m->partition);
    if (!s || s->stands) return;
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
    c->on.record(c->on.arg, &r);
}

/* Is this the state of a partition, rather than a passing trouble that the library mends? */
static bool classify(rd_kafka_resp_err_t e, kd_kafka_condition *condition)
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
    case RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED:
        *condition = KD_KAFKA_FAILED;
        return true;
    default:
        return false;
    }
}

static void tell_condition(kd_kafka_consumer *c, uint32_t topic, uint32_t partition,
                           kd_kafka_condition condition, int64_t offset, const char *text)
{
    partition_state *s = state_of(c, topic, partition);
    if (!s || s->stands) return;
    if (condition != KD_KAFKA_EOF) {
        s->stands = true;
        c->stats.stopped++;
    }
    c->on.condition(c->on.arg, topic, partition, condition, offset, text);
}

static uint32_t topic_index(const kd_kafka_consumer *c, const char *name)
{
    uint32_t i = 0;
    while (i < c->topic_count && strcmp(c->topics[i].name, name) != 0) i++;
    return i;
}

/* Of one partition, or (a topic that does not exist) of all that are assigned of it. */
static void take_partition_error(kd_kafka_consumer *c, const rd_kafka_topic_partition_t *tp,
                                 kd_kafka_condition condition, const char *text)
{
    uint32_t topic = topic_index(c, tp->topic);
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
    if (e != RD_KAFKA_RESP_ERR__PARTITION_EOF) c->stats.errors[kd_kafka_reason(e, text)]++;
    if (e == RD_KAFKA_RESP_ERR__FATAL)
        take_fatal(c, text);
    else if (tp && classify(e, &condition))
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
            partition_state *s = &c->topics[t].parts[i];
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
    partition_state *s = state_of(c, topic, partition);
    if (!s) return;
    s->commit_offset = next_offset;
    s->commit_due = true;
}

/* --- assignment --- */

static partition_state *state_make(kd_kafka_consumer *c, const kd_kafka_start *start)
{
    topic_state *t = &c->topics[start->topic];
    if (start->partition >= t->count) {
        uint32_t count = start->partition + 1;
        t->parts = kd_realloc(t->parts, count * sizeof(*t->parts));
        memset(t->parts + t->count, 0, (count - t->count) * sizeof(*t->parts));
        t->count = count;
    }
    return &t->parts[start->partition];
}

static void unassign_all(kd_kafka_consumer *c)
{
    for (size_t t = 0; t < c->topic_count; t++) {
        free(c->topics[t].parts);
        c->topics[t].parts = NULL;
        c->topics[t].count = 0;
    }
}

static bool start_valid(const kd_kafka_consumer *c, const kd_kafka_start *s)
{
    return s->topic < c->topic_count && s->partition < KD_PARTITIONS_MAX && s->offset >= KD_KAFKA_BEGINNING;
}

static int64_t native_offset(int64_t offset)
{
    if (offset == KD_KAFKA_BEGINNING) return RD_KAFKA_OFFSET_BEGINNING;
    return offset == KD_KAFKA_END ? RD_KAFKA_OFFSET_END : offset;
}

static void kafka_consumer_list_add(const kd_kafka_consumer *c, rd_kafka_topic_partition_list_t *list,
                                    const kd_kafka_start *s)
{
    const char *name = c->topics[s->topic].name;
    rd_kafka_topic_partition_list_add(list, name, (int32_t)s->partition)->offset = native_offset(s->offset);
}

int kd_kafka_consumer_assign(kd_kafka_consumer *c, const kd_kafka_start *starts, size_t n)
{
    int err = KD_OK;
    unassign_all(c);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)n);
    for (size_t i = 0; i < n && err == KD_OK; i++) {
        partition_state *s = start_valid(c, &starts[i]) ? state_make(c, &starts[i]) : NULL;
        if (!s || s->assigned) {
            err = KD_EINVAL;
            break;
        }
        *s = (partition_state){.assigned = true};
        kafka_consumer_list_add(c, list, &starts[i]);
    }
    if (err == KD_OK && rd_kafka_assign(c->rk, list) != RD_KAFKA_RESP_ERR_NO_ERROR) err = KD_EIO;
    if (err != KD_OK) {
        unassign_all(c);
        rd_kafka_assign(c->rk, NULL);
    }
    rd_kafka_topic_partition_list_destroy(list);
    return err;
}

static int reassign_one(kd_kafka_consumer *c, rd_kafka_topic_partition_list_t *list)
{
    rd_kafka_error_t *e = rd_kafka_incremental_unassign(c->rk, list);
    if (!e) e = rd_kafka_incremental_assign(c->rk, list);
    if (!e) return KD_OK;
    if (c->log) c->log(c->log_arg, 3, rd_kafka_error_string(e));
    rd_kafka_error_destroy(e);
    return KD_EIO;
}

/* By way of a new assignment: rd_kafka_seek refuses a partition whose fetcher an error has stopped. */
static int go_on_at(kd_kafka_consumer *c, partition_state *s, const kd_kafka_start *start)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    kafka_consumer_list_add(c, list, start);
    int err = reassign_one(c, list);
    s->stands = err != KD_OK;
    rd_kafka_topic_partition_list_destroy(list);
    return err;
}

int kd_kafka_consumer_seek(kd_kafka_consumer *c, const kd_kafka_start *start)
{
    partition_state *s = state_of(c, start->topic, start->partition);
    if (!s || !start_valid(c, start)) return KD_EINVAL;
    s->damaged_again = 0;
    return go_on_at(c, s, start);
}

/* Brokers give whole batches, and the first record's offset is all that is known of a damaged one: so the steps double. What the last fetch
 * said of the log's end bounds them; beyond it nothing would come. */
static int64_t kafka_consumer_behind(const kd_kafka_consumer *c, const kd_kafka_start *at, uint32_t again)
{
    int64_t low, high, next = at->offset + (1ll << KD_MIN(again - 1, 40u));
    const char *name = c->topics[at->topic].name;
    bool known = rd_kafka_get_watermark_offsets(c->rk, name, (int32_t)at->partition, &low, &high) == 0;
    if (!known || high <= at->offset) return KD_KAFKA_END;
    return KD_MIN(next, high);
}

int kd_kafka_consumer_step_over(kd_kafka_consumer *c, const kd_kafka_start *damaged)
{
    partition_state *s = state_of(c, damaged->topic, damaged->partition);
    if (!s || damaged->offset < 0) return KD_EINVAL;
    if (s->damaged_at != damaged->offset) s->damaged_again = 0;
    s->damaged_at = damaged->offset;
    kd_kafka_start next = *damaged;
    if (s->damaged_again > 0) next.offset = kafka_consumer_behind(c, damaged, s->damaged_again);
    s->damaged_again++;
    return go_on_at(c, s, &next);
}

/* A paused loop leaves the records in the library's queue, which is bounded: nothing is fetched twice. */
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

static void make_topics(kd_kafka_consumer *c, const char *const *topics, size_t n)
{
    c->topics = kd_alloc(n * sizeof(*c->topics));
    c->topic_count = n;
    for (size_t i = 0; i < n; i++) c->topics[i].name = kd_dup(kd_bytes_of(topics[i], strlen(topics[i]) + 1));
}

static void make_handles(kd_kafka_consumer *c)
{
    for (size_t i = 0; i < c->topic_count; i++) {
        rd_kafka_topic_conf_t *conf = rd_kafka_default_topic_conf_dup(c->rk);
        rd_kafka_topic_conf_set_opaque(conf, (void *)(uintptr_t)(i + 1));
        c->topics[i].handle = rd_kafka_topic_new(c->rk, c->topics[i].name, conf);
    }
}

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
    make_handles(c);
    rd_kafka_poll_set_consumer(c->rk); /* errors and logs come through the consumer's queue too */
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
    c->log = config->log;
    c->log_arg = config->log_arg;
    make_topics(c, topics, topic_count);
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
    unassign_all(c);
    for (size_t i = 0; i < c->topic_count; i++) {
        if (c->topics[i].handle) rd_kafka_topic_destroy(c->topics[i].handle);
        free(c->topics[i].name);
    }
    if (c->rk) kd_kafka_client_end(c->rk);
    free(c->topics);
    free(c);
}

kd_kafka_consumer_stats kd_kafka_consumer_stats_get(const kd_kafka_consumer *c)
{
    return c->stats;
}
