/*
 * kafka_producer.c - produces from a loop, and survives its client.
 *
 * Owns one client of librdkafka at a time. An idempotent producer may end in a fatal error, in 2.0.2 also after a mere disconnect (mended in 2.3).
 * Then all that is outstanding is reported as not delivered, and after a back-off another client is made. Ending the old one may take as long as a
 * name look-up, so that happens on a thread.
 *
 * A producer id belongs to nobody: who may write to a topic can make the broker refuse an id for a day, and ids are given in order. So when
 * RESETS_MAX clients in a row have ended before they delivered anything, the next ones ask for none (KD_KAFKA_PLAIN_PRODUCER).
 *
 * Invariants: `outstanding` lists every message that was accepted and whose fate is not known, oldest first. rk is NULL exactly between two clients.
 * At most one old client is being ended.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "common/io/kafka/kafka_end.h"
#include "common/io/kafka/kafka_private.h"
#include "common/io/kafka/kafka_pump.h"
#include "kudos/backoff.h"

enum { BACKOFF_MIN_US = 200 * 1000, BACKOFF_MAX_US = 7 * 1000 * 1000, RESETS_MAX = 3 };

typedef struct message message;
struct message {
    TAILQ_ENTRY(message) next;
    void *opaque;
};

struct kd_kafka_producer {
    rd_kafka_conf_t *conf, *plain_conf; /* of clients with and without a producer id */
    rd_kafka_t *rk;
    rd_kafka_topic_t **handles; /* of rk, by index */
    char **topics;
    size_t topic_count;
    kd_kafka_pump pump;
    struct event *restart;
    kd_kafka_producer_events on;
    kd_record_keys *keys; /* NULL: records get no MAC */
    kd_buf mac;           /* of the record that is being produced */
    kd_kafka_log log;
    void *log_arg;
    TAILQ_HEAD(messages, message) outstanding; /* oldest first */
    kd_kafka_producer_stats stats;
    bool starved;              /* KD_EAGAIN was answered: `ready` is due when there is room */
    bool fatal;                /* an error in this round has ended the client */
    uint32_t resets;           /* clients that have ended since a message was delivered */
    rd_kafka_resp_err_t cause; /* of `fatal`; 0: librdkafka knows it */
    uint64_t room_at;          /* there is room when no more than so many messages are outstanding */
    kd_backoff backoff;        /* before a client that failed is made anew */
    uint64_t random;
    pthread_t reaper;
    bool reaping;
};

/* --- messages without a fate --- */

static message *kafka_producer_remember(kd_kafka_producer *p, void *opaque)
{
    message *m = kd_alloc(sizeof(*m));
    m->opaque = opaque;
    TAILQ_INSERT_TAIL(&p->outstanding, m, next);
    p->stats.outstanding++;
    return m;
}

static void *kafka_producer_forget(kd_kafka_producer *p, message *m)
{
    void *opaque = m->opaque;
    TAILQ_REMOVE(&p->outstanding, m, next);
    p->stats.outstanding--;
    free(m);
    return opaque;
}

static void tell_fate(kd_kafka_producer *p, message *m, bool ok)
{
    void *opaque = kafka_producer_forget(p, m);
    if (ok)
        p->stats.delivered++;
    else
        p->stats.failed++;
    p->on.delivered(p->on.arg, opaque, ok);
}

/* --- one client --- */

static int client_start(kd_kafka_producer *p, char *error, size_t size)
{
    const rd_kafka_conf_t *conf = p->stats.plain ? p->plain_conf : p->conf;
    int err = kd_kafka_client_make(&p->rk, RD_KAFKA_PRODUCER, conf, error, size);
    if (err != KD_OK) return err;
    for (size_t i = 0; i < p->topic_count; i++) p->handles[i] = rd_kafka_topic_new(p->rk, p->topics[i], NULL);
    kd_kafka_pump_attach(&p->pump, p->rk, rd_kafka_queue_get_main(p->rk));
    return KD_OK;
}

