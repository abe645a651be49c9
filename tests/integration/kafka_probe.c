/*
 * kafka-probe - the Kafka shell as a command, for test_kafka.py. Records hold decimal numbers.
 *
 *   kafka-probe broker ...                                        as kudos-sim broker
 *   kafka-probe topics  BROKERS NAME:PARTITIONS:REPLICAS...       "NAME PARTITIONS" each
 *   kafka-probe produce BROKERS TOPIC PARTITION FROM TO           "acked N" at every 1000, then "resets N recreated N"
 *   kafka-probe consume BROKERS TOPIC PARTITION OFFSET LAST       "OFFSET NUMBER" each until the number LAST; conditions by name;
 *                                                                 goes back to the beginning when its offset is lost
 *   kafka-probe get     BROKERS TOPIC PARTITION OFFSET            the number
 *   kafka-probe marks   BROKERS TOPIC PARTITION                   "LOW HIGH"
 *
 * Errors: the text on standard error, and the kd_err, negated, as the exit code.
 */
#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/io/kafka/kafka.h"
#include "sim/kafka/broker.h"

enum { DEADLINE_S = 180, TIMEOUT_MS = 20000, WINDOW = 2000, FLUSH_MS = 1000 };

static char err[512];

static int fail(int rc, const char *text)
{
    fprintf(stderr, "%s: %s\n", kd_strerror(rc), text);
    return -rc;
}

static uint64_t number(const char *text)
{
    char *end;
    uint64_t n = strtoull(text, &end, 10);
    if (end == text || *end) exit(fail(KD_EINVAL, text));
    return n;
}

static void print_log(void *arg, int severity, const char *text)
{
    (void)arg;
    fprintf(stderr, "<%d> %s\n", severity, text);
}

static kd_kafka_config config_of(const char *brokers)
{
    return (kd_kafka_config){.brokers = brokers, .client_id = "kafka-probe", .log = print_log};
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
    exit(fail(KD_ETIMEOUT, "the probe has not finished"));
}

static struct event_base *make_loop(void)
{
    static const struct timeval limit = {.tv_sec = DEADLINE_S};
    struct event_base *base = event_base_new();
    event_base_once(base, -1, EV_TIMEOUT, on_deadline, NULL, &limit);
    return base;
}

/* --- topics --- */

static int topics(const char *brokers, char **specs, size_t n)
{
    kd_kafka_topic list[8] = {{0}};
    kd_kafka_config config = config_of(brokers);
    if (n > KD_COUNT(list)) return fail(KD_EINVAL, "too many topics");
    for (size_t i = 0; i < n; i++) {
        list[i].name = strtok(specs[i], ":");
        list[i].partitions = (uint32_t)number(strtok(NULL, ":"));
        list[i].replication = (uint16_t)number(strtok(NULL, ":"));
        list[i].retention_ms = -1;
    }
    int rc = kd_kafka_ensure_topics(&config, list, n, TIMEOUT_MS, err, sizeof(err));
    if (rc != KD_OK) return fail(rc, err);
    for (size_t i = 0; i < n; i++) printf("%s %u\n", list[i].name, list[i].partitions_found);
    return 0;
}

/* --- produce: an outbox of numbers, resent from the first one without an acknowledgement --- */

typedef struct {
    struct event_base *base;
    kd_kafka_producer *producer;
    uint32_t partition;
    uint64_t acked; /* every number up to here */
    uint64_t sent;
    uint64_t last;
    uint64_t resets;
    bool lost; /* something was not delivered: send again from acked on */
} outbox;

static void send_more(outbox *o)
{
    char text[24];
    while (o->sent < o->last && o->sent < o->acked + WINDOW) {
        snprintf(text, sizeof(text), "%" PRIu64, o->sent + 1);
        if (kd_kafka_produce(o->producer, 0, o->partition, kd_bytes_str(text),
                             (void *)(uintptr_t)(o->sent + 1)) != KD_OK)
            return;
        o->sent++;
    }
}

static void on_delivered(void *arg, void *opaque, bool ok)
{
    outbox *o = arg;
    uint64_t n = (uintptr_t)opaque;
    if (!ok) o->lost = true;
    if (ok && n == o->acked + 1) {
        o->acked = n;
        if (n % 1000 == 0) {
            printf("acked %" PRIu64 "\n", n);
            fflush(stdout);
        }
    }
    if (o->lost && kd_kafka_producer_stats_get(o->producer).outstanding == 0) {
        o->lost = false;
        o->sent = o->acked;
    }
    if (!o->lost) send_more(o);
    if (o->acked == o->last) event_base_loopbreak(o->base);
}

static void on_reset(void *arg, const char *cause, bool plain)
{
    ((outbox *)arg)->resets++;
    fprintf(stderr, "reset: %s%s\n", cause, plain ? ", plain" : "");
}

static void on_ready(void *arg)
{
    send_more(arg);
}

