/*
 * The Kafka shell against librdkafka's mock cluster in this process: no Java, no ports to choose, faults on
 * demand. What needs a real broker is in tests/integration/test_kafka.py.
 */
#include <criterion/criterion.h>
#include <event2/event.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/io/kafka/kafka.h"
#include "common/io/kafka/kafka_private.h"

enum { PARTITIONS = 4, DEADLINE_MS = 60000, SEEN_MAX = 20000, API_PRODUCE = 0 };

static const char *const topics[] = {"likes", "counts"};

typedef struct {
    rd_kafka_t *host;
    rd_kafka_mock_cluster_t *cluster;
    struct event_base *base;
    struct event *tick; /* lets the loop come back when nothing happens */
    kd_kafka_config config;
    /* producer */
    uint64_t ok, failed, resets, ready;
    uintptr_t last_fate;
    /* consumer */
    kd_kafka_consumer *consumer;
    int64_t offsets[SEEN_MAX];
    size_t seen;
    char value[64];
    uint64_t eof, out_of_range, gone;
    int64_t eof_offset;
} rig;

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
}

static void rig_open(rig *r)
{
    static const struct timeval every = {.tv_usec = 20000};
    char err[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, NULL); /* it warns that it has no broker: it is one */
    *r = (rig){0};
    r->host = rd_kafka_new(RD_KAFKA_PRODUCER, conf, err, sizeof(err));
    cr_assert_not_null(r->host, "%s", err);
    r->cluster = rd_kafka_mock_cluster_new(r->host, 1);
    for (size_t i = 0; i < KD_COUNT(topics); i++)
        rd_kafka_mock_topic_create(r->cluster, topics[i], PARTITIONS, 1);
    r->base = event_base_new();
    r->tick = event_new(r->base, -1, EV_PERSIST, on_tick, NULL);
    event_add(r->tick, &every);
    r->config =
        (kd_kafka_config){.brokers = rd_kafka_mock_cluster_bootstraps(r->cluster), .client_id = "test"};
}

static void rig_close(rig *r)
{
    event_free(r->tick);
    event_base_free(r->base);
    rd_kafka_mock_cluster_destroy(r->cluster);
    rd_kafka_destroy(r->host);
}