static rd_kafka_t *client_detach(kd_kafka_producer *p)
{
    rd_kafka_t *rk = p->rk;
    kd_kafka_pump_detach(&p->pump);
    for (size_t i = 0; i < p->topic_count; i++) rd_kafka_topic_destroy(p->handles[i]);
    p->rk = NULL;
    return rk;
}

static void *kafka_producer_reap(void *rk)
{
    kd_kafka_client_end(rk);
    return NULL;
}

static void reaper_join(kd_kafka_producer *p)
{
    if (p->reaping) pthread_join(p->reaper, NULL);
    p->reaping = false;
}

static void reaper_start(kd_kafka_producer *p, rd_kafka_t *rk)
{
    reaper_join(p); /* the one before: it had the whole back-off, so this hardly ever waits */
    if (pthread_create(&p->reaper, NULL, kafka_producer_reap, rk) == 0)
        p->reaping = true;
    else
        kafka_producer_reap(rk);
}

static void schedule_restart(kd_kafka_producer *p)
{
    uint64_t us = kd_backoff_next(&p->backoff, kd_random_next(&p->random));
    const struct timeval tv = {.tv_sec = (time_t)(us / 1000000), .tv_usec = (suseconds_t)(us % 1000000)};
    evtimer_add(p->restart, &tv);
}

static void on_restart(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    kd_kafka_producer *p = arg;
    char error[256];
    if (client_start(p, error, sizeof(error)) != KD_OK) {
        if (p->log) p->log(p->log_arg, 3, error);
        schedule_restart(p);
        return;
    }
    p->stats.recreated++;
    p->starved = false;
    if (p->on.ready) p->on.ready(p->on.arg);
}

/* The client is detached before the callbacks: one that produces gets KD_EAGAIN, and adds nothing to the list that is emptied here. */
static void give_up_client(kd_kafka_producer *p)
{
    char cause[256];
    snprintf(cause, sizeof(cause), "%s", rd_kafka_err2str(p->cause));
    rd_kafka_fatal_error(p->rk, cause, sizeof(cause));
    if (++p->resets >= RESETS_MAX) p->stats.plain = true;
    reaper_start(p, client_detach(p));
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): clang does not see that the removal of the first message changes the head */
    while (!TAILQ_EMPTY(&p->outstanding)) tell_fate(p, TAILQ_FIRST(&p->outstanding), false);
    schedule_restart(p);
    if (p->on.reset) p->on.reset(p->on.arg, cause, p->stats.plain);
}

/* --- events --- */

/* The client's place in the broker's sequence of messages is lost. All that follows would fail in the same way, even where librdkafka does not call
 * the error fatal. */
static bool ends_client(rd_kafka_resp_err_t e)
{
    switch (e) {
    case RD_KAFKA_RESP_ERR__FATAL:
    case RD_KAFKA_RESP_ERR__FENCED:
    case RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER:
    case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
    case RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID:
        return true;
    default:
        return false;
    }
}

static void kafka_producer_works(kd_kafka_producer *p)
{
    kd_backoff_reset(&p->backoff);
    p->resets = 0;
}

static void kafka_producer_fails(kd_kafka_producer *p, rd_kafka_resp_err_t cause)
{
    p->fatal = true;
    p->cause = cause;
}

static void take_fates(kd_kafka_producer *p, rd_kafka_event_t *event)
{
    const rd_kafka_message_t *m;
    while ((m = rd_kafka_event_message_next(event))) {
        if (!m->err) kafka_producer_works(p);
        if (ends_client(m->err)) kafka_producer_fails(p, m->err);
        tell_fate(p, m->_private, !m->err);
    }
}

