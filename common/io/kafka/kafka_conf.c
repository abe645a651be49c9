/*
 * kafka_conf.c - our configuration in librdkafka's terms.
 *
 * Exactness rests on some of librdkafka's properties. An operator who sets one of these is refused, with the reason, unless the value is the one that
 * we set anyway. Any other property is passed on.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/conf/ini.h"
#include "common/io/daemon/file_read.h"
#include "common/io/kafka/kafka_end.h"
#include "common/io/kafka/kafka_private.h"

enum {
    LINGER_MS = 5,
    FETCH_WAIT_MS = 10,
    CONSUMER_QUEUE_KIB = 8 * 1024,
    PRODUCER_QUEUE_KIB = 64 * 1024,
    FETCH_BYTES_MIN = 4 * 1024 * 1024,
    RECEIVE_MORE = 512, /* around an answer; the least that librdkafka takes */
};
_Static_assert((int)FETCH_BYTES_MIN > (int)KD_KAFKA_RECORD_MAX + (int)KD_KAFKA_FRAMING,
               "a fetch holds a record");

const char *const kd_kafka_compressions[] = {"none", "gzip", "snappy", "lz4", "zstd", NULL};

/* Properties that are not the operator's. `value`: the only one that may be given; NULL: none may. */
static const struct {
    const char *name;
    const char *value;
    const char *why;
} fixed[] = {
    {"bootstrap.servers", NULL, "the brokers are an option of their own"},
    {"metadata.broker.list", NULL, "the brokers are an option of their own"},
    {"client.id", NULL, "the client id is an option of its own"},
    {"group.id", NULL, "the group is an option of its own"},
    {"linger.ms", NULL, "it is an option of its own"},
    {"queue.buffering.max.ms", NULL, "it is an option of its own"},
    {"queue.buffering.max.kbytes", NULL, "it is an option of its own"},
    {"queued.max.messages.kbytes", NULL, "it is an option of its own"},
    {"fetch.wait.max.ms", NULL, "it is an option of its own"},
    {"compression.codec", NULL, "it is an option of its own"},
    {"compression.type", NULL, "it is an option of its own"},
    {"message.max.bytes", NULL, "the size of a record is part of the format"},
    {"transactional.id", NULL, "transactions are not used"},
    {"group.instance.id", NULL, "group membership is not used"},
    {"plugin.library.paths", NULL, "plugins may change any message"},
    {"log.queue", "true", "logs go through the loop"},
    {"acks", "all", "fewer would lose records that a broker acknowledged"},
    {"request.required.acks", "-1", "fewer would lose records that a broker acknowledged"},
    {"enable.idempotence", NULL, "the producer decides, so that retries do not reorder records"},
    {"max.in.flight.requests.per.connection", NULL,
     "the producer decides, so that retries do not reorder records"},
    {"max.in.flight", NULL, "the producer decides, so that retries do not reorder records"},
    {"receive.message.max.bytes", NULL, "it bounds what a compressed record may become"},
    {"message.timeout.ms", "0", "records would be dropped in a long outage"},
    {"delivery.timeout.ms", "0", "records would be dropped in a long outage"},
    {"retries", "2147483647", "records would be dropped in a long outage"},
    {"message.send.max.retries", "2147483647", "records would be dropped in a long outage"},
    {"queuing.strategy", "fifo", "records of a partition keep their order"},
    {"auto.offset.reset", "error", "a lost log position must be noticed"},
    {"enable.auto.commit", "false", "the position is stored beside the state"},
    {"enable.auto.offset.store", "false", "the position is stored beside the state"},
    {"check.crcs", "true", "a damaged record must be noticed"},
    {"enable.partition.eof", "true", "the end of the log is waited for"},
    {"allow.auto.create.topics", "false", "the number of partitions is chosen once"},
};

