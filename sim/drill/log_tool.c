/*
 * log_tool.c - see the header: a thread with a consumer and a producer, and the orders between it and the drill.
 *
 * Its clients are ended as the programs end theirs, within a limit: librdkafka 2.0.2 may wait for ever for one whose topic was deleted.
 * A record that is appended once more carries a header that says so, and is not appended a third time. No reader of the log looks at that header.
 */
#include "sim/drill/log_tool.h"

#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/io/kafka/kafka_end.h"
#include "sim/drill/positions.h"
#include "sim/scenario/forged.h"

enum {
    TOPICS = 2,
    POLL_MS = 20,
    CALL_MS = 5000,
    FLUSH_MS = 3000,
    FORGE_BEHIND = 200 /* records in which the edge's last batch is looked for */
};

static const char MILESTONES[] = "kudos.milestones.v1";
static const char AGAIN[] = "kudos-drill-again";

typedef struct {
    uint32_t duplicate_percent, redeliver, expire; /* what was ordered; the last two are carried out once */
    bool redeliver_wanted, expire_wanted;
} orders;

struct sim_log_tool {
    char *brokers;
    uint32_t partitions;
    uint64_t random;
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows */
    bool started, ending, ended;
    orders orders[TOPICS];
    const sim_scenario *forging; /* NULL: nothing is to be forged */
    const sim_scenario_event *forged;
    bool reading;             /* the milestones topic is to be read, or is being read */
    sim_told_milestones told; /* what it holds; of the thread alone while `reading` */
    uint64_t appended;
    uint32_t failures;
    char why[256];
    bool tapping;
    uint64_t batches;
    char wrong[256];         /* empty: all batches were right */
    sim_positions positions; /* of the thread alone */
};

const char *sim_log_tool_topic(sim_scenario_topic topic)
{
    return topic == SCENARIO_LIKES ? "kudos.likes.v1" : "kudos.counts.v1";
}

static void log_tool_failed(sim_log_tool *t, const char *what, const char *why)
{
    pthread_mutex_lock(&t->lock);
    t->failures++;
    snprintf(t->why, sizeof t->why, "%s: %s", what, why);
    pthread_mutex_unlock(&t->lock);
}

/* ---- in the thread --------------------------------------------------------------------------------------------- */

static rd_kafka_t *open_client(sim_log_tool *t, rd_kafka_type_t type)
{
    char err[200];
    const char *const settings[][2] = {{"bootstrap.servers", t->brokers}, {"group.id", "kudos-drill"},
                                       {"enable.auto.commit", "false"},   {"fetch.wait.max.ms", "10"},
                                       {"auto.offset.reset", "latest"},   {"message.max.bytes", "1048576"}};
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, NULL); /* it would tell of brokers that the drill itself has killed */
    for (size_t i = 0; i < KD_COUNT(settings); i++)
        rd_kafka_conf_set(conf, settings[i][0], settings[i][1], err, sizeof err);
    rd_kafka_t *rk = rd_kafka_new(type, conf, err, sizeof err);
    if (rk) return rk;
    rd_kafka_conf_destroy(conf);
    log_tool_failed(t, "client", err);
    return NULL;
}