static void kafka_producer_take_error(kd_kafka_producer *p, rd_kafka_event_t *event)
{
    p->stats.errors[kd_kafka_reason(rd_kafka_event_error(event), rd_kafka_event_error_string(event))]++;
    if (rd_kafka_event_error_is_fatal(event)) kafka_producer_fails(p, rd_kafka_event_error(event));
    if (p->log) p->log(p->log_arg, 4, rd_kafka_event_error_string(event));
}

static void kafka_producer_on_event(void *arg, rd_kafka_event_t *event)
{
    kd_kafka_producer *p = arg;
    switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_DR:
        take_fates(p, event);
        break;
    case RD_KAFKA_EVENT_ERROR:
        kafka_producer_take_error(p, event);
        break;
    case RD_KAFKA_EVENT_LOG:
        kd_kafka_log_event(p->log, p->log_arg, event);
        break;
    default:
        break;
    }
}

static void kafka_producer_on_round(void *arg)
{
    kd_kafka_producer *p = arg;
    if (p->rk && p->fatal) give_up_client(p);
    p->fatal = false;
    if (!p->rk || !p->starved || p->stats.outstanding > p->room_at) return;
    p->starved = false;
    if (p->on.ready) p->on.ready(p->on.arg);
}

/* --- for the owner --- */

static void producer_free(kd_kafka_producer *p)
{
    reaper_join(p);
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): clang does not see that the removal of the first message changes the head */
    while (!TAILQ_EMPTY(&p->outstanding)) kafka_producer_forget(p, TAILQ_FIRST(&p->outstanding));
    kd_kafka_pump_finish(&p->pump);
    if (p->restart) event_free(p->restart);
    if (p->conf) rd_kafka_conf_destroy(p->conf);
    if (p->plain_conf) rd_kafka_conf_destroy(p->plain_conf);
    for (size_t i = 0; i < p->topic_count; i++) free(p->topics[i]);
    free(p->topics);
    free(p->handles);
    kd_buf_finish(&p->mac);
    free(p);
}

static void copy_topics(kd_kafka_producer *p, const char *const *topics, size_t n)
{
    p->topics = kd_alloc(n * sizeof(*p->topics));
    p->handles = kd_alloc(n * sizeof(*p->handles));
    for (size_t i = 0; i < n; i++) p->topics[i] = kd_dup(kd_bytes_of(topics[i], strlen(topics[i]) + 1));
    p->topic_count = n;
}

static int start_first(kd_kafka_producer *p, struct event_base *base, const kd_kafka_config *config,
                       char *error, size_t size)
{
    int err = kd_kafka_conf_make(&p->conf, config, KD_KAFKA_PRODUCER, error, size);
    if (err == KD_OK) err = kd_kafka_conf_make(&p->plain_conf, config, KD_KAFKA_PLAIN_PRODUCER, error, size);
    if (err != KD_OK) return err;
    p->restart = evtimer_new(base, on_restart, p);
    if (!p->restart ||
        kd_kafka_pump_init(&p->pump, base, kafka_producer_on_event, kafka_producer_on_round, p) != KD_OK) {
        snprintf(error, size, "Kafka producer: no descriptor or event for its queue");
        return KD_EIO;
    }
    return client_start(p, error, size);
}

int kd_kafka_producer_create(kd_kafka_producer **out, struct event_base *base, const kd_kafka_config *config,
                             const char *const *topics, size_t topic_count,
                             const kd_kafka_producer_events *events, char *error, size_t size)
{
    kd_kafka_producer *p = kd_alloc(sizeof(*p));
    TAILQ_INIT(&p->outstanding);
    p->pump.fd = -1;
    p->on = *events;
    p->stats.plain = config->plain_producer;
    p->keys = config->keys;
    p->log = config->log;
    p->log_arg = config->log_arg;
    p->backoff = (kd_backoff){.min_us = BACKOFF_MIN_US, .max_us = BACKOFF_MAX_US};
    p->random = kd_kafka_now_ms() ^ (uint64_t)(uintptr_t)p; /* so that two clients do not restart in step */
    copy_topics(p, topics, topic_count);
    int err = start_first(p, base, config, error, size);
    if (err != KD_OK) {
        producer_free(p);
        p = NULL;
    }
    *out = p;
    return err;
}