static int check_property(const kd_pair *p, char *error, size_t size)
{
    for (size_t i = 0; i < KD_COUNT(fixed); i++) {
        if (strcmp(fixed[i].name, p->key) != 0) continue;
        if (fixed[i].value && strcmp(fixed[i].value, p->value) == 0) return KD_OK;
        bool given = fixed[i].value != NULL;
        snprintf(error, size, "kafka-properties.%s: must %s%s: %s", p->key, given ? "be " : "not be set here",
                 given ? fixed[i].value : "", fixed[i].why);
        return KD_EINVAL;
    }
    return KD_OK;
}

/* librdkafka's cause mostly repeats the value, which may be a secret: it is shown for numbers only, which are not. */
static const char *cause_shown(rd_kafka_conf_res_t result, const char *value, const char *cause)
{
    bool number = value[strspn(value, "-0123456789")] == '\0';
    if (result == RD_KAFKA_CONF_UNKNOWN) return "librdkafka has no such property";
    return number ? cause : "librdkafka does not take this value";
}

static int set_as(rd_kafka_conf_t *conf, const char *section, const char *name, const char *value,
                  char *error, size_t size)
{
    char cause[200];
    rd_kafka_conf_res_t result = rd_kafka_conf_set(conf, name, value, cause, sizeof(cause));
    if (result == RD_KAFKA_CONF_OK) return KD_OK;
    snprintf(error, size, "%s%s: %s", section, name, cause_shown(result, value, cause));
    return KD_EINVAL;
}

static int set(rd_kafka_conf_t *conf, const char *name, const char *value, char *error, size_t size)
{
    return set_as(conf, "Kafka property ", name, value, error, size);
}

static int set_properties(rd_kafka_conf_t *conf, const kd_pairs *p, char *error, size_t size)
{
    int err = KD_OK;
    for (uint32_t i = 0; i < p->count && err == KD_OK; i++) err = check_property(&p->at[i], error, size);
    for (uint32_t i = 0; i < p->count && err == KD_OK; i++)
        err = set_as(conf, "kafka-properties.", p->at[i].key, p->at[i].value, error, size);
    return err;
}

enum { PROPERTIES_FILE_MAX = 64 * 1024, PROPERTY_MAX = 4096 };

/* One line of the file: checked and set like a property of the configuration. */
static int conf_set_line(rd_kafka_conf_t *conf, const kd_ini_item *line, char *error, size_t size)
{
    if (line->kind == KD_INI_COMMENT) return KD_OK;
    if (line->kind != KD_INI_SETTING || line->key.len == 0) {
        snprintf(error, size, "kafka.properties_file: line %u: lines of `name = value` are wanted",
                 line->line);
        return KD_EINVAL;
    }
    kd_pair p = {kd_string_copy(line->key), kd_string_copy(line->value)};
    int err = check_property(&p, error, size);
    if (err == KD_OK) err = set_as(conf, "kafka.properties_file: ", p.key, p.value, error, size);
    explicit_bzero(p.value, line->value.len);
    free(p.key);
    free(p.value);
    return err;
}

static int conf_set_file(rd_kafka_conf_t *conf, const char *path, char *error, size_t size)
{
    kd_buf text = {0};
    if (!path) return KD_OK;
    int err = kd_file_read(path, PROPERTIES_FILE_MAX, &text);
    if (err != KD_OK) {
        snprintf(error, size, "kafka.properties_file: %s",
                 err == KD_ETOOBIG ? "the file holds more than 64 KiB" : "the file cannot be read");
        err = KD_EINVAL;
    }
    kd_ini ini = kd_ini_of(kd_buf_view(&text), PROPERTY_MAX);
    ini.section = kd_bytes_str("kafka-properties"); /* the file has no sections of its own */
    for (kd_ini_item line; err == KD_OK && (line = kd_ini_next(&ini)).kind != KD_INI_END;)
        err = conf_set_line(conf, &line, error, size);
    if (text.cap > 0) explicit_bzero(text.data, text.cap);
    kd_buf_finish(&text);
    return err;
}