/* Runs the loop until the condition holds; fails the test when it does not in time. */
#define UNTIL(r, condition)                                                                                  \
    do {                                                                                                     \
        uint64_t deadline_ = kd_kafka_now_ms() + DEADLINE_MS;                                                \
        while (!(condition) && kd_kafka_now_ms() < deadline_) event_base_loop((r)->base, EVLOOP_ONCE);       \
        cr_assert(condition, "not in time: " #condition);                                                    \
    } while (0)

static void on_delivered(void *arg, void *opaque, bool ok)
{
    rig *r = arg;
    uintptr_t n = (uintptr_t)opaque;
    if (ok)
        r->ok++;
    else
        r->failed++;
    cr_assert(n == r->last_fate + 1, "fates out of order: %zu after %zu", (size_t)n, (size_t)r->last_fate);
    r->last_fate = n;
}

static void on_reset(void *arg, const char *cause, bool plain)
{
    (void)cause;
    (void)plain;
    ((rig *)arg)->resets++;
}

static void on_ready(void *arg)
{
    ((rig *)arg)->ready++;
}

static kd_kafka_producer *make_producer(rig *r)
{
    const kd_kafka_producer_events on = {
        .delivered = on_delivered, .reset = on_reset, .ready = on_ready, .arg = r};
    kd_kafka_producer *p;
    char err[256] = "";
    int rc =
        kd_kafka_producer_create(&p, r->base, &r->config, topics, KD_COUNT(topics), &on, err, sizeof(err));
    cr_assert_eq(rc, KD_OK, "%s", err);
    return p;
}

static int produce_number(kd_kafka_producer *p, uintptr_t n)
{
    char text[32];
    snprintf(text, sizeof(text), "record %zu", (size_t)n);
    return kd_kafka_produce(p, 0, 1, kd_bytes_str(text), (void *)n);
}

static void produce_range(kd_kafka_producer *p, uintptr_t from, uintptr_t to)
{
    for (uintptr_t n = from; n <= to; n++) cr_assert_eq(produce_number(p, n), KD_OK);
}

/* Fills partition 1 of likes with records 1..n, at offsets 0..n-1. */
static void fill(rig *r, uintptr_t n)
{
    kd_kafka_producer *p = make_producer(r);
    produce_range(p, 1, n);
    UNTIL(r, r->ok == n);
    kd_kafka_producer_destroy(p, 0);
}

static void on_record(void *arg, const kd_kafka_record *record)
{
    rig *r = arg;
    cr_assert_eq(record->topic, 0);
    cr_assert_eq(record->partition, 1);
    cr_assert_lt(r->seen, SEEN_MAX);
    r->offsets[r->seen++] = record->offset;
    cr_assert_lt(record->value.len, sizeof(r->value));
    memcpy(r->value, record->value.data, record->value.len);
    r->value[record->value.len] = 0;
}

static void on_condition(void *arg, uint32_t topic, uint32_t partition, kd_kafka_condition condition,
                         int64_t offset, const char *text)
{
    rig *r = arg;
    (void)text;
    cr_assert_eq(topic, 0);
    if (condition == KD_KAFKA_EOF && partition == 1) {
        r->eof++;
        r->eof_offset = offset;
    }
    if (condition == KD_KAFKA_OUT_OF_RANGE) r->out_of_range++;
    if (condition == KD_KAFKA_GONE) r->gone++;
}

static void make_consumer(rig *r, uint32_t partition, int64_t offset)
{
    const kd_kafka_consumer_events on = {.record = on_record, .condition = on_condition, .arg = r};
    const kd_kafka_start start = {.topic = 0, .partition = partition, .offset = offset};
    char err[256] = "";
    int rc = kd_kafka_consumer_create(&r->consumer, r->base, &r->config, topics, KD_COUNT(topics), &on, err,
                                      sizeof(err));
    cr_assert_eq(rc, KD_OK, "%s", err);
    cr_assert_eq(kd_kafka_consumer_assign(r->consumer, &start, 1), KD_OK);
}

static void expect_run(const rig *r, size_t from, int64_t first, size_t n)
{
    cr_assert_eq(r->seen, from + n);
    for (size_t i = 0; i < n; i++) cr_assert_eq(r->offsets[from + i], first + (int64_t)i);
}

Test(kafka, refuses_properties_that_exactness_rests_on)
{
    static kd_pair bad[] = {{"acks", "1"},
                            {"enable.idempotence", "false"},
                            {"max.in.flight", "5"},
                            {"receive.message.max.bytes", "100000000"},
                            {"message.timeout.ms", "300000"},
                            {"auto.offset.reset", "latest"},
                            {"check.crcs", "false"},
                            {"transactional.id", "x"},
                            {"bootstrap.servers", "elsewhere:1"},
                            {"no.such.property", "1"}};
    for (size_t i = 0; i < KD_COUNT(bad); i++) {
        char err[256] = "";
        kd_kafka_config c = {.brokers = "localhost:1", .properties = {&bad[i], 1}};
        cr_assert_eq(kd_kafka_config_check(&c, err, sizeof(err)), KD_EINVAL, "%s", bad[i].key);
        cr_assert_not_null(strstr(err, bad[i].key), "%s", err);
    }
}

Test(kafka, accepts_other_properties_and_the_safe_value)
{
    static kd_pair good[] = {{"acks", "all"}, {"socket.timeout.ms", "3000"}};
    char err[256] = "";
    kd_kafka_config c = {.brokers = "localhost:1", .properties = {good, KD_COUNT(good)}};
    cr_assert_eq(kd_kafka_config_check(&c, err, sizeof(err)), KD_OK, "%s", err);
    c.compression = "best";
    cr_assert_eq(kd_kafka_config_check(&c, err, sizeof(err)), KD_EINVAL);
    c = (kd_kafka_config){0};
    cr_assert_eq(kd_kafka_config_check(&c, err, sizeof(err)), KD_EINVAL);
}

Test(kafka, produces_and_consumes_in_order)
{
    rig r;
    rig_open(&r);
    fill(&r, 1000);
    make_consumer(&r, 1, KD_KAFKA_BEGINNING);
    UNTIL(&r, r.eof == 1);
    expect_run(&r, 0, 0, 1000);
    cr_assert_str_eq(r.value, "record 1000");
    cr_assert_eq(r.eof_offset, 1000);
    cr_assert_eq(kd_kafka_consumer_stats_get(r.consumer).records, 1000);
    kd_kafka_consumer_destroy(r.consumer);
    rig_close(&r);
}

Test(kafka, starts_where_it_is_told)
{
    rig r;
    rig_open(&r);
    fill(&r, 100);
    make_consumer(&r, 1, 60);
    UNTIL(&r, r.eof == 1);
    expect_run(&r, 0, 60, 40);
    kd_kafka_consumer_destroy(r.consumer);
    rig_close(&r);
}

Test(kafka, tells_a_lost_position_and_goes_on_from_a_seek)
{
    rig r;
    rig_open(&r);
    fill(&r, 100);
    make_consumer(&r, 1, 5000);
    UNTIL(&r, r.out_of_range == 1);
    cr_assert_eq(r.seen, 0);
    const kd_kafka_start start = {.topic = 0, .partition = 1, .offset = KD_KAFKA_BEGINNING};
    cr_assert_eq(kd_kafka_consumer_seek(r.consumer, &start), KD_OK);
    UNTIL(&r, r.eof == 1);
    expect_run(&r, 0, 0, 100);
    cr_assert_eq(r.out_of_range, 1);
    kd_kafka_consumer_destroy(r.consumer);
    rig_close(&r);
}

/* What is fetched ahead of a seek must not come after it. */
Test(kafka, forgets_what_it_fetched_before_a_seek)
{
    rig r;
    rig_open(&r);
    fill(&r, 5000);
    make_consumer(&r, 1, KD_KAFKA_BEGINNING);
    UNTIL(&r, r.seen >= 300);
    size_t before = r.seen;
    cr_assert_lt(before, 5000, "all came at once: nothing is left to forget");
    const kd_kafka_start start = {.topic = 0, .partition = 1, .offset = 10};
    cr_assert_eq(kd_kafka_consumer_seek(r.consumer, &start), KD_OK);
    UNTIL(&r, r.eof == 1);
    expect_run(&r, before, 10, 4990);
    kd_kafka_consumer_destroy(r.consumer);
    rig_close(&r);
}

Test(kafka, refuses_a_seek_in_what_is_not_assigned)
{
    rig r;
    rig_open(&r);
    make_consumer(&r, 1, KD_KAFKA_BEGINNING);
    const kd_kafka_start other = {.topic = 0, .partition = 2, .offset = 0};
    const kd_kafka_start twice[] = {other, other};
    cr_assert_eq(kd_kafka_consumer_seek(r.consumer, &other), KD_EINVAL);
    cr_assert_eq(kd_kafka_consumer_assign(r.consumer, twice, 2), KD_EINVAL);
    kd_kafka_consumer_destroy(r.consumer);
    rig_close(&r);
}

Test(kafka, delivers_nothing_while_paused)
{
    rig r;
    rig_open(&r);
    fill(&r, 50);
    make_consumer(&r, 1, KD_KAFKA_BEGINNING);
    UNTIL(&r, r.eof == 1);
    kd_kafka_consumer_pause(r.consumer);
    r.ok = r.last_fate = 0;
    fill(&r, 50);
    /* Another consumer on the same loop gets all of them, starting from nothing: time enough for this one. */
    rig other = {.base = r.base, .config = r.config};
    make_consumer(&other, 1, KD_KAFKA_BEGINNING);
    UNTIL(&other, other.seen == 100);
    kd_kafka_consumer_destroy(other.consumer);
    cr_assert_eq(r.seen, 50);
    kd_kafka_consumer_resume(r.consumer);
    UNTIL(&r, r.seen == 100);
    expect_run(&r, 0, 0, 100);
    kd_kafka_consumer_destroy(r.consumer);
    rig_close(&r);
}

/* librdkafka misses the partition when it learns how many the topic has: the broker answers only when the partition is assigned. */
Test(kafka, tells_a_partition_that_is_not_there)
{
    rig r;
    rig_open(&r);
    rd_kafka_mock_broker_set_down(r.cluster, 1);
    make_consumer(&r, 99, KD_KAFKA_BEGINNING);
    rd_kafka_mock_broker_set_up(r.cluster, 1);
    UNTIL(&r, r.gone == 1);
    kd_kafka_consumer_destroy(r.consumer);
    rig_close(&r);
}

Test(kafka, commits_for_lag_tools)
{
    rig r;
    rig_open(&r);
    fill(&r, 10);
    make_consumer(&r, 1, KD_KAFKA_BEGINNING);
    UNTIL(&r, r.eof == 1);
    kd_kafka_consumer_commit(r.consumer, 0, 1, 7);
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", r.config.brokers, NULL, 0);
    rd_kafka_conf_set(conf, "group.id", "test", NULL, 0);
    rd_kafka_t *tool = rd_kafka_new(RD_KAFKA_CONSUMER, conf, NULL, 0);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topics[0], 1)->offset = RD_KAFKA_OFFSET_INVALID;
    UNTIL(&r, rd_kafka_committed(tool, list, 2000) == 0 && list->elems[0].offset == 7);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(tool);
    kd_kafka_consumer_destroy(r.consumer);
    rig_close(&r);
}