/* Not rd_kafka_flush: with events it waits for delivery reports that are taken from the queue by somebody else, and here nobody else is left. */
static void wait_for_fates(kd_kafka_producer *p, uint32_t flush_ms)
{
    uint64_t deadline = kd_kafka_now_ms() + flush_ms;
    int left;
    while (p->stats.outstanding > 0 && (left = kd_kafka_left_ms(deadline, 1000)) > 0) {
        rd_kafka_event_t *event = rd_kafka_queue_poll(p->pump.queue, left);
        const rd_kafka_message_t *m;
        while (event && rd_kafka_event_type(event) == RD_KAFKA_EVENT_DR &&
               (m = rd_kafka_event_message_next(event)))
            kafka_producer_forget(p, m->_private);
        if (event) rd_kafka_event_destroy(event);
    }
}

void kd_kafka_producer_destroy(kd_kafka_producer *p, uint32_t flush_ms)
{
    if (!p) return;
    if (p->rk) {
        wait_for_fates(p, flush_ms);
        kafka_producer_reap(client_detach(p));
    }
    producer_free(p);
}

static int kafka_producer_refuse(kd_kafka_producer *p, rd_kafka_resp_err_t e)
{
    switch (e) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
        return KD_ETOOBIG;
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
        return KD_EUNAVAILABLE;
    default: /* the queue is full; or the client failed for good: its error event comes next, then the reset, then `ready` */
        p->stats.queue_full++;
        p->starved = true;
        p->room_at = p->stats.outstanding / 2;
        return KD_EAGAIN;
    }
}

/* With the header that has the MAC, or without one where there is no key for the record. */
static rd_kafka_resp_err_t producer_send(kd_kafka_producer *p, size_t topic, uint32_t partition,
                                         kd_bytes value, message *m)
{
    /* The pointers are mutable for messages that librdkafka is to free; with F_COPY it only reads. */
    void *payload = (void *)(uintptr_t)value.data;
    if (p->keys) kd_record_keys_sign(p->keys, kd_bytes_str(p->topics[topic]), partition, value, &p->mac);
    if (p->mac.len > 0)
        return rd_kafka_producev(
            p->rk, RD_KAFKA_V_RKT(p->handles[topic]), RD_KAFKA_V_PARTITION((int32_t)partition),
            RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_VALUE(payload, value.len),
            RD_KAFKA_V_OPAQUE(m), RD_KAFKA_V_HEADER(KD_MAC_HEADER, p->mac.data, (ssize_t)p->mac.len),
            RD_KAFKA_V_END);
    if (rd_kafka_produce(p->handles[topic], (int32_t)partition, RD_KAFKA_MSG_F_COPY, payload, value.len, NULL,
                         0, m) == 0)
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    return rd_kafka_last_error();
}

int kd_kafka_produce(kd_kafka_producer *p, size_t topic, uint32_t partition, kd_bytes value, void *opaque)
{
    KD_ASSERT(topic < p->topic_count && value.len > 0);
    if (value.len > KD_KAFKA_RECORD_MAX) return KD_ETOOBIG;
    if (!p->rk) {
        p->stats.queue_full++;
        return KD_EAGAIN;
    }
    message *m = kafka_producer_remember(p, opaque);
    rd_kafka_resp_err_t e = producer_send(p, topic, partition, value, m);
    if (e != RD_KAFKA_RESP_ERR_NO_ERROR) {
        kafka_producer_forget(p, m);
        return kafka_producer_refuse(p, e);
    }
    p->stats.messages++;
    p->stats.bytes += value.len;
    return KD_OK;
}

kd_kafka_producer_stats kd_kafka_producer_stats_get(const kd_kafka_producer *p)
{
    return p->stats;
}