static int produce(const char *brokers, char **argv)
{
    outbox o = {.base = make_loop(), .partition = (uint32_t)number(argv[1]), .last = number(argv[3])};
    const kd_kafka_producer_events on = {
        .delivered = on_delivered, .reset = on_reset, .ready = on_ready, .arg = &o};
    const char *const topic[] = {argv[0]};
    kd_kafka_config config = config_of(brokers);
    o.acked = o.sent = number(argv[2]) - 1;
    int rc = kd_kafka_producer_create(&o.producer, o.base, &config, topic, 1, &on, err, sizeof(err));
    if (rc != KD_OK) return fail(rc, err);
    send_more(&o);
    event_base_dispatch(o.base);
    printf("resets %" PRIu64 " recreated %" PRIu64 "\n", o.resets,
           kd_kafka_producer_stats_get(o.producer).recreated);
    kd_kafka_producer_destroy(o.producer, FLUSH_MS);
    event_base_free(o.base);
    return 0;
}

/* --- consume --- */

typedef struct {
    struct event_base *base;
    kd_kafka_consumer *consumer;
    uint64_t last;
} reading;

static void on_record(void *arg, const kd_kafka_record *record)
{
    reading *r = arg;
    char text[24];
    snprintf(text, sizeof(text), "%.*s", (int)record->value.len, (const char *)record->value.data);
    printf("%" PRId64 " %s\n", record->offset, text);
    kd_kafka_consumer_commit(r->consumer, record->topic, record->partition, record->offset + 1);
    if (number(text) == r->last) event_base_loopbreak(r->base);
}

static void on_condition(void *arg, uint32_t topic, uint32_t partition, kd_kafka_condition condition,
                         int64_t offset, const char *text)
{
    static const char *const names[] = {"eof", "out-of-range", "gone", "failed"};
    reading *r = arg;
    printf("%s %" PRId64 "\n", names[condition], offset);
    fflush(stdout);
    if (condition != KD_KAFKA_EOF) fprintf(stderr, "%s\n", text);
    if (condition == KD_KAFKA_EOF && r->last == 0) event_base_loopbreak(r->base);
    if (condition == KD_KAFKA_GONE || condition == KD_KAFKA_FAILED) event_base_loopbreak(r->base);
    const kd_kafka_start start = {.topic = topic, .partition = partition, .offset = KD_KAFKA_BEGINNING};
    if (condition == KD_KAFKA_OUT_OF_RANGE) kd_kafka_consumer_seek(r->consumer, &start);
}

static int consume(const char *brokers, char **argv)
{
    reading r = {.base = make_loop(), .last = number(argv[3])};
    const kd_kafka_consumer_events on = {.record = on_record, .condition = on_condition, .arg = &r};
    const kd_kafka_start start = {.partition = (uint32_t)number(argv[1]), .offset = (int64_t)number(argv[2])};
    const char *const topic[] = {argv[0]};
    kd_kafka_config config = config_of(brokers);
    int rc = kd_kafka_consumer_create(&r.consumer, r.base, &config, topic, 1, &on, err, sizeof(err));
    if (rc != KD_OK) return fail(rc, err);
    rc = kd_kafka_consumer_assign(r.consumer, &start, 1);
    if (rc != KD_OK) return fail(rc, "assign");
    event_base_dispatch(r.base);
    kd_kafka_consumer_destroy(r.consumer);
    event_base_free(r.base);
    return 0;
}

/* --- look-ups --- */

static int look_up(const char *brokers, char **argv, bool get)
{
    kd_kafka_config config = config_of(brokers);
    kd_kafka_reader *r;
    kd_buf value = {0};
    int64_t low, high;
    uint32_t partition = (uint32_t)number(argv[1]);
    int rc = kd_kafka_reader_create(&r, &config, err, sizeof(err));
    if (rc != KD_OK) return fail(rc, err);
    if (get)
        rc = kd_kafka_reader_get(r, argv[0], partition, (int64_t)number(argv[2]), TIMEOUT_MS, &value);
    else
        rc = kd_kafka_reader_watermarks(r, argv[0], partition, TIMEOUT_MS, &low, &high);
    if (rc != KD_OK)
        fail(rc, kd_kafka_reader_error(r));
    else if (get)
        printf("%.*s\n", (int)value.len, (const char *)value.data);
    else
        printf("%" PRId64 " %" PRId64 "\n", low, high);
    kd_buf_finish(&value);
    kd_kafka_reader_destroy(r);
    return -rc;
}

int main(int argc, char **argv)
{
    const char *command = argc > 1 ? argv[1] : "";
    if (strcmp(command, "broker") == 0) return sim_sim_broker(argc - 1, argv + 1);
    if (strcmp(command, "topics") == 0 && argc > 3) return topics(argv[2], argv + 3, (size_t)argc - 3);
    if (strcmp(command, "produce") == 0 && argc == 7) return produce(argv[2], argv + 3);
    if (strcmp(command, "consume") == 0 && argc == 7) return consume(argv[2], argv + 3);
    if (strcmp(command, "get") == 0 && argc == 6) return look_up(argv[2], argv + 3, true);
    if (strcmp(command, "marks") == 0 && argc == 5) return look_up(argv[2], argv + 3, false);
    return fail(KD_EINVAL, "see the top of kafka_probe.c");
}