static int conf_set_number(rd_kafka_conf_t *conf, const char *name, uint64_t value, char *error, size_t size)
{
    char text[24];
    snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
    return set(conf, name, text, error, size);
}

static int set_all(rd_kafka_conf_t *conf, const kd_pair *list, size_t n, char *error, size_t size)
{
    int err = KD_OK;
    for (size_t i = 0; i < n && err == KD_OK; i++) err = set(conf, list[i].key, list[i].value, error, size);
    return err;
}

static uint32_t either(uint32_t value, uint32_t otherwise)
{
    return value ? value : otherwise;
}

static int set_common(rd_kafka_conf_t *conf, const kd_kafka_config *c, char *error, size_t size)
{
    /* By default a request waits 60 s for its answer: a black hole would stay unnoticed for as long. Ten seconds suffice between continents. A
     * reconnect would wait up to 10 s, which would be added to every short outage. An idle connection that its broker closes is no news for a log. */
    static const kd_pair list[] = {
        {"socket.nagle.disable", "true"},     {"socket.keepalive.enable", "true"},
        {"socket.timeout.ms", "10000"},       {"reconnect.backoff.ms", "100"},
        {"reconnect.backoff.max.ms", "2000"}, {"log.connection.close", "false"},
    };
    if (!c->brokers || !c->brokers[0]) {
        snprintf(error, size, "Kafka brokers are missing");
        return KD_EINVAL;
    }
    int err = set(conf, "bootstrap.servers", c->brokers, error, size);
    if (err == KD_OK) err = set(conf, "client.id", c->client_id ? c->client_id : "kudos", error, size);
    if (err == KD_OK)
        err = conf_set_number(conf, "message.max.bytes", KD_KAFKA_RECORD_MAX + KD_KAFKA_FRAMING, error, size);
    return err == KD_OK ? set_all(conf, list, KD_COUNT(list), error, size) : err;
}

/* Without an id a retry may double a record, which the protocol drops by position. It must not overtake another one: one request at a time. */
static int set_identity(rd_kafka_conf_t *conf, bool plain, char *error, size_t size)
{
    if (!plain) return set(conf, "enable.idempotence", "true", error, size);
    int err = set(conf, "enable.idempotence", "false", error, size);
    return err == KD_OK ? set(conf, "max.in.flight.requests.per.connection", "1", error, size) : err;
}

static int set_producer(rd_kafka_conf_t *conf, const kd_kafka_config *c, bool plain, char *error, size_t size)
{
    /* acks: see `fixed`. message.timeout.ms 0 is no limit: the default drops a message after 300 s, and with it the likes of a longer partition.
     * log.queue: else librdkafka calls the log from threads of its own. */
    static const kd_pair list[] = {
        {"acks", "all"},
        {"message.timeout.ms", "0"},
        {"request.timeout.ms", "10000"},
        {"log.queue", "true"},
    };
    int err = set_all(conf, list, KD_COUNT(list), error, size);
    if (err == KD_OK) err = set_identity(conf, plain, error, size);
    if (err == KD_OK)
        err = set(conf, "compression.codec", c->compression ? c->compression : "zstd", error, size);
    if (err == KD_OK) err = conf_set_number(conf, "linger.ms", either(c->linger_ms, LINGER_MS), error, size);
    if (err == KD_OK)
        err = conf_set_number(conf, "queue.buffering.max.kbytes",
                              either(c->producer_queue_kib, PRODUCER_QUEUE_KIB), error, size);
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG);
    return err;
}