/* Everything outstanding gets its fate, in order; then there is a new client, and a resend arrives. */
Test(kafka, survives_a_fatal_error_of_its_client)
{
    rig r;
    rig_open(&r);
    kd_kafka_producer *p = make_producer(&r);
    produce_range(p, 1, 10);
    UNTIL(&r, r.ok == 10);
    rd_kafka_mock_push_request_errors(r.cluster, API_PRODUCE, 1,
                                      RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
    produce_range(p, 11, 20);
    UNTIL(&r, r.resets == 1);
    cr_assert_eq(r.failed, 10);
    cr_assert_eq(kd_kafka_producer_stats_get(p).outstanding, 0);
    cr_assert_eq(produce_number(p, 21), KD_EAGAIN);
    UNTIL(&r, r.ready == 1);
    produce_range(p, 21, 30);
    UNTIL(&r, r.ok == 20);
    cr_assert_eq(kd_kafka_producer_stats_get(p).recreated, 1);
    kd_kafka_producer_destroy(p, 0);
    make_consumer(&r, 1, KD_KAFKA_BEGINNING);
    UNTIL(&r, r.eof == 1);
    cr_assert_str_eq(r.value, "record 30");
    kd_kafka_consumer_destroy(r.consumer);
    rig_close(&r);
}

Test(kafka, says_when_there_is_room_again)
{
    rig r;
    rig_open(&r);
    rd_kafka_mock_broker_set_down(r.cluster, 1);
    r.config.producer_queue_kib = 64;
    kd_kafka_producer *p = make_producer(&r);
    char big[1024] = "x";
    uintptr_t n = 0;
    while (kd_kafka_produce(p, 0, 1, kd_bytes_of(big, sizeof(big)), (void *)(n + 1)) == KD_OK) n++;
    cr_assert(n >= 32 && n <= 64, "%zu", (size_t)n);
    cr_assert_eq(r.ready, 0);
    rd_kafka_mock_broker_set_up(r.cluster, 1);
    UNTIL(&r, r.ready == 1);
    UNTIL(&r, r.ok == n);
    cr_assert_eq(kd_kafka_producer_stats_get(p).queue_full, 1);
    kd_kafka_producer_destroy(p, 0);
    rig_close(&r);
}

Test(kafka, refuses_what_no_record_holds)
{
    rig r;
    rig_open(&r);
    kd_kafka_producer *p = make_producer(&r);
    char *big = kd_alloc(KD_KAFKA_RECORD_MAX + 1);
    cr_assert_eq(kd_kafka_produce(p, 0, 0, kd_bytes_of(big, KD_KAFKA_RECORD_MAX + 1), NULL), KD_ETOOBIG);
    cr_assert_eq(kd_kafka_produce(p, 0, 0, kd_bytes_of(big, KD_KAFKA_RECORD_MAX), (void *)1), KD_OK);
    UNTIL(&r, r.ok == 1);
    cr_assert_eq(kd_kafka_produce(p, 0, 99, kd_bytes_str("x"), NULL), KD_EUNAVAILABLE);
    free(big);
    kd_kafka_producer_destroy(p, 0);
    rig_close(&r);
}

Test(kafka, ends_in_time_without_a_broker)
{
    rig r;
    rig_open(&r);
    rd_kafka_mock_broker_set_down(r.cluster, 1);
    kd_kafka_producer *p = make_producer(&r);
    produce_range(p, 1, 10);
    uint64_t start = kd_kafka_now_ms();
    kd_kafka_producer_destroy(p, 200);
    uint64_t took = kd_kafka_now_ms() - start;
    cr_assert(took >= 200 && took < 5000, "%zu ms", (size_t)took);
    cr_assert_eq(r.ok + r.failed, 0);
    rig_close(&r);
}

Test(kafka, flushes_at_its_end)
{
    rig r;
    rig_open(&r);
    kd_kafka_producer *p = make_producer(&r);
    produce_range(p, 1, 10);
    kd_kafka_producer_destroy(p, DEADLINE_MS);
    make_consumer(&r, 1, KD_KAFKA_BEGINNING);
    UNTIL(&r, r.eof == 1 && r.seen > 0);
    expect_run(&r, 0, 0, 10);
    kd_kafka_consumer_destroy(r.consumer);
    rig_close(&r);
}

Test(kafka, reads_one_record)
{
    rig r;
    rig_open(&r);
    fill(&r, 20);
    kd_kafka_reader *reader;
    kd_buf value = {0};
    int64_t low, high;
    char err[256] = "", id[64] = "";
    cr_assert_eq(kd_kafka_reader_create(&reader, &r.config, err, sizeof(err)), KD_OK, "%s", err);
    cr_assert_eq(kd_kafka_reader_watermarks(reader, "likes", 1, DEADLINE_MS, &low, &high), KD_OK);
    cr_assert_eq(low, 0);
    cr_assert_eq(high, 20);
    static const int64_t order[] = {19, 0, 7};
    for (size_t i = 0; i < KD_COUNT(order); i++) {
        char text[32];
        snprintf(text, sizeof(text), "record %d", (int)order[i] + 1);
        cr_assert_eq(kd_kafka_reader_get(reader, "likes", 1, order[i], DEADLINE_MS, &value), KD_OK, "%s",
                     kd_kafka_reader_error(reader));
        cr_assert(kd_bytes_eq(kd_buf_view(&value), kd_bytes_str(text)));
    }
    cr_assert_eq(kd_kafka_reader_get(reader, "likes", 1, 20, DEADLINE_MS, &value), KD_ENOTFOUND);
    cr_assert_eq(kd_kafka_reader_get(reader, "likes", 99, 0, DEADLINE_MS, &value), KD_ENOTFOUND);
    cr_assert_eq(kd_kafka_reader_cluster_id(reader, DEADLINE_MS, id, sizeof(id)), KD_OK);
    cr_assert(id[0]);
    rd_kafka_mock_broker_set_down(r.cluster, 1);
    int rc = kd_kafka_reader_get(reader, "likes", 1, 0, 300, &value);
    cr_assert(rc == KD_ETIMEOUT || rc == KD_EUNAVAILABLE, "%s", kd_strerror(rc));
    kd_buf_finish(&value);
    kd_kafka_reader_destroy(reader);
    rig_close(&r);
}

Test(kafka, checks_topics_that_are_there)
{
    rig r;
    rig_open(&r);
    char err[256] = "";
    kd_kafka_topic good[] = {{.name = "likes", .partitions = PARTITIONS}, {.name = "counts"}};
    cr_assert_eq(kd_kafka_ensure_topics(&r.config, good, 2, DEADLINE_MS, err, sizeof(err)), KD_OK, "%s", err);
    cr_assert_eq(good[0].partitions_found, PARTITIONS);
    cr_assert_eq(good[1].partitions_found, PARTITIONS);
    kd_kafka_topic bad[] = {{.name = "likes", .partitions = PARTITIONS}, {.name = "counts", .partitions = 7}};
    cr_assert_eq(kd_kafka_ensure_topics(&r.config, bad, 2, DEADLINE_MS, err, sizeof(err)), KD_EMISMATCH);
    cr_assert_str_eq(err, "Kafka topic counts has 4 partitions, not 7");
    kd_kafka_topic missing[] = {{.name = "elsewhere"}};
    cr_assert_eq(kd_kafka_ensure_topics(&r.config, missing, 1, DEADLINE_MS, err, sizeof(err)), KD_ENOTFOUND);
    kd_kafka_topic new[] = {{.name = "new", .partitions = 3}};
    /* The mock cluster has no controller that creates topics over the wire. */
    cr_assert_eq(kd_kafka_ensure_topics(&r.config, new, 1, 500, err, sizeof(err)), KD_ETIMEOUT, "%s", err);
    cr_assert_not_null(strstr(err, "new"));
    rd_kafka_mock_broker_set_down(r.cluster, 1);
    cr_assert_eq(kd_kafka_ensure_topics(&r.config, good, 2, 300, err, sizeof(err)), KD_EUNAVAILABLE, "%s",
                 err);
    rig_close(&r);
}