static void append_again(sim_log_tool *t, rd_kafka_t *producer, const rd_kafka_message_t *m)
{
    rd_kafka_headers_t *headers = rd_kafka_headers_new(1);
    rd_kafka_header_add(headers, AGAIN, -1, "1", 1);
    rd_kafka_resp_err_t e = rd_kafka_producev(
        producer, RD_KAFKA_V_TOPIC(rd_kafka_topic_name(m->rkt)), RD_KAFKA_V_PARTITION(m->partition),
        RD_KAFKA_V_VALUE(m->payload, m->len), RD_KAFKA_V_KEY(m->key, m->key_len), RD_KAFKA_V_HEADERS(headers),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
    if (e) {
        rd_kafka_headers_destroy(headers);
        log_tool_failed(t, "append", rd_kafka_err2str(e));
        return;
    }
    pthread_mutex_lock(&t->lock);
    t->appended++;
    pthread_mutex_unlock(&t->lock);
}

static bool is_again(const rd_kafka_message_t *m)
{
    rd_kafka_headers_t *headers;
    const void *value;
    size_t size;
    return rd_kafka_message_headers(m, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR &&
           rd_kafka_header_get_last(headers, AGAIN, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
}

static uint32_t percent_of(sim_log_tool *t, const char *topic)
{
    pthread_mutex_lock(&t->lock);
    uint32_t percent = t->orders[strcmp(topic, sim_log_tool_topic(SCENARIO_LIKES)) != 0].duplicate_percent;
    pthread_mutex_unlock(&t->lock);
    return percent;
}

static void follow(sim_log_tool *t, rd_kafka_t *consumer)
{
    rd_kafka_topic_partition_list_t *all = rd_kafka_topic_partition_list_new((int)(TOPICS * t->partitions));
    for (uint32_t p = 0; p < t->partitions; p++) {
        for (int topic = 0; topic < TOPICS; topic++)
            rd_kafka_topic_partition_list_add(all, sim_log_tool_topic((sim_scenario_topic)topic), (int32_t)p)
                ->offset = RD_KAFKA_OFFSET_END;
    }
    rd_kafka_resp_err_t e = rd_kafka_assign(consumer, all);
    if (e) log_tool_failed(t, "follow", rd_kafka_err2str(e));
    rd_kafka_topic_partition_list_destroy(all);
}

static void tap(sim_log_tool *t, const rd_kafka_message_t *m)
{
    char why[256];
    bool right = true;
    pthread_mutex_lock(&t->lock);
    bool tapping = t->tapping && strcmp(rd_kafka_topic_name(m->rkt), sim_log_tool_topic(SCENARIO_LIKES)) == 0;
    pthread_mutex_unlock(&t->lock);
    if (!tapping) return;
    right = sim_positions_saw(&t->positions, (uint32_t)m->partition, kd_bytes_of(m->payload, m->len), why,
                              sizeof why);
    pthread_mutex_lock(&t->lock);
    t->batches = t->positions.batches;
    if (!right && !t->wrong[0]) snprintf(t->wrong, sizeof t->wrong, "%s", why);
    pthread_mutex_unlock(&t->lock);
}

static void duplicate(sim_log_tool *t, rd_kafka_t *consumer, rd_kafka_t *producer)
{
    rd_kafka_message_t *m = rd_kafka_consumer_poll(consumer, POLL_MS);
    if (!m) return;
    if (!m->err) tap(t, m);
    if (!m->err && !is_again(m) &&
        kd_random_next(&t->random) % 100 < percent_of(t, rd_kafka_topic_name(m->rkt)))
        append_again(t, producer, m);
    rd_kafka_message_destroy(m);
}

/* Offsets [*from, *to) of the last `records`. */
static bool last_of(sim_log_tool *t, rd_kafka_t *rk, const char *topic, uint32_t p, uint32_t records,
                    int64_t *from, int64_t *to)
{
    int64_t low;
    rd_kafka_resp_err_t e = rd_kafka_query_watermark_offsets(rk, topic, (int32_t)p, &low, to, CALL_MS);
    if (e) log_tool_failed(t, "offsets", rd_kafka_err2str(e));
    *from = KD_MAX(low, *to - (int64_t)records);
    return !e && *from < *to;
}

typedef void (*log_tool_record)(sim_log_tool *t, void *arg, const rd_kafka_message_t *m);

/* Calls `fn` with each of the last `records` of the partition. */
static void log_tool_each(sim_log_tool *t, rd_kafka_t *reader, const char *topic, uint32_t p,
                          uint32_t records, log_tool_record fn, void *arg)
{
    int64_t from, to;
    if (!last_of(t, reader, topic, p, records, &from, &to)) return;
    rd_kafka_topic_partition_list_t *one = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(one, topic, (int32_t)p)->offset = from;
    rd_kafka_assign(reader, one);
    rd_kafka_topic_partition_list_destroy(one);
    for (int empty = 0; empty < CALL_MS / POLL_MS;) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(reader, POLL_MS);
        bool last = m && !m->err && m->offset + 1 >= to;
        if (m && !m->err && m->offset < to) fn(t, arg, m);
        if (!m || m->err) empty++;
        if (m) rd_kafka_message_destroy(m);
        if (last) break;
    }
}

static void log_tool_append(sim_log_tool *t, void *producer, const rd_kafka_message_t *m)
{
    append_again(t, producer, m);
}

static void log_tool_redeliver_records(sim_log_tool *t, rd_kafka_t *producer, const char *topic,
                                       uint32_t records)
{
    rd_kafka_t *reader = open_client(t, RD_KAFKA_CONSUMER);
    for (uint32_t p = 0; reader && p < t->partitions; p++)
        log_tool_each(t, reader, topic, p, records, log_tool_append, producer);
    if (reader) kd_kafka_client_end(reader);
}

static void log_tool_expire_records(sim_log_tool *t, rd_kafka_t *producer, const char *topic,
                                    uint32_t records)
{
    rd_kafka_topic_partition_list_t *before = rd_kafka_topic_partition_list_new((int)t->partitions);
    for (uint32_t p = 0; p < t->partitions; p++) {
        int64_t from, to;
        if (last_of(t, producer, topic, p, records, &from, &to) || records == 0)
            rd_kafka_topic_partition_list_add(before, topic, (int32_t)p)->offset = records ? from : to;
    }
    rd_kafka_DeleteRecords_t *request = rd_kafka_DeleteRecords_new(before);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(producer);
    rd_kafka_DeleteRecords(producer, &request, 1, NULL, queue);
    rd_kafka_event_t *answer = rd_kafka_queue_poll(queue, CALL_MS);
    if (!answer || rd_kafka_event_error(answer))
        log_tool_failed(t, "expire", answer ? rd_kafka_event_error_string(answer) : "no answer");
    if (answer) rd_kafka_event_destroy(answer);
    rd_kafka_queue_destroy(queue);
    rd_kafka_DeleteRecords_destroy(request);
    rd_kafka_topic_partition_list_destroy(before);
}

typedef struct {
    const sim_scenario *s;
    const sim_scenario_event *e;
    kd_buf last, record;
} log_tool_forgery;

static void log_tool_note(sim_log_tool *t, void *arg, const rd_kafka_message_t *m)
{
    log_tool_forgery *f = arg;
    (void)t;
    sim_forged_note(f->s, (uint32_t)f->e->who, kd_bytes_of(m->payload, m->len), &f->last);
}

static void log_tool_forge_in(sim_log_tool *t, rd_kafka_t *producer, uint32_t p, log_tool_forgery *f)
{
    for (uint32_t i = 0; sim_forged_record(f->s, f->e, kd_buf_view(&f->last), i, &f->record); i++) {
        rd_kafka_resp_err_t e = rd_kafka_producev(
            producer, RD_KAFKA_V_TOPIC(sim_log_tool_topic(SCENARIO_LIKES)), RD_KAFKA_V_PARTITION((int32_t)p),
            RD_KAFKA_V_VALUE(f->record.data, f->record.len), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
            RD_KAFKA_V_END);
        if (e) log_tool_failed(t, "forge", rd_kafka_err2str(e));
    }
}

static void log_tool_forge_records(sim_log_tool *t, rd_kafka_t *producer, const sim_scenario *s,
                                   const sim_scenario_event *e)
{
    const char *likes = sim_log_tool_topic(SCENARIO_LIKES);
    log_tool_forgery f = {.s = s, .e = e};
    rd_kafka_t *reader = open_client(t, RD_KAFKA_CONSUMER);
    for (uint32_t p = 0; reader && p < t->partitions; p++) {
        kd_buf_clear(&f.last);
        log_tool_each(t, reader, likes, p, FORGE_BEHIND, log_tool_note, &f);
        log_tool_forge_in(t, producer, p, &f);
    }
    if (reader) kd_kafka_client_end(reader);
    kd_buf_finish(&f.last);
    kd_buf_finish(&f.record);
}

static void log_tool_obey_forge(sim_log_tool *t, rd_kafka_t *producer)
{
    pthread_mutex_lock(&t->lock);
    const sim_scenario *s = t->forging;
    const sim_scenario_event *e = t->forged;
    t->forging = NULL;
    pthread_mutex_unlock(&t->lock);
    if (s) log_tool_forge_records(t, producer, s, e);
}

static void log_tool_see(sim_log_tool *t, void *told, const rd_kafka_message_t *m)
{
    (void)t;
    sim_told_saw(told, kd_bytes_of(m->payload, m->len));
}

static void log_tool_obey_read(sim_log_tool *t)
{
    pthread_mutex_lock(&t->lock);
    bool reading = t->reading;
    pthread_mutex_unlock(&t->lock);
    if (!reading) return;
    sim_told_finish(&t->told);
    t->told = (sim_told_milestones){0};
    rd_kafka_t *reader = open_client(t, RD_KAFKA_CONSUMER);
    for (uint32_t p = 0; reader && p < t->partitions; p++)
        log_tool_each(t, reader, MILESTONES, p, INT32_MAX, log_tool_see, &t->told);
    if (reader) kd_kafka_client_end(reader);
    pthread_mutex_lock(&t->lock);
    t->reading = false;
    pthread_mutex_unlock(&t->lock);
}

/* True: the tool ends. */
static bool log_tool_obey(sim_log_tool *t, rd_kafka_t *producer)
{
    orders now[TOPICS];
    pthread_mutex_lock(&t->lock);
    bool ending = t->ending;
    memcpy(now, t->orders, sizeof now);
    for (int i = 0; i < TOPICS; i++) t->orders[i].redeliver_wanted = t->orders[i].expire_wanted = false;
    pthread_mutex_unlock(&t->lock);
    for (int i = 0; i < TOPICS && !ending; i++) {
        const char *topic = sim_log_tool_topic((sim_scenario_topic)i);
        if (now[i].redeliver_wanted) log_tool_redeliver_records(t, producer, topic, now[i].redeliver);
        if (now[i].expire_wanted) log_tool_expire_records(t, producer, topic, now[i].expire);
    }
    if (!ending) log_tool_obey_forge(t, producer);
    if (!ending) log_tool_obey_read(t);
    return ending;
}

static void *log_tool_work(void *arg)
{
    sim_log_tool *t = arg;
    rd_kafka_t *consumer = open_client(t, RD_KAFKA_CONSUMER), *producer = open_client(t, RD_KAFKA_PRODUCER);
    if (consumer && producer) {
        rd_kafka_poll_set_consumer(consumer);
        follow(t, consumer);
        while (!log_tool_obey(t, producer)) {
            duplicate(t, consumer, producer);
            rd_kafka_poll(producer, 0);
        }
        rd_kafka_flush(producer, FLUSH_MS);
    }
    if (consumer) kd_kafka_client_end(consumer);
    if (producer) kd_kafka_client_end(producer);
    pthread_mutex_lock(&t->lock);
    t->ended = true;
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

/* ---- the drill's side ------------------------------------------------------------------------------------------ */

sim_log_tool *sim_log_tool_create(const char *brokers, uint32_t partitions, uint64_t seed)
{
    sim_log_tool *t = kd_alloc(sizeof *t);
    t->brokers = kd_dup(kd_bytes_of(brokers, strlen(brokers) + 1));
    t->partitions = partitions;
    t->random = seed;
    pthread_mutex_init(&t->lock, NULL);
    return t;
}

void sim_log_tool_end(sim_log_tool *t)
{
    pthread_mutex_lock(&t->lock);
    t->ending = true;
    pthread_mutex_unlock(&t->lock);
}

bool sim_log_tool_ended(void *tool)
{
    sim_log_tool *t = tool;
    pthread_mutex_lock(&t->lock);
    bool ended = t->ended || !t->started;
    pthread_mutex_unlock(&t->lock);
    return ended;
}

/* A thread that hangs in the library is left behind with what it refers to. */
void sim_log_tool_destroy(sim_log_tool *t)
{
    if (!t) return;
    sim_log_tool_end(t);
    if (!sim_log_tool_ended(t)) {
        pthread_detach(t->thread);
        return;
    }
    if (t->started) pthread_join(t->thread, NULL);
    pthread_mutex_destroy(&t->lock);
    sim_check_map_finish(&t->positions.seen);
    sim_told_finish(&t->told);
    free(t->brokers);
    free(t);
}

static orders *locked(sim_log_tool *t, sim_scenario_topic topic)
{
    pthread_mutex_lock(&t->lock);
    if (!t->started) t->started = pthread_create(&t->thread, NULL, log_tool_work, t) == 0;
    return &t->orders[topic];
}

void sim_log_tool_duplicate(sim_log_tool *t, sim_scenario_topic topic, uint32_t percent)
{
    locked(t, topic)->duplicate_percent = percent;
    pthread_mutex_unlock(&t->lock);
}

void sim_log_tool_redeliver(sim_log_tool *t, sim_scenario_topic topic, uint32_t records)
{
    orders *o = locked(t, topic);
    o->redeliver = records;
    o->redeliver_wanted = true;
    pthread_mutex_unlock(&t->lock);
}

void sim_log_tool_expire(sim_log_tool *t, sim_scenario_topic topic, uint32_t records)
{
    orders *o = locked(t, topic);
    o->expire = records;
    o->expire_wanted = true;
    pthread_mutex_unlock(&t->lock);
}

void sim_log_tool_forge(sim_log_tool *t, const sim_scenario *s, const sim_scenario_event *e)
{
    locked(t, SCENARIO_LIKES);
    t->forging = s;
    t->forged = e;
    pthread_mutex_unlock(&t->lock);
}

void sim_log_tool_tap(sim_log_tool *t, const char *careless)
{
    t->positions.careless = careless; /* before `tapping`, which lets the thread look at it */
    locked(t, SCENARIO_LIKES);
    t->tapping = true;
    pthread_mutex_unlock(&t->lock);
}

bool sim_log_tool_tapped(sim_log_tool *t, uint64_t *batches, char *why, size_t size)
{
    pthread_mutex_lock(&t->lock);
    bool right = !t->wrong[0];
    *batches = t->batches;
    snprintf(why, size, "%s", t->wrong);
    pthread_mutex_unlock(&t->lock);
    return right;
}

void sim_log_tool_read_milestones(sim_log_tool *t)
{
    locked(t, SCENARIO_LIKES);
    t->reading = true;
    pthread_mutex_unlock(&t->lock);
}

const sim_told_milestones *sim_log_tool_milestones(sim_log_tool *t)
{
    pthread_mutex_lock(&t->lock);
    bool reading = t->reading;
    pthread_mutex_unlock(&t->lock);
    return reading ? NULL : &t->told;
}

uint64_t sim_log_tool_appended(sim_log_tool *t)
{
    pthread_mutex_lock(&t->lock);
    uint64_t n = t->appended;
    pthread_mutex_unlock(&t->lock);
    return n;
}

uint32_t sim_log_tool_failures(sim_log_tool *t, char *why, size_t size)
{
    pthread_mutex_lock(&t->lock);
    uint32_t n = t->failures;
    snprintf(why, size, "%s", t->why);
    pthread_mutex_unlock(&t->lock);
    return n;
}