static int set_consumer(rd_kafka_conf_t *conf, const kd_kafka_config *c, char *error, size_t size)
{
    /* auto.offset.reset: by default a position that is no longer in the log becomes the end of the log, and all between is skipped in silence.
     * check.crcs is off by default. max.poll.interval.ms: a paused loop does not poll, and after 5 min by default the consumer would count as failed.
     * fetch.message.max.bytes is where a fetch begins, no limit: librdkafka asks for more where a record does not fit. */
    static const kd_pair list[] = {
        {"enable.auto.commit", "false"},      {"enable.auto.offset.store", "false"},
        {"auto.offset.reset", "error"},       {"check.crcs", "true"},
        {"enable.partition.eof", "true"},     {"allow.auto.create.topics", "false"},
        {"fetch.error.backoff.ms", "100"},    {"fetch.message.max.bytes", "1048576"},
        {"max.poll.interval.ms", "86400000"},
    };
    uint32_t queue = either(c->consumer_queue_kib, CONSUMER_QUEUE_KIB);
    const char *group = c->group ? c->group : c->client_id ? c->client_id : "kudos";
    int err = set_all(conf, list, KD_COUNT(list), error, size);
    if (err == KD_OK) err = set(conf, "group.id", group, error, size);
    if (err == KD_OK)
        err =
            conf_set_number(conf, "fetch.wait.max.ms", either(c->fetch_wait_ms, FETCH_WAIT_MS), error, size);
    if (err == KD_OK) err = conf_set_number(conf, "queued.max.messages.kbytes", queue, error, size);
    /* An answer that is on its way when the queue is full is still taken in. By default that may be 50 MiB more than the bound. */
    uint64_t fetch = KD_MAX((uint64_t)queue * 1024, (uint64_t)FETCH_BYTES_MIN);
    if (err == KD_OK) err = conf_set_number(conf, "fetch.max.bytes", fetch, error, size);
    /* Also the bound of what lz4 and zstd may become when they are inflated; by default 100 MB. */
    if (err == KD_OK)
        err = conf_set_number(conf, "receive.message.max.bytes", fetch + RECEIVE_MORE, error, size);
    return err;
}

static int set_role(rd_kafka_conf_t *conf, const kd_kafka_config *c, kd_kafka_role role, char *error,
                    size_t size)
{
    if (role == KD_KAFKA_PRODUCER || role == KD_KAFKA_PLAIN_PRODUCER)
        return set_producer(conf, c, role == KD_KAFKA_PLAIN_PRODUCER, error, size);
    if (role == KD_KAFKA_CONSUMER) {
        rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_FETCH | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG |
                                           RD_KAFKA_EVENT_OFFSET_COMMIT);
        int err = set(conf, "log.queue", "true", error, size);
        return err == KD_OK ? set_consumer(conf, c, error, size) : err;
    }
    /* A blocking call returns its error; librdkafka would also write it to standard error. */
    rd_kafka_conf_set_log_cb(conf, NULL);
    return set_consumer(conf, c, error, size);
}

int kd_kafka_conf_make(rd_kafka_conf_t **out, const kd_kafka_config *c, kd_kafka_role role, char *error,
                       size_t size)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    int err = set_common(conf, c, error, size);
    if (err == KD_OK) err = set_role(conf, c, role, error, size);
    if (err == KD_OK) err = set_properties(conf, &c->properties, error, size);
    if (err == KD_OK) err = conf_set_file(conf, c->properties_file, error, size);
    if (err != KD_OK) {
        rd_kafka_conf_destroy(conf);
        conf = NULL;
    }
    *out = conf;
    return err;
}

int kd_kafka_config_check(const kd_kafka_config *config, char *error, size_t size)
{
    int err = KD_OK;
    kd_kafka_config named = *config;
    named.properties_file = NULL;
    for (kd_kafka_role role = KD_KAFKA_PRODUCER; role <= KD_KAFKA_BLOCKING && err == KD_OK; role++) {
        rd_kafka_conf_t *conf;
        err = kd_kafka_conf_make(&conf, &named, role, error, size);
        if (conf) rd_kafka_conf_destroy(conf);
    }
    return err;
}

static bool name_secret(const char *name)
{
    static const char *const words[] = {"password", "secret", "key", "pem", "token", "jaas", "oauthbearer"};
    for (size_t i = 0; i < KD_COUNT(words); i++)
        if (strstr(name, words[i]) != NULL) return true;
    return false;
}

/* librdkafka's cause for not making a client, unless the value of a secret property stands in it, or may: all of a file of properties is secret. */
static const char *reason_shown(const kd_kafka_config *config, const char *cause)
{
    const kd_pairs *properties = &config->properties;
    if (config->properties_file) return "librdkafka cannot use them together with kafka.properties_file";
    for (uint32_t i = 0; i < properties->count; i++) {
        const kd_pair *p = &properties->at[i];
        if (p->value[0] != '\0' && name_secret(p->key) && strstr(cause, p->value) != NULL)
            return "librdkafka cannot use them, for a reason that holds a secret";
    }
    return cause;
}

static int client_try(const kd_kafka_config *config, kd_kafka_role role, char *error, size_t size)
{
    char cause[256] = "";
    rd_kafka_conf_t *conf;
    int err = kd_kafka_conf_make(&conf, config, role, error, size);
    if (err != KD_OK) return err;
    rd_kafka_conf_set(conf, "bootstrap.servers", NULL, NULL,
                      0); /* back to its default, no broker: nobody is reached */
    rd_kafka_t *rk = rd_kafka_new(role == KD_KAFKA_PRODUCER ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER, conf,
                                  cause, sizeof(cause));
    if (rk) {
        kd_kafka_client_end(rk);
        return KD_OK;
    }
    rd_kafka_conf_destroy(conf);
    snprintf(error, size, "[kafka-properties]: %s", reason_shown(config, cause));
    return KD_EINVAL;
}

int kd_kafka_client_check(const kd_kafka_config *config, char *error, size_t size)
{
    int err = client_try(config, KD_KAFKA_PRODUCER, error, size);
    return err == KD_OK ? client_try(config, KD_KAFKA_CONSUMER, error, size) : err;
}

int kd_kafka_client_make(rd_kafka_t **rk, rd_kafka_type_t type, const rd_kafka_conf_t *conf, char *error,
                         size_t size)
{
    char cause[256];
    rd_kafka_conf_t *copy =
        rd_kafka_conf_dup(conf); /* rd_kafka_new takes it over, but only when it succeeds */
    *rk = rd_kafka_new(type, copy, cause, sizeof(cause));
    if (*rk) return KD_OK;
    rd_kafka_conf_destroy(copy);
    snprintf(error, size, "Kafka client: %s", cause);
    return rd_kafka_last_error() == RD_KAFKA_RESP_ERR__INVALID_ARG ? KD_EINVAL : KD_EIO;
}

kd_reason kd_kafka_reason(rd_kafka_resp_err_t e, const char *text)
{
    switch (e) {
    case RD_KAFKA_RESP_ERR__RESOLVE:
        return KD_REASON_DNS;
    case RD_KAFKA_RESP_ERR__SSL:
        return KD_REASON_TLS;
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
        return KD_REASON_TIMEOUT;
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
        return KD_REASON_AUTH;
    case RD_KAFKA_RESP_ERR__TRANSPORT: /* one code for every failure of a socket: only the text tells them apart */
        if (strstr(text, "refused")) return KD_REASON_REFUSED;
        return strstr(text, "timed out") || strstr(text, "timeout") ? KD_REASON_TIMEOUT
                                                                    : KD_REASON_DISCONNECTED;
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
        return KD_REASON_DISCONNECTED;
    default:
        return KD_REASON_OTHER;
    }
}

uint64_t kd_kafka_now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000u + (uint64_t)ts.tv_nsec / 1000000u;
}

int kd_kafka_left_ms(uint64_t deadline_ms, int most)
{
    uint64_t now = kd_kafka_now_ms();
    if (now >= deadline_ms) return 0;
    return (int)KD_MIN(deadline_ms - now, (uint64_t)most);
}
